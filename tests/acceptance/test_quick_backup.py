"""A quick backup of a VM before a change that it has to come before.

What else it does and says is tested in tests/unit/objects.
"""

import os
import re
import signal

from helpers import REQUIRED, Server
from terraform import Workspace, flat

from em_simulator import Family

APPLY = ("apply", "-auto-approve", "-no-color")
QUICK_BACKUP = "POST /backupServers/.*"


def release(number: int) -> str:
    """A resource that is changed only after a quick backup."""
    return f"""{REQUIRED}
resource "terraform_data" "release" {{
  input = {number}
  lifecycle {{
    action_trigger {{
      events  = [before_update]
      actions = [action.veeam_quick_backup.this]
    }}
  }}
}}
action "veeam_quick_backup" "this" {{
  config {{
    machine_name = "web02"
  }}
}}
"""


def prepare(workspace: Workspace) -> None:
    """Make the first release, and write the second."""
    workspace.write(release(1))
    workspace.apply()
    workspace.write(release(2))


def released(workspace: Workspace) -> int:
    (instance,) = workspace.instances()
    return int(instance["attributes"]["input"]["value"])


def backups(server: Server) -> list[str]:
    """The machines that were backed up, one for each backup."""
    return [
        task.item.name for session in server.simulator.started_backups() for task in session.tasks
    ]


def test_a_backup_is_made_before_the_update(workspace: Workspace, server: Server) -> None:
    prepare(workspace)
    assert backups(server) == []
    output = workspace.apply()
    newest = server.simulator.restore_points(Family.VM)[0]
    assert newest.machine.name == "web02"
    assert f"Backed up web02: restore point {newest.id}" in output
    assert (backups(server), released(workspace)) == (["web02"], 2)
    assert server.sessions() == []


def test_when_the_backup_fails_the_update_does_not_happen(
    workspace: Workspace, server: Server
) -> None:
    server.fault("backup", QUICK_BACKUP, result="Failed", reason="No space left.", seconds=0)
    prepare(workspace)
    said = workspace.fail(*APPLY)
    assert re.search(r"The backup Daily@[-0-9: ]+ failed", said)
    assert "Its session has ended as Failed." in said
    assert "No space left." in said
    assert released(workspace) == 1
    workspace.apply()
    assert released(workspace) == 2


def test_a_stop_ends_the_waiting_and_says_that_the_backup_goes_on(
    workspace: Workspace, server: Server
) -> None:
    server.fault("backup", QUICK_BACKUP, seconds=600)
    prepare(workspace)
    process = workspace.start(*APPLY)
    assert process.stdout
    for line in process.stdout:
        if "Still running" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    said = flat(output)
    assert "Only the waiting has ended: the backup goes on." in said
    assert "shows it as Daily@" in said
    assert (backups(server), released(workspace)) == (["web02"], 1)
