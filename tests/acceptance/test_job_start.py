"""Starting a backup job: in an apply, and until somebody stops it.

What else it does and says is tested in tests/unit/objects.
"""

import os
import signal

from helpers import REQUIRED, Server
from terraform import Workspace, flat

APPLY = ("apply", "-auto-approve", "-no-color")


def configuration(server: Server) -> str:
    """A job that is started by what is made."""
    return f"""{REQUIRED}
resource "terraform_data" "this" {{
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.veeam_job_start.this]
    }}
  }}
}}
action "veeam_job_start" "this" {{
  config {{
    job_id = "{server.simulator.job("Daily").id}"
  }}
}}
"""


def started(server: Server) -> int:
    return len(server.simulator.started_backups())


def test_a_job_is_started_and_waited_for(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration(server))
    output = workspace.apply()
    vms = len(server.simulator.objects_in("Daily"))
    assert f"Job Daily is done: {vms} restore points" in output
    assert (started(server), server.sessions()) == (1, [])


def test_a_stop_ends_the_waiting_and_says_that_the_backup_goes_on(
    workspace: Workspace, server: Server
) -> None:
    server.fault("backup", "POST /jobs/.*", seconds=600)
    workspace.write(configuration(server))
    process = workspace.start(*APPLY)
    assert process.stdout
    for line in process.stdout:
        if "Still running" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert "Only the waiting has ended: the backup goes on." in flat(output)
    assert started(server) == 1
