"""Actions on the files of a mount point: restore and download, and how each can fail."""

import datetime as dt
import re
import resource
from pathlib import Path
from typing import Any

import pytest
from commands import files_in
from helpers import MOUNTS, RESTORE_POINT, SEED, Server, mount_points
from terraform import Workspace, flat

from em_simulator import GUEST_PASSWORD, GUEST_USERNAME, Family, Simulator

FILE = "Volume$0:/t/a.txt"
APPLY = ("apply", "-auto-approve", "-no-color")
INVOKE = "-invoke=action.veeam_file_download.this"


@pytest.fixture(autouse=True)
def files(server: Server) -> None:
    server.simulator.add_file("web02", FILE, b"12345")
    server.simulator.add_file("web02", "Volume$0:/t/b/deep.txt", b"deep")
    server.simulator.add_file("web02", "Volume$0:/large.bin", bytes(3_000_000))


def action(kind: str, body: str, *, mounts: int = 1) -> str:
    """A mount, and an action that runs when it is made."""
    lifecycle = f"""
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.veeam_{kind}.this]
    }}
  }}
"""
    return f"""{mount_points(mounts, extra=lifecycle)}
action "veeam_{kind}" "this" {{
  config {{
    mount_point_id = veeam_mount_point.this[0].id
    session_fingerprint = veeam_mount_point.this[0].session_fingerprint
    {body}
  }}
}}
"""


def restore(more: str = "", paths: str = f'"{FILE}"') -> str:
    return action("file_restore", f"paths = [{paths}]\n{more}")


def download(
    folder: Path | str, paths: str = f'"{FILE}"', more: str = "", *, keep_folders: bool = False
) -> str:
    more = f"\n    {more}" + ("\n    keep_folders = true" if keep_folders else "")
    return action("file_download", f'paths = [{paths}]\n    folder = "{folder}"{more}')


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


def test_without_credentials_the_backup_jobs_account_is_used(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(restore("permissions_only = true"))
    workspace.apply()
    (restored,) = server.simulator.restored()
    assert (restored.credentials, restored.permissions_only) == (None, True)


def test_wrong_guest_credentials_are_an_error_on_the_password(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(restore(guest("Wrong#Password")))
    said = workspace.fail(*APPLY)
    assert "the user name or password is incorrect" in said
    assert "Check guest_credentials" in said
    assert "Wrong#Password" not in said.replace('password = "Wrong#Password"', "")
    assert server.simulator.restored() == []


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        ("reset-after", {}),
        ("status", {"code": 401, "when": "after", "html": True}),
        ("status", {"code": 404, "when": "after", "html": True}),
    ],
)
def test_a_restore_whose_answer_is_lost_is_not_asked_for_again(
    workspace: Workspace, server: Server, fault: str, how: dict[str, Any]
) -> None:
    """Something in between may have answered for the server, too."""
    server.fault(fault, f"POST {MOUNTS}/1/.*", None, **how)
    workspace.write(restore())
    assert "It is not known whether the restore was begun" in workspace.fail(*APPLY)
    assert len(server.requests("POST", f"{MOUNTS}/1/.*")) == 1


def test_progress_is_told_and_a_stop_cancels(workspace: Workspace, server: Server) -> None:
    server.fault("task-stays", f"POST {MOUNTS}/1/.*", None, seconds=600)
    workspace.write(restore('timeouts = { invoke = "12s" }'))
    said = workspace.fail(*APPLY)
    assert re.search(rf"Still restoring {re.escape(FILE)} \(\d+ s\)", said)
    assert "took too long" in said
    assert "Set timeouts.invoke to allow more" in said
    (cancelled,) = server.requests("DELETE", "/tasks/.*")
    assert cancelled.status == 204


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


