"""Starting the keeper: a real process, whatever the environment of Terraform holds."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from em_simulator import Simulator
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import RestorePointRef
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive import sockets, start
from terraform_provider_veeam.keep_alive.keeper import KEEPER
from terraform_provider_veeam.sessions.record import SessionRecord

# The keeper is left running: it outlives who has started it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as folder:  # a path short enough for a socket
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)
        if sockets.place(KEEPER).is_relative_to(folder):
            sockets.ask(sockets.place(KEEPER), {"do": "stop"})


@pytest.fixture
def record(
    manager: EnterpriseManager, restore_point: RestorePointRef, deadline: Callable[..., Deadline]
) -> SessionRecord:
    mounted = manager.mount(restore_point, None, deadline())
    return SessionRecord(manager.base_url, mounted.session, mounted.mount_point.href)


def held() -> list[str]:
    answer = sockets.ask(sockets.place(KEEPER), {"do": "status"})
    return [one["session"] for one in answer["held"]] if answer else []


def test_variables_for_other_pythons_do_not_reach_the_keeper(
    settings: Settings, record: SessionRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "requests", "sitecustomize", "terraform_provider_veeam"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a foreign module')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    start.hold(settings, record, 60)
    assert held() == [record.fingerprint]


@pytest.mark.parametrize("variable", ["TMPDIR", "XDG_RUNTIME_DIR"])
def test_a_keeper_that_is_told_a_relative_path_is_found_all_the_same(
    settings: Settings,
    record: SessionRecord,
    runtime: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    (runtime / "t").mkdir()
    monkeypatch.chdir(runtime)
    monkeypatch.setenv("TMPDIR", str(runtime))
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv(variable, "t")
    start.hold(settings, record, 60)
    assert record.fingerprint in held()  # in /tmp there may be others
    start.release(record.fingerprint, record.href)


def test_it_is_ready_only_after_it_has_read_the_mount_point(
    settings: Settings, record: SessionRecord, simulator: Simulator
) -> None:
    before = len(simulator.journal)
    start.hold(settings, record, 60)
    (read,) = simulator.journal[before:]
    assert (read.method, read.path, read.status) == ("GET", record.href, 200)


def test_a_session_whose_id_is_not_known_is_held_by_its_token(
    settings: Settings, record: SessionRecord
) -> None:
    session = record.session._replace(session_id=None, borrowed=True)
    start.hold(settings, record._replace(session=session), 60)
    assert held() == [record.fingerprint]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_session_that_has_ended_is_refused_with_the_cause(
    settings: Settings, record: SessionRecord, simulator: Simulator, *, is_known: bool
) -> None:
    if not is_known:
        record = record._replace(session=record.session._replace(session_id=None))
    simulator.expire_sessions()
    with pytest.raises(OSError, match="Session is not found or has expired"):
        start.hold(settings, record, 60)
    assert held() == []


@pytest.mark.parametrize(
    "program",
    [
        # It has ended before the order is written.
        "import os, sys; os.close(0); sys.exit('no such thing\\nand more')",
        "raise ValueError('no such thing')",
        "import sys; sys.stderr.write('no such thing\\n  as this\\n'); sys.stdin.readline()",
    ],
)
def test_what_a_keeper_complains_of_is_told(
    settings: Settings, record: SessionRecord, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(start, "_own_command", lambda: [sys.executable, "-c", program])
    # More than a pipe holds, so that the keeper ends before all is written.
    settings = replace(settings, ca_certificate="#" * 200_000)
    with pytest.raises(OSError, match=r"^(ValueError: )?no such thing$"):
        start.hold(settings, record, 60)
