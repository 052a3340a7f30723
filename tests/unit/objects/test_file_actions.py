"""Actions on the files of a mount point: restore and download, and how each can fail."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import MOUNTS, RESTORE_POINT, Server, files_in

from em_simulator import GUEST_USERNAME, Family
from support.called_provider import CalledProvider, simulated
from terraform_provider_veeam.em.files import transfer

DOWNLOAD, RESTORE = "veeam_file_download", "veeam_file_restore"
FILE = "Volume$0:/t/a.txt"
FOLDER = "Volume$0:/t"


@pytest.fixture(autouse=True)
def files(server: Server) -> None:
    server.simulator.add_file("web02", FILE, b"12345")
    server.simulator.add_file("web02", "Volume$0:/t/b/deep.txt", b"deep")
    server.simulator.add_file("web02", "Volume$0:/large.bin", bytes(3_000_000))


def test_without_credentials_the_backup_jobs_account_is_used(
    provider: CalledProvider, server: Server, mount: dict[str, Any]
) -> None:
    assert provider.act(RESTORE, paths=[FILE], permissions_only=True, **mount).value
    (restored,) = server.simulator.restored()
    assert (restored.credentials, restored.permissions_only) == (None, True)


def test_wrong_guest_credentials_are_an_error_on_the_password(
    provider: CalledProvider, server: Server, mount: dict[str, Any]
) -> None:
    guest = {"username": GUEST_USERNAME, "password": "Wrong#Password"}
    said = provider.act(RESTORE, paths=[FILE], guest_credentials=guest, **mount).error
    assert "[guest_credentials.password]" in said
    assert "the user name or password is incorrect" in said
    assert "Check guest_credentials" in said
    assert "Wrong#Password" not in said
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
    provider: CalledProvider,
    server: Server,
    mount: dict[str, Any],
    fault: str,
    how: dict[str, Any],
) -> None:
    """Something in between may have answered for the server, too."""
    server.fault(fault, f"POST {MOUNTS}/1/.*", None, **how)
    said = provider.act(RESTORE, paths=[FILE], **mount).error
    assert "It is not known whether the restore was begun" in said
    assert len(server.requests("POST", f"{MOUNTS}/1/.*")) == 1


def test_progress_is_told_and_the_end_of_the_time_cancels(
    provider: CalledProvider, server: Server, mount: dict[str, Any]
) -> None:
    server.fault("task-stays", f"POST {MOUNTS}/1/.*", None, seconds=600)
    told = provider.act(RESTORE, paths=[FILE], timeouts={"invoke": "25s"}, **mount)
    assert re.search(rf"Still restoring {re.escape(FILE)} \(\d+ s\)", told.result)
    assert "took too long" in told.error
    assert "Set timeouts.invoke to allow more" in told.error
    (cancelled,) = server.requests("DELETE", "/tasks/.*")
    assert cancelled.status == 204


def test_ones_own_work_is_left_and_told_file_by_file_and_the_rest_comes(
    provider: CalledProvider, server: Server, mount: dict[str, Any], tmp_path: Path
) -> None:
    target = tmp_path / "got"
    (target / "t").mkdir(parents=True)
    (target / "t" / "a.txt").write_text("mine")
    what = {"paths": [FOLDER], "folder": str(target)} | mount
    said = provider.act(DOWNLOAD, **what).error
    assert f"{FILE}: {target / 't' / 'a.txt'} is there already, not from a download" in said
    assert 'With overwrite = "if-older"' in said
    assert dict(files_in(target)) == {"t/a.txt": b"mine", "t/b/deep.txt": b"deep"}
    told = provider.act(DOWNLOAD, overwrite="never", **what).value
    assert f"Will leave {FILE}: {target / 't' / 'a.txt'}, 5 bytes; there already" in told
    assert "Downloaded Volume$0:/t: 1 of 1 file, 4 bytes (1 were there already)" in told
    assert (target / "t" / "a.txt").read_text() == "mine"
    assert len(server.requests("GET", ".*/deep.txt.*")) == 1


def test_a_download_of_another_night_takes_the_place_of_the_first(
    provider: CalledProvider, server: Server, tmp_path: Path
) -> None:
    hosts = "Volume$0:/etc/hosts"
    points = server.simulator.restore_points(Family.VM)
    contents = []
    for point in [one.id for one in points if one.machine.name == "web02"][:2]:
        mount = provider.mount(point)
        assert provider.act(DOWNLOAD, paths=[hosts], folder=str(tmp_path), **mount).value
        contents.append((tmp_path / "hosts").read_bytes())
        assert contents[-1] == server.simulator.file(Family.VM, point, hosts)
    assert contents[0] != contents[1]


def test_a_dry_run_tells_each_file_and_writes_nothing(
    provider: CalledProvider, server: Server, mount: dict[str, Any], tmp_path: Path
) -> None:
    target = tmp_path / "got"
    told = provider.act(DOWNLOAD, paths=[FOLDER], folder=str(target), dry_run=True, **mount).value
    assert f"Would fetch {FILE}: {target / 't' / 'a.txt'}, 5 bytes" in told
    assert f"Would fetch Volume$0:/t/b/deep.txt: {target / 't' / 'b' / 'deep.txt'}, 4 bytes" in told
    assert not target.exists()
    assert server.requests("POST", f"{MOUNTS}/1/.*") == []


def test_what_overwrite_can_not_be_is_refused(
    provider: CalledProvider, mount: dict[str, Any], tmp_path: Path
) -> None:
    said = provider.act(
        DOWNLOAD, paths=[FILE], folder=str(tmp_path), overwrite="yes", **mount
    ).error
    assert '"yes" is not one of "never", "if-older", "always"' in said


def test_a_download_that_broke_off_is_begun_anew(
    provider: CalledProvider, server: Server, mount: dict[str, Any], tmp_path: Path
) -> None:
    server.fault("cut-body", "GET .*/large.bin", 2)
    large = ["Volume$0:/large.bin"]
    assert provider.act(DOWNLOAD, paths=large, folder=str(tmp_path), **mount).value
    assert (tmp_path / "large.bin").read_bytes() == bytes(3_000_000)


def test_many_files_are_told_in_one_line_and_keep_folders_and_times(
    provider: CalledProvider, server: Server, mount: dict[str, Any], tmp_path: Path
) -> None:
    modified = dt.datetime(2025, 3, 30, 2, 30, 1, tzinfo=dt.UTC)
    for number in range(30):
        path = f"Volume$0:/t/{number % 3}/{number}.log"
        server.simulator.add_file("web02", path, b"log", modified=modified)
    paths = ["Volume$0:/t/**/*.log", "Volume$0:/t/b"]
    what: dict[str, Any] = {"paths": paths, "folder": str(tmp_path / "got")}
    told = provider.act(DOWNLOAD, keep_folders=True, **what, **mount).value
    assert "Downloading Volume$0:/t/**/*.log: 30 files, 90 bytes" in told
    assert "Downloaded Volume$0:/t/b: 31 of 31 files, 94 bytes" in told
    assert ".log is" not in told
    got = tmp_path / "got" / "Volume$0" / "t"
    assert (got / "1" / "28.log").read_bytes() == b"log"
    assert (got / "1" / "28.log").stat().st_mtime == modified.timestamp()
    assert (got / "b" / "deep.txt").read_bytes() == b"deep"
    assert len(list(got.rglob("*.log"))) == 30


def test_a_large_file_tells_how_far_it_is_and_goes_on_after_a_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "TELL_SECONDS", 0.5)
    with simulated(ranges=True) as (provider, simulator):
        simulator.add_file("web02", "Volume$0:/huge.bin", bytes(20_000_000))
        simulator.add_fault("stall-body", "GET .*/huge.bin", seconds=1.5)
        mount = provider.mount(RESTORE_POINT)
        huge = ["Volume$0:/huge.bin"]
        told = provider.act(DOWNLOAD, paths=huge, folder=str(tmp_path), **mount).value
    # What came last may be held back: it is handed over in parts.
    assert re.search(r"0 of 1 file, 9.5 MiB of 19.1 MiB; Volume\$0:/huge.bin (49|50) %", told)
    assert (tmp_path / "huge.bin").read_bytes() == bytes(20_000_000)


def test_a_size_that_differs_is_an_error(
    provider: CalledProvider, server: Server, mount: dict[str, Any], tmp_path: Path
) -> None:
    server.fault("garbage", "GET .*/a.txt", None)
    said = provider.act(DOWNLOAD, paths=[FILE], folder=str(tmp_path), **mount).error
    assert "a.txt did not come whole" in said
    assert "more than the 5 bytes that the file has" in said
    assert not (tmp_path / "a.txt").exists()


def test_a_folder_that_can_not_be_made_is_an_error(
    provider: CalledProvider, mount: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    folder = str(tmp_path / "file" / "below")
    said = provider.act(DOWNLOAD, paths=[FILE], folder=folder, **mount).error
    assert "The download can't be written [folder]" in said
    assert "Not a directory" in said


def test_a_link_out_of_the_folder_is_not_followed(
    provider: CalledProvider, mount: dict[str, Any], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "t").symlink_to(outside)
    said = provider.act(DOWNLOAD, paths=[FOLDER], folder=str(inside), **mount).error
    assert "would leave its folder" in said
    assert list(outside.iterdir()) == []


def test_a_name_that_leads_elsewhere_is_never_used(
    provider: CalledProvider, mount: dict[str, Any], tmp_path: Path
) -> None:
    target = tmp_path / "deep" / "er"
    paths = ["Volume$0:/t/../../etc"]
    said = provider.act(DOWNLOAD, paths=paths, folder=str(target), **mount).error
    assert "has a part . or .." in said
    assert not target.exists()


def test_a_file_that_vanishes_is_an_error_on_its_path(
    provider: CalledProvider, server: Server, mount: dict[str, Any], tmp_path: Path
) -> None:
    server.fault("status", "GET .*/a.txt", None, code=404)
    said = provider.act(DOWNLOAD, paths=[FILE], folder=str(tmp_path), **mount).error
    assert "File or folder not found [paths.0]" in said
    assert FILE in said


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        ([FILE, "Volume$0:/nothing"], "has no Volume$0:/nothing"),
        (["nothing"], "has no nothing"),
        ([], "There is no path in it"),
        ([FILE, "Volume$0:/x/A.TXT"], "Two paths of the same name"),
    ],
)
def test_paths_that_can_not_be_downloaded(
    provider: CalledProvider, mount: dict[str, Any], tmp_path: Path, paths: list[str], says: str
) -> None:
    assert says in provider.act(DOWNLOAD, paths=paths, folder=str(tmp_path), **mount).error


def test_a_download_needs_no_more_than_its_requests(
    provider: CalledProvider, server: Server, mount: dict[str, Any], tmp_path: Path
) -> None:
    assert provider.act(DOWNLOAD, paths=[FILE], folder=str(tmp_path), **mount).value
    files = server.requests("GET", f"{MOUNTS}/1/.*")
    assert len(files) == 2, "the folder's listing and the download"
    assert server.simulator.file(Family.VM, RESTORE_POINT, FILE) == b"12345"
