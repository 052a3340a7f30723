"""How the process that serves ends, and what stops its calls: real processes, real signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from support.plugin_client import PluginClient
from support.toy_client import TOY, apply, toy, wait_for_line
from support.toy_provider import ToyProvider, ToyServicer, make_provider
from tfplugin.process import server as server_module
from tfplugin.process.handshake import SocketDirectory
from tfplugin.process.lifetime import Ending, Lifetime
from tfplugin.process.server import Server
from tfplugin.process.services import controller_service

ENDED_WITHIN_SECONDS = 2  # then Terraform kills it


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file that does not exist yet: an apply goes on until it does."""
    return tmp_path / "gate"


def test_ctrl_c_during_the_start_does_not_end_the_process(folder: Path) -> None:
    with PluginClient(environment={"TMPDIR": str(folder)}) as client:
        while not _ignores(client.process.pid, signal.SIGINT):
            assert client.process.poll() is None
        client.signal(signal.SIGINT)
        client.connect()
        assert client.shut_down() == 0


def _ignores(process: int, number: signal.Signals) -> bool:
    """Tell whether the interpreter has come far enough to ignore a signal."""
    return _has("SigIgn", process, number)


def _handles(process: int, number: signal.Signals) -> bool:
    return _has("SigCgt", process, number)


def _has(row: str, process: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"^{row}:\s*([0-9a-f]+)", status, re.MULTILINE)
    return bool(found and int(found[1], 16) >> (number - 1) & 1)


def test_shutdown_ends_the_process_and_leaves_no_file(folder: Path) -> None:
    with toy(folder) as client:
        began = time.monotonic()
        assert client.shut_down() == 0
        assert time.monotonic() - began < ENDED_WITHIN_SECONDS
        assert client.errors() == ""
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("busy", [False, True], ids=["close hangs", "close and a call hang"])
def test_shutdown_ends_a_process_that_hangs(folder: Path, gate: Path, *, busy: bool) -> None:
    with toy(folder, TOY_CLOSE_SECONDS="60") as client:
        call = client.start_call("ApplyResourceChange", apply(gate), 60) if busy else None
        client.call("GetProviderSchema")
        began = time.monotonic()
        assert client.shut_down() == 0
        assert time.monotonic() - began < ENDED_WITHIN_SECONDS
        assert "something hangs" in client.errors()
        if call is not None:
            assert call.exception() is not None
    assert list(folder.iterdir()) == []


def test_shutdown_closes_the_provider_though_a_call_hangs(folder: Path, gate: Path) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        call = client.start_call("ApplyResourceChange", apply(gate), 60)
        wait_for_line(client, "an apply begins")
        assert client.shut_down() == 0
        assert "closed within" in client.errors()
        assert call.exception() is not None


@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_a_process_that_terraform_ends_hands_over_to_one_that_lives_as_long(
    folder: Path, number: signal.Signals | None
) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        client.call("GetProviderSchema")
        if number:
            client.signal(number)
            assert client.wait() == 0
        else:
            assert client.shut_down() == 0
        told = f"handed over while {os.getpid()} lives"
        assert (told in client.errors()) == (number is None)


def test_a_provider_that_fails_to_close_ends_all_the_same(folder: Path) -> None:
    with toy(folder, TOY_CLOSE_FAILS="yes") as client:
        client.call("GetProviderSchema")
        assert client.shut_down() == 0
        written = client.errors()
    assert "nothing was handed over" in written
    assert "the provider was not closed" in written
    assert "it would not close" in written


@pytest.mark.parametrize("ending", Ending)
def test_without_terraform_there_is_more_time_to_end_but_not_forever(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ending: Ending
) -> None:
    limits: list[float] = []
    monkeypatch.setattr(server_module, "exit_within", lambda seconds, _: limits.append(seconds))
    with SocketDirectory({"TMPDIR": str(folder)}) as place:
        Server(make_provider, ToyServicer, place, Lifetime()).shut_down(ending)
    # At a Shutdown the limit runs already, from the call on.
    assert limits == ([] if ending is Ending.SHUTDOWN else [pytest.approx(11.4)])


def test_a_server_that_is_shut_down_leaves_no_thread(folder: Path) -> None:
    others = set(threading.enumerate())
    with SocketDirectory({"TMPDIR": str(folder)}) as place:
        server = Server(make_provider, ToyServicer, place, Lifetime())
        server.start_for_anybody()
        with grpc.insecure_channel(f"unix:{place.address}") as channel:
            asked: Any = channel.unary_unary("/tfplugin6.Provider/GetProviderSchema")
            assert asked(b"", timeout=10)
        server.shut_down(Ending.SHUTDOWN)
    end = time.monotonic() + 10
    while set(threading.enumerate()) - others and time.monotonic() < end:
        time.sleep(0.01)
    assert set(threading.enumerate()) <= others


@pytest.mark.parametrize("ending", Ending)
def test_calls_return_before_what_they_use_is_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ending: Ending
) -> None:
    monkeypatch.setattr(server_module, "exit_within", lambda *_: None)  # it would end the tests
    done: list[str] = []

    class Slow(ToyServicer):
        def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - the call's name
            done.append("it has begun")
            answer = super().ReadResource(request, context)
            time.sleep(0.05)
            done.append("it returns")
            return answer

    class Closing(ToyProvider):
        def close(self, seconds: float) -> None:
            done.append("it is closed")

    with SocketDirectory({"TMPDIR": str(folder)}) as place:
        make_closing: Any = Closing
        server = Server(make_closing, Slow, place, Lifetime())
        server.start_for_anybody()
        with grpc.insecure_channel(f"unix:{place.address}") as channel:
            asked: Any = channel.unary_unary("/tfplugin6.Provider/ReadResource")
            call = asked.future(b"", timeout=10)
            while not done:
                time.sleep(0.01)
            server.shut_down(ending)
            assert call.result()
    assert done == ["it has begun", "it returns", "it is closed"]


