"""A quick backup of a VM, mostly before a change that it has to come before."""

import os
import re
import signal
from typing import Any

import pytest
from helpers import REQUIRED, SEED, Server
from terraform import Workspace, flat

from em_simulator import RESTORE_OPERATOR, Family, Simulator
from em_simulator.catalogue import FIRST_SERVER, Catalogue

APPLY = ("apply", "-auto-approve", "-no-color")
QUICK_BACKUP = "POST /backupServers/.*"
WEB02 = Catalogue(SEED).machine("web02").ref


def release(number: int, vm: str = 'name = "web02"') -> str:
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
    {vm}
  }}
}}
"""


def prepare(workspace: Workspace, vm: str = 'name = "web02"') -> None:
    """Make the first release, and write the second."""
    workspace.write(release(1, vm))
    workspace.apply()
    workspace.write(release(2, vm))


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


@pytest.mark.parametrize("told_by", ["task", "session"])
def test_when_the_backup_fails_the_update_does_not_happen(
    workspace: Workspace, server: Server, told_by: str
) -> None:
    server.fault(
        "backup", QUICK_BACKUP, result="Failed", reason="No space left.", told_by=told_by, seconds=0
    )
    prepare(workspace)
    said = workspace.fail(*APPLY)
    assert re.search(r"The backup Daily@[-0-9: ]+ failed", said)
    assert "Its session has ended as Failed." in said
    assert "No space left." in said
    assert released(workspace) == 1
    workspace.apply()
    assert released(workspace) == 2


def test_a_warning_is_told_and_the_update_happens(workspace: Workspace, server: Server) -> None:
    server.fault("backup", QUICK_BACKUP, result="Warning", reason="VSS timed out.", seconds=0)
    prepare(workspace)
    said = flat(workspace.apply())
    assert "ended with a warning" in said
    assert "web02: VSS timed out." in said
    assert released(workspace) == 2


@pytest.mark.parametrize("fault", ["no-related-link", "task-vanishes", "lag"])
def test_a_session_that_is_not_linked_or_late_is_found(
    workspace: Workspace, server: Server, fault: str
) -> None:
    server.fault(fault, QUICK_BACKUP)
    server.fault("backup", QUICK_BACKUP, seconds=1)
    prepare(workspace)
    output = workspace.apply()
    newest = server.simulator.restore_points(Family.VM)[0]
    assert f"Backed up web02: restore point {newest.id}" in output
    assert backups(server) == ["web02"]


@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "html"])
def test_a_lost_answer_is_found_again_and_nothing_starts_twice(
    workspace: Workspace, server: Server, fault: str
) -> None:
    prepare(workspace)
    server.fault(fault, QUICK_BACKUP)
    assert "Backed up web02: restore point" in workspace.apply()
    assert (backups(server), released(workspace)) == (["web02"], 2)
    assert len(server.requests("POST", "/backupServers/.*")) == 1


def test_a_request_that_may_have_got_lost_is_not_sent_again(
    workspace: Workspace, server: Server
) -> None:
    prepare(workspace)
    server.fault("reset-before", QUICK_BACKUP)
    said = workspace.fail(*APPLY)
    assert "It is not known whether the quick backup of web02 was started" in said
    assert "was not asked for again" in said
    assert (backups(server), released(workspace)) == ([], 1)
    assert len(server.requests("POST", "/backupServers/.*")) == 1


def test_a_request_that_was_refused_for_now_is_sent_again(
    workspace: Workspace, server: Server
) -> None:
    prepare(workspace)
    server.fault("status", QUICK_BACKUP, code=429)
    workspace.apply()
    assert (backups(server), released(workspace)) == (["web02"], 2)


def test_a_vm_without_a_full_backup_is_refused_with_the_servers_words(
    workspace: Workspace,
) -> None:
    prepare(workspace, 'name = "APP01"')
    said = workspace.fail(*APPLY)
    assert "Enterprise Manager could not start the quick backup of app01" in said
    assert "no backup job has a full backup of it" in said


def test_a_vm_is_named_by_its_reference(workspace: Workspace, server: Server) -> None:
    prepare(workspace, f'ref = "{WEB02.upper().replace("URN:", "urn:")}"')
    workspace.apply()
    assert backups(server) == ["web02"]
    workspace.write(release(3, f'ref = "{WEB02}0"'))
    said = workspace.fail(*APPLY)
    assert "Object not found in the virtual infrastructure" in said


@pytest.mark.parametrize(
    ("vm", "message"),
    [
        ("", "Write one of ref and name."),
        (f'name = "a"\nref = "{WEB02}"', "Write only one of ref and name."),
        ('ref = "web02"', "is not a reference like urn:VMware:Vm:"),
        (f'ref = "{WEB02.replace(":Vm:", ":Folder:")}"', "Its kind is Folder, not VM."),
        ('name = " "', "It is blank."),
        (f'ref = "{WEB02}"\nhierarchy_root = "vc01"', "A ref names its host itself."),
        ('name = "a"\ntimeout = "soon"', "Invalid timeout"),
    ],
)
def test_what_can_not_be_meant_is_refused(workspace: Workspace, vm: str, message: str) -> None:
    workspace.write(release(1, vm))
    assert message in workspace.fail("validate", "-no-color")


@pytest.mark.parametrize("two_servers", [False, True])
def test_the_backup_server_is_found_where_hosts_are_listed_by_other_ids(
    workspace: Workspace, *, two_servers: bool
) -> None:
    with Simulator(seed=SEED, lists_unique_ids=True, two_servers=two_servers) as running:
        other = Server(running)
        workspace.environment |= other.environment
        prepare(workspace)
        workspace.apply()
        workspace.write(release(3, f'ref = "{running.vm("web02")}"'))
        workspace.apply()
        assert backups(other) == ["web02", "web02"]
        paths = {entry.path for entry in other.requests("POST", "/backupServers/.*")}
        assert paths == {f"/backupServers/{FIRST_SERVER.id}"}


def test_a_host_that_refuses_lookups_does_not_hide_a_vm(workspace: Workspace) -> None:
    with Simulator(seed=SEED, refused_roots={"hv01.tech.local": 403}) as running:
        other = Server(running)
        workspace.environment |= other.environment
        prepare(workspace)
        workspace.apply()
        assert backups(other) == ["web02"]
        workspace.write(release(3, 'name = "sqlsrv03"'))
        said = workspace.fail(*APPLY)
        assert "No Vm is called sqlsrv03 as a whole on vc01.tech.local" in said
        assert "hv01.tech.local of backup01.tech.local: GET https://" in said
        assert "was answered with 403 Forbidden" in said
        assert "Set hierarchy_root to search a single host" in said
        workspace.write(release(3, 'name = "web02"\nhierarchy_root = "vc01.tech.local"'))
        workspace.apply()
        assert backups(other) == ["web02", "web02"]


def test_an_account_that_may_not_is_told_who_may(workspace: Workspace, server: Server) -> None:
    prepare(workspace)
    who = {
        "VEEAM_EM_USERNAME": RESTORE_OPERATOR.username,
        "VEEAM_EM_PASSWORD": RESTORE_OPERATOR.password,
    }
    said = workspace.fail(*APPLY, **who)
    assert "It takes the role Portal Administrator or Portal User" in said
    assert backups(server) == []


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


@pytest.mark.parametrize("form", ["camel", "pascal", "xml"])
def test_all_forms_of_servers_are_understood(
    workspace: Workspace, server: Server, form: str
) -> None:
    more: dict[str, Any] = (
        {"answers": "xml"} if form == "xml" else {"json_names": form, "json_nulls": "absent"}
    )
    with Simulator(seed=SEED, mount_seconds=0.2, backup_seconds=1.0, lag=0.5, **more) as running:
        other = Server(running)
        workspace.environment |= other.environment
        prepare(workspace)
        assert "Backed up web02: restore point" in workspace.apply()
        assert backups(other) == ["web02"]
