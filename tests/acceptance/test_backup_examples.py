"""The examples around backups, as somebody runs them."""

import datetime as dt
import json
import shutil

import pytest
from helpers import Server
from terraform import ROOT, Workspace, flat

from em_simulator import Family


def use(workspace: Workspace, name: str, **variables: object) -> Workspace:
    """Put an example into the folder, and set its variables."""
    for file in (ROOT / "examples" / name).iterdir():
        shutil.copy(file, workspace.folder)
    (workspace.folder / "terraform.tfvars.json").write_text(json.dumps(variables))
    return workspace


def ago(hours: float) -> str:
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def release(workspace: Workspace) -> str:
    return str(workspace.output("release"))


def test_a_change_comes_after_a_backup_or_not_at_all(workspace: Workspace, server: Server) -> None:
    example = use(workspace, "backup-before-change", vm="web02", release="1.0")
    example.apply()
    assert server.simulator.started_backups() == []
    output = example.apply("-var", "release=1.1")
    assert "Backed up web02: restore point" in output
    assert server.simulator.restore_points(Family.VM)[0].machine.name == "web02"
    assert release(example) == "1.1"
    server.fault("backup", "POST /backupServers/.*", result="Failed", reason="Full.", seconds=0)
    said = example.fail("apply", "-auto-approve", "-no-color", "-var", "release=1.2")
    assert "web02: Full." in said
    assert release(example) == "1.1"
    example.destroy()


def test_a_new_vm_is_protected_and_leaves_its_job(workspace: Workspace, server: Server) -> None:
    before = server.simulator.objects_in("Daily")
    example = use(workspace, "protect-a-vm", vm="app01", job="Daily")
    output = example.apply()
    assert "app01 is backed up by Daily, next at 2" in output
    assert server.simulator.objects_in("Daily") == [*before, server.simulator.vm("app01")]
    assert "No changes" in example.plan()
    example.destroy()
    assert server.simulator.objects_in("Daily") == before


@pytest.mark.parametrize(
    ("last", "is_warned"),
    [("Success", False), ("Warning", False), ("Failed", True)],
)
def test_a_check_warns_of_a_machine_whose_last_backup_failed(
    workspace: Workspace, server: Server, last: str, *, is_warned: bool
) -> None:
    earlier = "Failed" if last == "Success" else "Success"
    for machine, results in {"web02": [earlier, last], "oracle03": ["Success", "Success"]}.items():
        for hours, result in zip((12, 2), results, strict=True):
            server.simulator.add_backup("Daily", machine, ago(hours), result, "Full.")
    example = use(workspace, "backup-checks", machines=["web02", "oracle03"])
    said = flat(example.apply())
    assert ("No good backup in the last 24 hours: web02." in said) is is_warned
    assert "Check block assertion" in said if is_warned else "Check block" not in said


def test_a_check_warns_of_a_machine_without_a_backup_and_of_a_full_repository(
    workspace: Workspace, server: Server
) -> None:
    server.simulator.add_backup("Daily", "web02", ago(30))
    example = use(workspace, "backup-checks", machines=["web02"], free_percent=38)
    said = flat(example.plan())
    assert "No good backup in the last 24 hours: web02." in said
    assert "Less than 38 % are free: Backup Volume 01, Scale-out 1." in said
