"""The whole way: find a restore point, mount it, list, download, unmount."""

import shutil
from pathlib import Path

import pytest
from helpers import MOUNTS, Server
from terraform import ROOT, Workspace, flat

from em_simulator import Family
from em_simulator.catalogue import Catalogue

FILE = "E:/Documentation 2014/Offers.docx"
BEFORE = "2026-11-14T00:00:00Z"


@pytest.fixture
def example(workspace: Workspace) -> Workspace:
    for file in (ROOT / "examples" / "restore-a-file").iterdir():
        shutil.copy(file, workspace.folder)
    runtime = workspace.folder / "runtime"
    runtime.mkdir()
    workspace.environment |= {
        "XDG_RUNTIME_DIR": str(runtime),
        "TF_VAR_machine": "oracle03",
        "TF_VAR_before": BEFORE,
        "TF_VAR_file": FILE,
    }
    return workspace


def test_a_file_comes_whole_and_the_mount_goes(example: Workspace, server: Server) -> None:
    output = example.apply()
    point = next(
        p
        for p in Catalogue(1).of(Family.VM)
        if p.machine.name == "oracle03" and p.created_at.isoformat() < BEFORE
    )
    expected = server.simulator.file(Family.VM, point.id, FILE)
    assert (example.folder / "restored" / "Offers.docx").read_bytes() == expected
    assert f"{len(expected)} bytes, SHA-256" in output
    beside = example.output("beside")
    assert beside == ["E:/Documentation 2014/Invoices", FILE]
    assert "No changes" in example.plan()
    example.destroy()
    assert (server.mounts(), server.sessions()) == ([], [])
    mounts = {entry.session_id for entry in server.requests(path=f"{MOUNTS}.*")}
    assert len(mounts) == 1, "everything about the mount went through its own session"


def test_another_file_is_downloaded_from_the_mount_that_is_there(
    example: Workspace, server: Server
) -> None:
    example.apply()
    path = "C:/Windows/System32/drivers/etc/hosts"
    example.apply(TF_VAR_file=path)
    (mount,) = server.mounts()
    expected = server.simulator.file(Family.VM, mount.restore_point_id, path)
    assert (example.folder / "restored" / "hosts").read_bytes() == expected
    example.apply(TF_VAR_file=path, TF_VAR_folder="elsewhere")
    assert (example.folder / "elsewhere" / "hosts").read_bytes() == expected
    assert server.mounts() == [mount]


def test_a_path_is_taken_as_windows_writes_it(example: Workspace, server: Server) -> None:
    example.apply(TF_VAR_file=FILE.replace("/", "\\"))
    assert (example.folder / "restored" / "Offers.docx").stat().st_size == 70_001
    assert "No changes" in example.plan(), "it is the same file"


@pytest.mark.parametrize(
    "path",
    ["E:", "E:\\", "Docs", "/etc/hosts", "E:\\Docs\\", "E:/a//b", "E:/../a", "E:a/b", "E:\temp/a"],
)
def test_what_can_not_be_the_path_of_a_file_fails_before_anything_is_mounted(
    example: Workspace, server: Server, path: str
) -> None:
    said = flat(example.fail("plan", "-no-color", TF_VAR_file=path))
    assert "file has to be the whole path of a file" in said
    assert server.requests("POST", MOUNTS) == []


def test_a_download_that_failed_is_tried_again(example: Workspace, server: Server) -> None:
    server.fault("status", "GET .*/offers.docx", None, code=500)
    said = example.fail("apply", "-auto-approve", "-no-color")
    assert "Enterprise Manager could not do it" in said
    server.simulator.clear_faults()
    example.apply()
    assert (example.folder / "restored" / "Offers.docx").stat().st_size == 70_001
    assert len(server.mounts()) == 1


def test_an_action_can_be_invoked_alone(example: Workspace, server: Server) -> None:
    example.apply()
    shutil.rmtree(example.folder / "restored")
    example.apply("-invoke=action.veeam_file_download.this")
    assert (example.folder / "restored" / "Offers.docx").stat().st_size == 70_001
    assert len(server.mounts()) == 1
    assert list(runtime_folder(example).glob("*.session")) == []


def test_what_was_left_for_the_apply_is_gone_after_it(example: Workspace, server: Server) -> None:
    example.apply()
    example.destroy()
    assert list(runtime_folder(example).iterdir()) == []


def test_what_a_plan_left_is_gone_after_the_next(example: Workspace, server: Server) -> None:
    example.apply()
    example.plan()
    (left,) = runtime_folder(example).glob("*.session")
    example.plan()
    assert not left.exists()


def test_a_saved_plan_says_what_it_lacks(example: Workspace, server: Server) -> None:
    example.apply()
    example.plan("-out=plan", "-invoke=action.veeam_file_download.this")
    for left in runtime_folder(example).glob("*.session"):
        assert left.stat().st_mode & 0o777 == 0o600
        left.unlink()
    said = example.fail("apply", "-no-color", "plan")
    assert "The logon session is not at hand" in said
    assert "set seal_session = true" in said


def runtime_folder(workspace: Workspace) -> Path:
    return Path(workspace.environment["XDG_RUNTIME_DIR"], "terraform-provider-veeam")
