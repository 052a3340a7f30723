"""Ctrl-C is heard in every request of a command, whatever the server does from there on."""

import base64
import io
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, Family, Simulator
from em_simulator.certificate import Certificate
from terraform_provider_veeam.cli import commands, connection, keep_alive, streams
from terraform_provider_veeam.em import deadline
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.keep_alive import sockets
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from tfplugin.process import handshake

SILENCE = 0.2  # seconds without an answer that a command bears after Ctrl-C, to save time here
SOON = 1.0  # seconds after that in which it has ended
FOLDER = "E:/Documentation 2014"
COMMANDS = {
    "machines": ["machines"],
    "points": ["points", "oracle"],  # of which there is none, so that similar names are looked for
    "ls": ["ls", "oracle03", FOLDER],
    "find": ["find", "oracle03", f"{FOLDER}/Offers.docx"],
    "find by mounts": ["find", "oracle03", f"{FOLDER}/Offers.docx", "--no-index"],
    "get": ["get", "oracle03", FOLDER],
    "restore": ["restore", "oracle03", f"{FOLDER}/Offers.docx", "--yes"],
}
WEATHER: dict[str, tuple[str, dict[str, Any]]] = {
    "silent": ("delay", {"seconds": 20}),
    "silent once it has acted": ("delay", {"seconds": 20, "when": "after"}),
    "slow": ("delay", {"seconds": 0.05}),
    "refusing": ("delay", {"seconds": 0.05}),
}
ACTS = "(POST|DELETE) .*"
CASES = [  # and at which of its requests it is stopped: at those that no other case has
    ("machines", "silent", "(GET /query|DELETE).*"),
    ("points", "silent", "GET /query"),
    ("ls", "silent", "(?!GET /query).*"),
    ("find", "silent", r"\w+ /catalog/.*"),
    ("find by mounts", "silent", r"\w+ /vmRestorePoints/.*"),
    ("restore", "silent", r"\w+ /(catalog|restoreSessions)/.*"),
    ("get", "silent", r"\w+ .*/mounts/1/.*"),
    ("get", "silent once it has acted", ACTS),
    ("get", "slow", ACTS),
    ("get", "refusing", ACTS),
]
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
    for module in (connection, keep_alive):
        monkeypatch.setattr(module, "handle_signals", handlers.append)
    return lambda: handlers[-1](signal.SIGINT)


