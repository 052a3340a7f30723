"""Actions on the files of a mount point: restore and download, as Terraform runs them.

What else they do and say is tested in tests/unit/objects.
"""

import resource
from pathlib import Path

import pytest
from helpers import MOUNTS, Server, files_in, mount_points
from terraform import Workspace, flat

from em_simulator import GUEST_PASSWORD, GUEST_USERNAME

FILE = "Volume$0:/t/a.txt"
APPLY = ("apply", "-auto-approve", "-no-color")
INVOKE = "-invoke=action.veeam_file_download.this"


@pytest.fixture(autouse=True)
def files(server: Server) -> None:
    server.simulator.add_file("web02", FILE, b"12345")
    server.simulator.add_file("web02", "Volume$0:/t/b/deep.txt", b"deep")
    server.simulator.add_file("web02", "Volume$0:/large.bin", bytes(3_000_000))


def action(kind: str, body: str) -> str:
    """A mount, and an action that runs when it is made."""
    lifecycle = f"""
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.veeam_{kind}.this]
    }}
  }}
"""
    return f"""{mount_points(1, extra=lifecycle)}
action "veeam_{kind}" "this" {{
  config {{
    mount_point_id = veeam_mount_point.this[0].id
    session_fingerprint = veeam_mount_point.this[0].session_fingerprint
    {body}
  }}
}}
"""


def restore(more: str) -> str:
    return action("file_restore", f'paths = ["{FILE}"]\n{more}')


def download(folder: Path, paths: str = f'"{FILE}"', more: str = "") -> str:
    return action("file_download", f'paths = [{paths}]\n    folder = "{folder}"\n    {more}')


def guest(password: str) -> str:
    return f"""
    guest_credentials {{
      username = "{GUEST_USERNAME.replace(chr(92), chr(92) * 2)}"
      password = "{password}"
    }}
"""


def test_a_file_goes_back_to_its_place(workspace: Workspace, server: Server) -> None:
    workspace.write(restore(f"overwrite = true\n{guest(GUEST_PASSWORD)}"))
    output = workspace.apply()
    assert f"Restored {FILE}" in output
    (restored,) = server.simulator.restored()
    assert (restored.path, restored.overwrite, restored.permissions_only) == (FILE, True, False)
    assert restored.credentials
    assert restored.credentials.username == GUEST_USERNAME
    stored = "".join(p.read_text() for p in workspace.folder.glob("*.tfstate*"))
    assert GUEST_PASSWORD not in output + stored


def test_a_folder_is_downloaded_with_all_that_is_in_it(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    server.simulator.add_file("web02", "Volume$0:/t/100% #1 ü.txt", b"odd")
    target = tmp_path / "got"
    workspace.write(download(target, '"Volume$0:/t", "Volume$0:/large.bin"'))
    workspace.apply()
    assert dict(files_in(target)) == {
        "t/a.txt": b"12345",
        "t/b/deep.txt": b"deep",
        "t/100% #1 ü.txt": b"odd",
        "large.bin": bytes(3_000_000),
    }
    assert len(server.requests("POST", f"{MOUNTS}/1/.*")) == 2


def test_what_is_there_is_replaced_in_one_step_or_left(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("before")
    server.fault("cut-body", "GET .*/a.txt", None)
    workspace.write(download(tmp_path, more='overwrite = "always"'))
    assert "The answer of Enterprise Manager was lost" in workspace.fail(
        *APPLY, VEEAM_EM_MAX_RETRIES="1"
    )
    assert (tmp_path / "a.txt").read_text() == "before"
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []
    server.simulator.clear_faults()
    output = workspace.apply(INVOKE)
    assert f"Will replace {FILE}: {tmp_path / 'a.txt'}, 5 bytes; there already" in flat(output)
    assert (tmp_path / "a.txt").read_text() == "12345"


@pytest.mark.start  # the provider inherits the limit
def test_a_full_disk_is_an_error_on_the_folder(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    workspace.write(download(tmp_path, '"Volume$0:/large.bin"'))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        process = workspace.start(*APPLY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = flat(process.communicate(timeout=60)[0])
    assert process.returncode == 1
    assert "The download can't be written" in said
    assert "Is the disk full" in said
    assert [p.name for p in tmp_path.glob("*.part")] == []