@pytest.mark.parametrize("waits", [True, False])
def test_the_process_ends_once_terraform_has_its_answer(waits: bool) -> None:
    ended: list[bool] = []

    class Call:
        def __init__(self) -> None:
            self.at_its_end: Any = None

        def add_callback(self, callback: Any) -> bool:
            self.at_its_end = callback
            return waits

    details = SimpleNamespace(method="/plugin.GRPCController/Shutdown", invocation_metadata=())
    handler: Any = controller_service(lambda: ended.append(True)).service(details)
    call = Call()
    assert handler.unary_unary(b"", call) == b""
    assert ended == ([] if waits else [True])
    if waits:
        call.at_its_end()
        assert ended == [True]


def test_the_signals_are_put_back(folder: Path) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with Lifetime().signals(ctrl_c_ends=False):
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_hang_up_is_ignored_under_nohup(folder: Path) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with toy(folder) as client:
        client.signal(signal.SIGHUP)
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        assert not _handles(client.process.pid, signal.SIGHUP)
        assert client.shut_down() == 0


def test_terraform_that_is_gone_before_the_handshake_is_noticed(folder: Path) -> None:
    command = ("sh", "-c", 'exec "$@" >&-', "sh", *TOY)
    with PluginClient(command, {"TMPDIR": str(folder), "TF_LOG": "DEBUG"}) as client:
        assert client.wait() == 0
        assert "Terraform is gone" in client.errors()
    assert list(folder.iterdir()) == []


def test_a_call_returns_normally_when_ctrl_c_reaches_the_provider(folder: Path, gate: Path) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        call = client.start_call("ApplyResourceChange", apply(gate))
        wait_for_line(client, "an apply begins")
        client.signal(signal.SIGINT)
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        gate.touch()
        assert call.result().private == b"applied"
        assert client.shut_down() == 0


def test_stop_provider_wakes_a_wait_and_calls_in_flight_return(folder: Path, gate: Path) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        working = client.start_call("ApplyResourceChange", apply(gate))
        wait_for_line(client, "an apply begins")
        waiting = client.start_call("ReadResource", seconds=60)
        wait_for_line(client, "a read begins")
        client.call("StopProvider")
        assert waiting.result().private == b"stopped"
        gate.touch()
        assert working.result().private == b"applied"
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        assert client.shut_down() == 0


def test_stop_provider_gets_through_beside_64_calls_that_wait(folder: Path) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        calls = [client.start_call("ReadResource", seconds=60) for _ in range(64)]
        for _ in calls:
            wait_for_line(client, "a read begins")
        assert client.call("StopProvider").Error == "64"
        assert {call.result().private for call in calls} == {b"stopped"}
        assert client.shut_down() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_calls_return_before_the_process_ends(
    folder: Path, gate: Path, number: signal.Signals
) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        working = client.start_call("ApplyResourceChange", apply(gate))
        wait_for_line(client, "an apply begins")
        waiting = client.start_call("ReadResource", seconds=60)
        wait_for_line(client, "a read begins")
        client.signal(number)
        assert waiting.result().private == b"stopped"
        gate.touch()
        assert working.result().private == b"applied"
        assert client.wait() == 0
        assert "closed within" in client.errors()
    assert list(folder.iterdir()) == []


def test_the_process_ends_when_terraform_was_killed(folder: Path) -> None:
    starter = (
        "import subprocess, sys; provider = subprocess.Popen(sys.argv[1:]); "
        "print(provider.pid, flush=True); provider.wait()"
    )
    command = (sys.executable, "-c", starter, *TOY)
    with PluginClient(
        command,
        {"TMPDIR": str(folder), "TF_LOG": "DEBUG"},
    ) as client:
        assert client.process.stdout is not None
        provider = int(client.process.stdout.readline())
        working = client.start_call("ReadResource", seconds=60)
        wait_for_line(client, "a read begins")
        client.process.kill()
        assert working.result().private == b"stopped"
        # Its end closes the pipe that it writes to.
        assert "Terraform is gone" in client.errors()
    with pytest.raises(ProcessLookupError):
        await_end(provider)
    assert list(folder.iterdir()) == []


def test_a_call_is_let_finish_though_terraform_was_killed(folder: Path, gate: Path) -> None:
    command = ("sh", "-c", '"$@" & wait', "sh", *TOY)
    with PluginClient(command, {"TMPDIR": str(folder), "TF_LOG": "DEBUG"}) as client:
        call = client.start_call("ApplyResourceChange", apply(gate), 60)
        wait_for_line(client, "an apply begins")
        client.process.kill()
        client.connect().close()
        assert call.cancelled() or call.exception() is not None
        assert client.process.stderr is not None
        while b"closed within" not in client.process.stderr.readline():
            pass
        for _ in range(50):
            time.sleep(0.02)
            assert list(folder.iterdir())  # its socket: it has not ended
        gate.touch()
        assert "an apply ends" in client.errors()
    assert list(folder.iterdir()) == []


def await_end(pid: int) -> None:
    """Return after 5 s; raise ProcessLookupError as soon as there is no such process."""
    for _ in range(100):
        os.kill(pid, 0)
        if _is_zombie(pid):
            raise ProcessLookupError
        time.sleep(0.05)


def _is_zombie(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)],  # noqa: S607 - from PATH
        capture_output=True,
        text=True,
        check=False,
    )
    return state.stdout.strip().startswith("Z")
