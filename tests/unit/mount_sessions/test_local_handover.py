"""What the plan leaves for the apply of the same command, and what becomes of the rest."""

from pathlib import Path

import pytest

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.mount_sessions import local_handover
from terraform_provider_veeam.mount_sessions.local_handover import Handover
from terraform_provider_veeam.mount_sessions.record import SessionRecord

ONE = SessionRecord("https://em:9398/api", LogonSession("one", "token of one"), "/x/mounts/1")
NOBODY = 2**22 + 1  # above the highest number of a process


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "terraform-provider-veeam"


def test_a_session_is_found_by_its_fingerprint_in_a_file_of_this_user_alone(folder: Path) -> None:
    Handover().leave(ONE)
    assert Handover().find(ONE.fingerprint) == ONE
    assert Handover().find("another") is None
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "one" not in file.name


def test_what_processes_that_are_gone_have_left_is_removed(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    left = ("old.session", "half.new", "old.passing", "old.found")
    for name in (*(f"{NOBODY}-{one}" for one in left), "a.sock"):
        (folder / name).touch()
    Handover().leave(ONE)
    assert sorted(path.suffix for path in folder.iterdir()) == [".session", ".sock"]


def test_a_failure_to_leave_a_session_is_no_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / folder.name).write_text("no folder")
    Handover().leave(ONE)
    assert Handover().find(ONE.fingerprint) is None


def test_a_session_that_a_process_logs_out_is_told_to_the_others_of_its_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, other = Handover(), Handover()
    owner.mark_passing(ONE.fingerprint)
    assert other.is_passing(ONE.fingerprint)
    assert not other.is_passing("another")
    (file,) = folder.iterdir()
    assert ONE.session.token.encode() not in file.read_bytes()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(local_handover, "terraform_process", lambda: NOBODY)
        assert not other.is_passing(ONE.fingerprint)
    other.clear([])
    assert other.is_passing(ONE.fingerprint)
    owner.clear([])
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("fingerprint", ["../../etc/passwd", "", "a/b"])
def test_a_name_from_a_configuration_leads_nowhere_else(fingerprint: str) -> None:
    assert Handover().find(fingerprint) is None
