"""What the plan leaves for the apply of the same command, and what becomes of the rest."""

from pathlib import Path

import pytest

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.sessions import handover
from terraform_provider_veeam.sessions.record import MountSession

URL = "https://em:9398/api"
NOBODY = 2**22 + 1  # above the highest number of a process


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(handover, "_left", set())
    monkeypatch.setattr(handover, "_used", set())
    return tmp_path / "terraform-provider-veeam"


def kept(name: str) -> MountSession:
    return MountSession(URL, LogonSession(name, f"token of {name}"))


ONE, TWO = (kept(name).session.fingerprint for name in ("one", "two"))


def test_a_session_is_found_at_its_own_server_only(folder: Path) -> None:
    handover.leave(kept("one"))
    found = handover.find(ONE, URL)
    assert found is not None
    assert found.token == "token of one"
    assert handover.find(ONE, "https://other:9398/api") is None
    assert handover.find(TWO, URL) is None
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_what_was_used_is_removed_and_what_was_left_here_stays(folder: Path) -> None:
    handover.leave(kept("one"))
    handover.clear([ONE])
    assert len(list(folder.iterdir())) == 1, "the apply comes after this process"
    handover.find(ONE, URL)
    handover.clear([])
    assert list(folder.iterdir()) == []


def test_what_processes_that_are_gone_have_left_is_removed(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for name in (f"{NOBODY}-old.session", f"{NOBODY}-half.new", "a.sock"):
        (folder / name).touch()
    handover.leave(kept("one"))
    assert {path.suffix for path in folder.iterdir()} == {".session", ".sock"}
    assert len(list(folder.iterdir())) == 2


def test_a_failure_to_leave_a_session_is_no_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / folder.name).write_text("no folder")
    handover.leave(kept("one"))
    assert handover.find(ONE, URL) is None