def test_ones_own_work_is_left_and_told_file_by_file_and_the_rest_comes(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    target = tmp_path / "got"
    (target / "t").mkdir(parents=True)
    (target / "t" / "a.txt").write_text("mine")
    workspace.write(download(target, '"Volume$0:/t"'))
    said = flat(workspace.fail(*APPLY))
    assert f"{FILE}: {target}/t/a.txt is there already, not from a download" in said
    assert 'With overwrite = "if-older"' in said
    assert dict(files_in(target)) == {"t/a.txt": b"mine", "t/b/deep.txt": b"deep"}
    workspace.write(download(target, '"Volume$0:/t"', 'overwrite = "never"'))
    output = flat(workspace.apply(INVOKE))
    assert f"Will leave {FILE}: {target}/t/a.txt, 5 bytes; there already" in output
    assert "Downloaded Volume$0:/t: 1 of 1 file, 4 bytes (1 were there already)" in output
    assert (target / "t" / "a.txt").read_text() == "mine"
    assert len(server.requests("GET", ".*/deep.txt.*")) == 1


def test_a_download_of_another_night_takes_the_place_of_the_first(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    hosts = "Volume$0:/etc/hosts"
    contents = []
    for number in range(2):
        points = server.simulator.restore_points(Family.VM)
        point = [one.id for one in points if one.machine.name == "web02"][number]
        workspace.write(download(tmp_path, f'"{hosts}"').replace(RESTORE_POINT, point))
        workspace.apply()
        contents.append((tmp_path / "hosts").read_bytes())
        assert contents[-1] == server.simulator.file(Family.VM, point, hosts)
    assert contents[0] != contents[1]


def test_a_dry_run_tells_each_file_and_writes_nothing(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    target = tmp_path / "got"
    workspace.write(download(target, '"Volume$0:/t"', "dry_run = true"))
    output = flat(workspace.apply())
    assert f"Would fetch {FILE}: {target}/t/a.txt, 5 bytes" in output
    assert f"Would fetch Volume$0:/t/b/deep.txt: {target}/t/b/deep.txt, 4 bytes" in output
    assert not target.exists()
    assert server.requests("POST", f"{MOUNTS}/1/.*") == []


def test_what_overwrite_can_not_be_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write(download(tmp_path, more='overwrite = "yes"'))
    assert '"yes" is not one of "never", "if-older", "always"' in flat(workspace.fail("validate"))


def test_a_download_that_broke_off_is_begun_anew(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    server.fault("cut-body", "GET .*/large.bin", 2)
    workspace.write(download(tmp_path, '"Volume$0:/large.bin"'))
    workspace.apply()
    assert (tmp_path / "large.bin").read_bytes() == bytes(3_000_000)


def test_many_files_are_told_in_one_line_and_keep_folders_and_times(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    modified = dt.datetime(2025, 3, 30, 2, 30, 1, tzinfo=dt.UTC)
    for number in range(30):
        path = f"Volume$0:/t/{number % 3}/{number}.log"
        server.simulator.add_file("web02", path, b"log", modified=modified)
    more = '"Volume$0:/t/**/*.log", "Volume$0:/t/b"'
    workspace.write(download(tmp_path / "got", more, keep_folders=True))
    output = workspace.apply()
    assert "Downloading Volume$0:/t/**/*.log: 30 files, 90 bytes" in flat(output)
    assert "Downloaded Volume$0:/t/b: 31 of 31 files, 94 bytes" in flat(output)
    assert ".log is" not in output
    got = tmp_path / "got" / "Volume$0" / "t"
    assert (got / "1" / "28.log").read_bytes() == b"log"
    assert (got / "1" / "28.log").stat().st_mtime == modified.timestamp()
    assert (got / "b" / "deep.txt").read_bytes() == b"deep"
    assert len(list(got.rglob("*.log"))) == 30


def test_a_large_file_tells_how_far_it_is_and_goes_on_after_a_cut(
    workspace: Workspace, tmp_path: Path
) -> None:
    with Simulator(seed=SEED, ranges=True) as simulator:
        server = Server(simulator)
        simulator.add_file("web02", "Volume$0:/huge.bin", bytes(20_000_000))
        server.fault("stall-body", "GET .*/huge.bin", seconds=11)
        workspace.write(download(tmp_path, '"Volume$0:/huge.bin"'))
        said = flat(workspace.run(*APPLY, **server.environment))
        assert "0 of 1 file, 9.5 MiB of 19.1 MiB; Volume$0:/huge.bin 50 %" in said
    assert (tmp_path / "huge.bin").read_bytes() == bytes(20_000_000)


def test_a_size_that_differs_is_an_error(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    server.fault("garbage", "GET .*/a.txt", None)
    workspace.write(download(tmp_path))
    said = workspace.fail(*APPLY)
    assert "a.txt did not come whole" in said
    assert "more than the 5 bytes that the file has" in said
    assert not (tmp_path / "a.txt").exists()


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


def test_a_folder_that_can_not_be_made_is_an_error(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    workspace.write(download(tmp_path / "file" / "below"))
    said = workspace.fail(*APPLY)
    assert "The download can't be written" in said
    assert "Not a directory" in said


def test_a_link_out_of_the_folder_is_not_followed(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "t").symlink_to(outside)
    workspace.write(download(inside, '"Volume$0:/t"'))
    assert "would leave its folder" in workspace.fail(*APPLY)
    assert list(outside.iterdir()) == []


def test_a_name_that_leads_elsewhere_is_never_used(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    target = tmp_path / "deep" / "er"
    workspace.write(download(target, '"Volume$0:/t/../../etc"'))
    assert "has a part . or .." in workspace.fail(*APPLY)
    assert not target.exists()


def test_a_file_that_vanishes_is_an_error_on_its_path(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    server.fault("status", "GET .*/a.txt", None, code=404)
    workspace.write(download(tmp_path))
    said = workspace.fail(*APPLY)
    assert "File or folder not found" in said
    assert FILE in said


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (f'"{FILE}", "Volume$0:/nothing"', "has no Volume$0:/nothing"),
        ('"nothing"', "has no nothing"),
        ("", "There is no path in it"),
        (f'"{FILE}", "Volume$0:/x/A.TXT"', "Two paths of the same name"),
    ],
)
def test_paths_that_can_not_be_downloaded(
    workspace: Workspace, tmp_path: Path, paths: str, says: str
) -> None:
    workspace.write(download(tmp_path, paths))
    assert says in workspace.fail(*APPLY)


def test_a_download_needs_no_more_than_its_requests(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    workspace.write(download(tmp_path))
    workspace.apply()
    files = server.requests("GET", f"{MOUNTS}/1/.*")
    assert len(files) == 2, "the folder's listing and the download"
    assert server.simulator.file(Family.VM, RESTORE_POINT, FILE) == b"12345"