@pytest.mark.parametrize(
    ("name", "weather", "requests"), CASES, ids=[f"{name}, {weather}" for name, weather, _ in CASES]
)
def test_a_command_hears_ctrl_c_in_each_of_its_requests(
    interrupt: Callable[[], None],
    name: str,
    weather: str,
    requests: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(deadline, "_SILENCE", SILENCE)
    fault, options = WEATHER[weather]
    codes: list[int] = []

    def run(*arguments: str) -> None:
        codes.append(commands.run(arguments))

    for answered in count():
        stop = threading.Event()
        for module in (connection, streams):
            monkeypatch.setattr(module, "STOP", stop)
        to = ["--to", str(tmp_path / str(answered))] if name == "get" else []
        with Simulator(seed=1, certificate=CERTIFICATE) as simulator:
            monkeypatch.setenv("VEEAM_EM_URL", simulator.url)
            simulator.add_fault("delay", requests, answered, seconds=0)
            simulator.add_fault(fault, requests, None, **options)
            thread = threading.Thread(target=run, args=(*COMMANDS[name], *to), daemon=True)
            thread.start()
            while thread.is_alive() and _count(simulator, requests) <= answered:
                time.sleep(0.01)
            simulator.add_fault(fault, ".*", None, **options)
            if weather == "refusing":
                simulator.add_fault("status", ".*", None, code=503)
                while thread.is_alive() and not _has_refused(simulator):
                    time.sleep(0.01)
            if not thread.is_alive():
                break
            at = simulator.answering or simulator.journal[-1:]
            began = time.monotonic()
            interrupt()
            thread.join(20)
            assert time.monotonic() - began < SILENCE + SOON, at
            assert codes[answered:] == [128 + signal.SIGINT], at
            said = capsys.readouterr().err
            assert "Traceback" not in said
            may_act = any(one.startswith("POST /vmRestorePoints") for one in simulator.answering)
            if simulator.mounts() or may_act:
                assert "for 15 minutes" in said, at
            elif weather == "slow":
                assert simulator.sessions() == []
    assert answered > 3


def test_the_steps_of_a_command_wait_for_a_silent_server_once_together(
    interrupt: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_URL", "https://em.example.com:9398")

    def take_two_steps(connected: connection.Connection, _: Namespace) -> int:
        first, second = (connected.deadline(name) for name in ("first", "second"))
        assert first._silence is second._silence
        return 7

    assert connection.run(take_two_steps, Namespace(server=None)) == 7


def _count(simulator: Simulator, requests: str) -> int:
    """The number of such requests that have come."""
    come = [f"{entry.method} {entry.path}" for entry in simulator.journal] + simulator.answering
    return sum(1 for one in come if re.fullmatch(requests, one))


def _has_refused(simulator: Simulator) -> bool:
    return any(entry.status == 503 for entry in simulator.journal)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where keepers are looked for: none of this machine's own is there."""
    with TemporaryDirectory(dir="/tmp") as folder:  # a path short enough for a socket
        monkeypatch.setattr(handshake, "_TEMPORARY", (folder,))
        monkeypatch.delenv("TMPDIR", raising=False)
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)
        for path in sockets.places():
            sockets.ask(path, {"do": "stop"})


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(
    ("options", "reads", "code", "told"),
    [
        ([], 0, 0, "it was stopped"),
        ([], 1, 0, "it was stopped"),
        (["--detach"], 0, 130, "is not known to be held"),
    ],
)
def test_ctrl_c_is_heard_while_a_session_is_held_on_a_silent_server(
    interrupt: Callable[[], None],
    options: list[str],
    reads: int,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VEEAM_EM_IDLE_LIMIT", "3s")
    codes: list[int] = []
    with Simulator(seed=1, certificate=CERTIFICATE) as simulator:
        point = simulator.restore_points(Family.VM)[0]
        session = LogonSession(*simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password))
        mount = simulator.mount(session.token, Family.VM, point.id)
        record = SessionRecord(f"{simulator.url}/api", session, mount.path)
        state = io.BytesIO(json.dumps(_state(record)).encode())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(state))
        simulator.add_fault("delay", ".*", reads, seconds=0)
        simulator.add_fault("delay", ".*", None, seconds=20)
        arguments = ["keep-alive", "--for", "1h", *options]
        thread = threading.Thread(target=lambda: codes.append(commands.run(arguments)), daemon=True)
        thread.start()
        while thread.is_alive() and _count(simulator, ".*") <= reads:
            time.sleep(0.01)
        began = time.monotonic()
        interrupt()
        thread.join(20)
        assert time.monotonic() - began < 2 * SOON
        assert codes == [code]
        assert told in "".join(capsys.readouterr())


def _state(record: SessionRecord) -> dict[str, Any]:
    """A state with a mount point."""
    private = base64.b64encode(record.to_bytes()).decode()
    attributes = {"restore_point_name": "oracle03@2026-11-13 22:00:00"}
    resource = {"mode": "managed", "type": "veeam_mount_point", "name": "oracle"}
    return {
        "resources": [resource | {"instances": [{"attributes": attributes, "private": private}]}]
    }


@pytest.mark.parametrize("arguments", [["list"], ["stop", "--all"]])
def test_ctrl_c_is_heard_while_a_keeper_is_silent(runtime: Path, arguments: list[str]) -> None:
    place = sockets._folder()
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(place / "silent.sock"))
        silent.listen()
        silent.settimeout(20)
        program = [sys.executable, "-m", "terraform_provider_veeam", "keep-alive", *arguments]
        with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
            connection, _ = silent.accept()
            with connection:
                began = time.monotonic()
                process.send_signal(signal.SIGINT)
                _, said = process.communicate(timeout=20)
                assert time.monotonic() - began < 2 * SOON
            assert (process.returncode, said) == (128 + signal.SIGINT, "Interrupted.\n")
        (place / "silent.sock").unlink()
