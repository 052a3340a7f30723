"""Other processes, asked for in the way of whichever platform."""

import os
import shlex
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from tfplugin.process import handshake, processes


def test_windows_has_no_hang_up() -> None:
    assert processes.hang_up_signals(SimpleNamespace(SIGTERM=15)) == []
    assert processes.hang_up_signals() == [signal.SIGHUP]


def test_a_process_is_alive_until_it_has_ended() -> None:
    assert processes.is_alive(os.getpid(), windows=False)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not processes.is_alive(process.pid, windows=False)
    assert not processes.has_lost_terraform(os.getppid(), windows=False)
    assert processes.has_lost_terraform(process.pid, windows=False)


def test_a_process_that_has_ended_is_not_alive_though_nobody_asks_how() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout
    with process.stdout as pipe:
        pipe.read()  # until its end
    end = time.monotonic() + 10
    while processes.is_alive(process.pid, windows=False):
        assert time.monotonic() < end
    process.wait()


def test_terraform_is_found_behind_launchers() -> None:
    ask = "from tfplugin.process.processes import terraform_process as p; print(p())"
    own = shlex.join([sys.executable, "-c", ask])
    launched = f"sh -c {shlex.quote(own)}; true"
    environment = os.environ | {"TF_PLUGIN_MAGIC_COOKIE": "any"}
    for command in (own, f"{launched}; true", f"sh -c {shlex.quote(launched)}; true"):
        shell = ["sh", "-c", command]
        told = subprocess.run(shell, env=environment, capture_output=True, text=True, check=True)
        assert int(told.stdout) == os.getpid()


def test_windows_knows_launchers_by_their_names() -> None:
    own = os.getppid()
    running = {
        own: (2, "Python.exe"),
        2: (3, "python3.11.exe"),
        3: (4, "cmd.exe"),
        4: (5, "terraform.exe"),
        5: (6, "cmd.exe"),
    }
    assert processes._first_that_is_no_launcher(running) == 4
    assert processes._first_that_is_no_launcher({own: (2, "tofu.exe")}) == own
    assert processes._first_that_is_no_launcher({}) == own
    # One that has ended already is no ancestor.
    assert processes._first_that_is_no_launcher({own: (2, "python.exe")}) == own


def test_windows_listens_on_a_port_that_terraform_allows() -> None:
    bounds = {"PLUGIN_MIN_PORT": "10000", "PLUGIN_MAX_PORT": "10002"}
    place = handshake.make_place(bounds, windows=True)
    tried = []

    def add_port(address: str) -> int:
        tried.append(address)
        if address != "127.0.0.1:10002":
            raise RuntimeError("in use")
        return 10002

    place.listen(add_port)
    assert tried == ["127.0.0.1:10000", "127.0.0.1:10001", "127.0.0.1:10002"]
    assert handshake.line(place, b"x").startswith("1|6|tcp|127.0.0.1:10002|grpc|")
    with pytest.raises(OSError, match="no port from 10000 to 10002 is free"):
        place.listen(lambda _: 0)
