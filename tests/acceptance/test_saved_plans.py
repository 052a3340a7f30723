"""Plans that another machine applies, and plans that read nothing: how a mount is found."""

import shutil
from pathlib import Path

import pytest
from helpers import Server, mount_points
from terraform import Workspace, flat

from em_simulator import RESTORE_OPERATOR

FILE = "Volume$0:/t/a.txt"
SEALED = "sealed_session = veeam_mount_point.this[0].sealed_session"
NAMED = "session_fingerprint = veeam_mount_point.this[0].session_fingerprint"
OTHER_ACCOUNT = {
    "VEEAM_EM_USERNAME": RESTORE_OPERATOR.username,
    "VEEAM_EM_PASSWORD": RESTORE_OPERATOR.password,
}


@pytest.fixture(autouse=True)
def file(server: Server) -> None:
    server.simulator.add_file("web02", FILE, b"12345")


@pytest.fixture
def here(workspace: Workspace, tmp_path: Path) -> Workspace:
    return elsewhere(workspace, tmp_path / "here")


def elsewhere(workspace: Workspace, home: Path) -> Workspace:
    """Return the same configuration, state and plan on a machine that shares nothing else."""
    (home / "runtime").mkdir(parents=True)
    shutil.copytree(
        Path(workspace.environment["HOME"], ".terraform.d"), home / ".terraform.d", symlinks=True
    )
    shutil.copytree(workspace.folder, home / "work", symlinks=True)
    environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "runtime")}
    return Workspace(home / "work", workspace.environment | environment, workspace.program)


def configuration(session: str, extra: str = "seal_session = true") -> str:
    """Return a mount, and what is read and downloaded from it whenever `run` changes."""
    return f"""{mount_points(1, extra=extra)}
variable "run" {{
  default = 0
}}
resource "terraform_data" "run" {{
  count = var.run == 0 ? 0 : 1
  input = var.run
  lifecycle {{
    action_trigger {{
      events  = [after_create, after_update]
      actions = [action.veeam_file_download.this]
    }}
  }}
}}
data "veeam_mount_point_files" "this" {{
  count          = var.run == 0 ? 0 : 1
  depends_on     = [terraform_data.run]
  mount_point_id = veeam_mount_point.this[0].id
  path           = "Volume$0:/t"
  {session}
}}
action "veeam_file_download" "this" {{
  config {{
    mount_point_id = veeam_mount_point.this[0].id
    paths          = ["{FILE}"]
    folder         = "run-${{var.run}}"
    {session}
  }}
}}
output "files" {{
  value = data.veeam_mount_point_files.this[*].files[*].name
}}
"""


def check_used(workspace: Workspace, run: int) -> None:
    assert (workspace.folder / f"run-{run}" / "a.txt").read_bytes() == b"12345"
    assert workspace.output("files") == [["a.txt"]]


def test_another_machine_lists_downloads_and_unmounts_what_was_planned_here(
    here: Workspace, server: Server, tmp_path: Path
) -> None:
    here.write(configuration(SEALED))
    here.apply()
    (mount,) = server.mounts()
    here.plan("-out=saved", "-var=run=1")
    printed = here.run("show", "-json", "saved") + here.run("show", "-no-color", "saved")
    there = elsewhere(here, tmp_path / "there")
    there.run("apply", "-no-color", "saved")
    check_used(there, 1)
    assert server.mounts() == [mount]
    (token,) = {entry.token for entry in server.requests("GET", f".*{mount.path}.*")}
    assert token
    (instance,) = (one for one in there.instances() if "href" in one["attributes"])
    assert token not in printed + str(instance["attributes"])
    there.plan("-destroy", "-out=saved")
    elsewhere(there, tmp_path / "third").run("apply", "-no-color", "saved")
    assert (server.mounts(), server.sessions()) == ([], [])


def test_a_seal_of_another_password_is_told_and_the_next_plan_seals_anew(
    here: Workspace, server: Server, tmp_path: Path
) -> None:
    here.write(configuration(SEALED))
    here.apply()
    here.plan("-out=saved", "-var=run=1")
    there = elsewhere(here, tmp_path / "there")
    said = there.fail("apply", "-no-color", "saved", **OTHER_ACCOUNT)
    assert "The sealed logon session can't be opened" in said
    assert "plan again" in said
    here.plan("-out=saved", "-var=run=1", **OTHER_ACCOUNT)
    again = elsewhere(here, tmp_path / "again")
    again.run("apply", "-no-color", "saved", **OTHER_ACCOUNT)
    check_used(again, 1)


def test_a_mount_is_sealed_and_opened_in_place(here: Workspace, server: Server) -> None:
    here.write(configuration(NAMED, extra=""))
    here.apply()
    for extra, is_sealed in (("seal_session = true", True), ("", False)):
        here.write(configuration(NAMED, extra=extra))
        assert "0 added, 1 changed, 0 destroyed" in here.apply()
        (instance,) = here.instances()
        assert (instance["attributes"]["sealed_session"] is not None) is is_sealed
        assert "No changes" in here.plan()
    assert len(server.mounts()) == 1


@pytest.mark.parametrize("session", [NAMED, ""], ids=["named", "not-named"])
def test_without_a_refresh_data_and_actions_find_the_mount(
    here: Workspace, server: Server, session: str
) -> None:
    here.write(configuration(session, extra=""))
    here.apply()
    reads = len(server.requests("GET", ".*/mounts/1"))
    here.apply("-refresh=false", "-var=run=1")
    check_used(here, 1)
    here.apply("-refresh=false", "-var=run=2")
    check_used(here, 2)
    assert len(server.requests("GET", ".*/mounts/1")) == reads
    here.destroy("-refresh=false")
    assert (server.mounts(), server.sessions()) == ([], [])


def test_a_saved_plan_without_a_seal_names_it(here: Workspace, tmp_path: Path) -> None:
    here.write(configuration(NAMED, extra=""))
    here.apply()
    here.plan("-out=saved", "-var=run=1")
    there = elsewhere(here, tmp_path / "there")
    said = flat(there.fail("apply", "-no-color", "saved"))
    assert "The logon session is not at hand" in said
    assert "set seal_session = true in the veeam_mount_point" in said
