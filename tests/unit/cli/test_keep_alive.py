"""`terraform-provider-veeam keep-alive`: what it reads, and what it says when it can't."""

import base64
import io
import json
import math
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from terraform_provider_veeam.cli import keep_alive
from terraform_provider_veeam.cli.streams import CommandFailed
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive import sockets, start
from terraform_provider_veeam.keep_alive.holder import Holder
from terraform_provider_veeam.keep_alive.keeper import Keeper
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from tfplugin.process import handshake

STATE = json.dumps({"version": 4, "resources": [], "outputs": {"ä": 1}}, ensure_ascii=False)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_a_state_is_read_as_the_shells_of_windows_write_it(
    capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    state = STATE.replace("{", "{\r\n")
    assert keep_alive.hold_from_state(io.BytesIO(state.encode(encoding)), 1) == 0
    assert "nothing to hold" in capsys.readouterr().out


def test_lines_of_a_wrapper_around_the_state_are_passed_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = '{"@level": "info"}\n{begin}'
    text = (
        f"[command]/opt/terraform-bin state pull\n{log}\n{STATE}\n\n::debug::exited with code 0.\n"
    )
    assert keep_alive.hold_from_state(io.BytesIO(text.encode()), 1) == 0
    assert "nothing to hold" in capsys.readouterr().out


@pytest.mark.parametrize("detach", [False, True])
def test_a_mount_point_without_its_session_is_told(
    capsys: pytest.CaptureFixture[str], *, detach: bool
) -> None:
    attributes = {"restore_point_name": "oracle03@2026-11-13 22:00:00"}
    resource = {"mode": "managed", "type": "veeam_mount_point", "name": "oracle"}
    state = {"resources": [resource | {"instances": [{"attributes": attributes}]}]}
    source = io.BytesIO(json.dumps(state).encode())
    assert keep_alive.hold_from_state(source, 1, detach=detach) == 1
    said = capsys.readouterr().err
    assert "no logon session for veeam_mount_point.oracle (oracle03@2026-11-13 22:00:00)" in said


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format_version": "1.0"}', "\xff"])
def test_what_is_no_state_is_told(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert keep_alive.hold_from_state(io.BytesIO(text.encode("latin-1")), 1) == 1
    assert "terraform state pull" in capsys.readouterr().err


def test_without_a_folder_a_person_is_told_which_variable_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "_TEMPORARY", (str(tmp_path / "none"),))
    for name in ("TMPDIR", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CommandFailed, match="TMPDIR"):
        keep_alive.list_sessions()
    with pytest.raises(CommandFailed, match="TMPDIR"):
        keep_alive.stop_holding([], all_of_them=True)


URL = "https://em.example.com:9398/api"
NOBODY_FOUND = "No process was found that holds a logon session open.\n"


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where processes that hold sessions are looked for: none of this machine's own is there."""
    with TemporaryDirectory(dir="/tmp") as folder:  # a path short enough for a socket
        runtime, temporary = Path(folder, "runtime"), Path(folder, "tmp")
        for one in (runtime, temporary):
            one.mkdir()
        monkeypatch.setattr(handshake, "_TEMPORARY", (str(temporary),))
        monkeypatch.setattr(sockets, "_LOOK_SECONDS", 0.05)
        monkeypatch.delenv("TMPDIR", raising=False)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        yield runtime


def order(name: str) -> Order:
    record = SessionRecord(URL, LogonSession(name, f"token-of-{name}"), "/x/mounts/1")
    return Order(Settings(base_url=URL), record, 900, 4 * 3600, name=f"{name}@2026-11-13")


ONE, TWO = order("one"), order("two")


@pytest.fixture
def hold(runtime: Path) -> Iterator[Callable[..., Holder]]:
    """Has a keeper of its own hold what orders say."""
    with ExitStack() as stack:

        def hold(*orders: Order) -> Holder:
            keeper = Keeper()
            for one in orders:
                keeper.holder.hold(one, lambda *_: None)
            stack.enter_context(sockets.Listener(keeper.answer))
            return keeper.holder

        yield hold


def test_what_is_held_is_listed_with_its_time_or_while_terraform_lives(
    hold: Callable[..., Holder], capsys: pytest.CaptureFixture[str]
) -> None:
    hold(ONE)
    hold(replace(TWO, seconds=math.inf, terraform=4711))
    assert keep_alive.list_sessions() == 0
    printed = capsys.readouterr()
    assert printed.err == "2 logon sessions\n"
    heading, *rows = printed.out.splitlines()
    assert heading.split()[:4] == ["LOGON", "SESSION", "FOR", "PID"]
    told = {row.split()[0]: row.split()[1:] for row in rows}
    where = f"{URL}/x/mounts/1"
    assert told == {
        ONE.record.fingerprint: ["4h00m", str(os.getpid()), "one@2026-11-13", where],
        TWO.record.fingerprint: ["Terraform", str(os.getpid()), "two@2026-11-13", where],
    }


def test_who_holds_is_found_though_the_user_has_logged_out(
    hold: Callable[..., Holder], runtime: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = hold(ONE)
    shutil.rmtree(runtime)
    end = time.monotonic() + 10
    while ONE.record.fingerprint not in capsys.readouterr().out and time.monotonic() < end:
        assert keep_alive.list_sessions() == 0
    assert keep_alive.stop_holding([], all_of_them=True) == 0
    assert ONE.record.fingerprint in capsys.readouterr().out
    assert holder.held() == []


def test_what_is_said_when_nobody_is_found(
    runtime: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keep_alive.list_sessions() == 0
    assert keep_alive.stop_holding([], all_of_them=True) == 0
    assert capsys.readouterr().out == NOBODY_FOUND * 2
    assert keep_alive.stop_holding(["abc"], all_of_them=False) == 1
    assert "No process was found that holds logon session abc open" in capsys.readouterr().err


def test_only_what_was_seen_to_end_is_said_to_have_ended(
    hold: Callable[..., Holder], capsys: pytest.CaptureFixture[str]
) -> None:
    one, both = hold(ONE), hold(ONE, TWO)
    assert keep_alive.stop_holding([TWO.record.fingerprint], all_of_them=False) == 0
    assert capsys.readouterr().out.startswith(
        f"No longer holding logon session {TWO.record.fingerprint}."
    )
    both.release = lambda *_, **__: None  # type: ignore[method-assign]
    assert keep_alive.stop_holding([ONE.record.fingerprint], all_of_them=False) == 1
    assert (one.held(), len(both.held())) == ([], 1)
    said = capsys.readouterr()
    assert said.out == ""
    assert f"Logon session {ONE.record.fingerprint} is still held" in said.err


def test_all_are_stopped_and_take_nothing_more(
    hold: Callable[..., Holder], capsys: pytest.CaptureFixture[str]
) -> None:
    holders = [hold(ONE), hold(TWO)]
    assert keep_alive.stop_holding([], all_of_them=True) == 0
    assert capsys.readouterr().out.count("No longer holding") == 2
    assert [holder.held() for holder in holders] == [[], []]
    assert not holders[0].hold(ONE, lambda *_: None)


def test_one_that_does_not_answer_is_told(
    hold: Callable[..., Holder],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(sockets, "ANSWER_SECONDS", 0.2)
    with sockets.Listener(lambda _: {"pid": go_on.wait(10)}):
        assert keep_alive.list_sessions() == 1
        go_on.set()
    said = capsys.readouterr()
    assert "does not answer" in said.err
    assert said.out == ""


def state_of(*orders: Order) -> io.BytesIO:
    attributes = {"restore_point_name": "oracle03", "restore_point_id": "1"}
    instances = [
        {
            "attributes": attributes,
            "private": base64.b64encode(order.record.to_bytes()).decode(),
        }
        for order in orders
    ]
    resource = {"mode": "managed", "type": "veeam_mount_point", "name": "oracle"}
    return io.BytesIO(json.dumps({"resources": [resource | {"instances": instances}]}).encode())


@pytest.fixture
def signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_sessions_are_handed_over_side_by_side_and_a_signal_ends_that(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def hold(_: object, record: SessionRecord, *rest: Any) -> None:
        asked.append(record)
        if len(asked) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        rest[-1].wait(60)  # its deadline

    monkeypatch.setattr(start, "hold", hold)
    began = time.monotonic()
    assert keep_alive.hold_from_state(state_of(ONE, TWO), 60, detach=True) == 128 + signal.SIGTERM
    assert time.monotonic() - began < 2
    said = capsys.readouterr()
    assert said.err.count("with oracle03 is not known to be held") == 2
    assert said.out == ""


@pytest.mark.usefixtures("signals")
def test_a_signal_that_is_to_be_ignored_stays_ignored(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is under `nohup … &`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    monkeypatch.setattr(start, "hold", lambda *_: None)
    assert keep_alive.hold_from_state(state_of(ONE), 60, detach=True) == 0
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) not in (signal.SIG_IGN, signal.SIG_DFL)
    assert "Holding logon session" in capsys.readouterr().out
