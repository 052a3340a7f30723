"""Ctrl-C is heard in every request of a command, whatever the server does from there on."""

import signal
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, Simulator
from em_simulator.certificate import Certificate
from terraform_provider_veeam.cli import commands, connection, signals, streams

SOON = 2.0  # seconds after which a command that is stopped has ended
OFFERS = "E:/Documentation 2014/Offers.docx"
COMMANDS = {
    "machines": ["machines"],
    "find": ["find", "oracle03", OFFERS],
    "get": ["get", "oracle03", OFFERS],
}
WEATHER: dict[str, tuple[str, dict[str, Any]]] = {
    "silent": ("delay", {"seconds": 20}),
    "silent once it has acted": ("delay", {"seconds": 20, "when": "after"}),
    "slow": ("delay", {"seconds": 0.05}),
    "refusing": ("delay", {"seconds": 0.05}),
}
CASES = [("machines", "silent"), ("find", "silent"), *(("get", weather) for weather in WEATHER)]
CERTIFICATE = Certificate()


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Does what Ctrl-C does: the command runs on a thread, which can take no signal."""
    for name, value in {
        "USERNAME": ADMINISTRATOR.username,
        "PASSWORD": ADMINISTRATOR.password,
        "CERTIFICATE_FINGERPRINT": CERTIFICATE.fingerprint,
    }.items():
        monkeypatch.setenv(f"VEEAM_EM_{name}", value)
    handlers: list[Callable[[int], None]] = []
    monkeypatch.setattr(connection, "handle_signals", handlers.append)
    return lambda: handlers[-1](signal.SIGINT)


@pytest.mark.parametrize(("name", "weather"), CASES)
def test_a_command_hears_ctrl_c_in_each_of_its_requests(
    interrupt: Callable[[], None],
    name: str,
    weather: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fault, options = WEATHER[weather]
    codes: list[int] = []

    def run(*arguments: str) -> None:
        codes.append(commands.run(arguments))

    for answered in count():
        stop = threading.Event()
        for module in (signals, connection, streams):
            monkeypatch.setattr(module, "STOP", stop)
        to = ["--to", str(tmp_path / str(answered))] if name == "get" else []
        with Simulator(seed=1, certificate=CERTIFICATE) as simulator:
            monkeypatch.setenv("VEEAM_EM_URL", simulator.url)
            simulator.add_fault("delay", ".*", answered, seconds=0)
            simulator.add_fault(fault, ".*", None, **options)
            thread = threading.Thread(target=run, args=(*COMMANDS[name], *to), daemon=True)
            thread.start()
            while thread.is_alive() and _requests(simulator) <= answered:
                time.sleep(0.01)
            if weather == "refusing":
                simulator.add_fault("status", ".*", None, code=503)
                while thread.is_alive() and not _has_refused(simulator):
                    time.sleep(0.01)
            if not thread.is_alive():
                break
            at = simulator.answering or simulator.journal[-1:]
            began = time.monotonic()
            interrupt()
            thread.join(10 * SOON)
            assert time.monotonic() - began < SOON, at
            assert codes[answered:] == [128 + signal.SIGINT], at
            said = capsys.readouterr().err
            assert "Traceback" not in said
            may_act = any(one.startswith("POST /vmRestorePoints") for one in simulator.answering)
            if simulator.mounts() or may_act:
                assert "for 15 minutes" in said, at
            elif weather == "slow":
                assert simulator.sessions() == []
    assert answered > 3


def _requests(simulator: Simulator) -> int:
    """The number of requests that have come."""
    return len(simulator.journal) + len(simulator.answering)


def _has_refused(simulator: Simulator) -> bool:
    return any(entry.status == 503 for entry in simulator.journal)
