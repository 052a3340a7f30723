"""The process that serves: real processes, real sockets, real TLS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from benchmarks.plugin_client import PluginClient
from terraform_provider_veeam.plugin import tfplugin6_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

TOY = (sys.executable, str(Path(__file__).with_name("toy_provider.py")))
ENDED_WITHIN_SECONDS = 1.5


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary directory with a path short enough for a socket, on macOS too."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        yield Path(path)


@contextmanager
def toy(folder: Path, **environment: str) -> Iterator[PluginClient]:
    """A connected toy provider; it is killed at the end when it has not ended by itself."""
    with PluginClient(TOY, {"TMPDIR": str(folder), **environment}) as client:
        client.connect()
        yield client


def read(seconds: float) -> Any:
    return pb.ReadResource.Request(type_name=str(seconds))


def apply(seconds: float) -> Any:
    return pb.ApplyResourceChange.Request(type_name=str(seconds))


def wait_for_line(client: PluginClient, text: str) -> None:
    """Return once the provider has written a log line with that text."""
    assert client.process.stderr is not None
    while text not in client.process.stderr.readline().decode():
        assert client.process.poll() is None


def test_the_handshake_line_says_where_and_how_to_connect(folder: Path) -> None:
    with toy(folder) as client:
        core, version, network, address, protocol, certificate = client.handshake.split("|")

        assert (core, version, network, protocol) == ("1", "6", "unix", "grpc")
        assert re.fullmatch(r"[A-Za-z0-9+/]+\n", certificate)
        directory = Path(address).parent
        assert directory.stat().st_mode & 0o777 == 0o700
        assert directory.parent == folder
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        assert client.shut_down() == 0


def test_a_client_whose_tls_is_switched_off_gets_no_certificate(folder: Path) -> None:
    with PluginClient(TOY, {"TMPDIR": str(folder), "TF_DISABLE_PLUGIN_TLS": "1"}) as client:
        assert client.process.stdout
        *_, address, protocol, certificate = client.process.stdout.readline().decode().split("|")
        assert (protocol, certificate) == ("grpc", "\n")
        with grpc.insecure_channel(f"unix:{address}") as channel:
            check: Any = channel.unary_unary("/grpc.health.v1.Health/Check")
            assert check(b"", timeout=10)


def test_the_socket_is_where_go_plugin_says(folder: Path) -> None:
    place = folder / "sockets"
    place.mkdir()
    with toy(folder, PLUGIN_UNIX_SOCKET_DIR=str(place)) as client:
        assert Path(client.handshake.split("|")[3]).parent.parent == place


def test_go_plugin_is_told_that_it_serves(folder: Path) -> None:
    with toy(folder) as client:
        check: Any = client.connect().unary_unary("/grpc.health.v1.Health/Check")
        assert check(b"", timeout=10) == b"\x08\x01"  # SERVING


def test_ctrl_c_is_ignored_long_before_the_handshake(folder: Path) -> None:
    began = time.monotonic()
    with PluginClient(environment={"TMPDIR": str(folder)}) as client:
        while not _ignores(client.process.pid, signal.SIGINT):
            time.sleep(0.001)
        ignored = time.monotonic() - began
        client.signal(signal.SIGINT)
        client.connect()
        assert ignored < (time.monotonic() - began) / 2
        assert client.shut_down() == 0


def _ignores(process: int, number: signal.Signals) -> bool:
    """Tell whether the interpreter has come far enough to ignore a signal."""
    status = Path(f"/proc/{process}/status").read_text()
    ignored = re.search(r"^SigIgn:\s*([0-9a-f]+)", status, re.MULTILINE)
    return bool(ignored and int(ignored[1], 16) >> (number - 1) & 1)


def test_shutdown_ends_the_process_and_leaves_no_file(folder: Path) -> None:
    with toy(folder) as client:
        began = time.monotonic()
        assert client.shut_down() == 0
        assert time.monotonic() - began < ENDED_WITHIN_SECONDS
        assert client.errors() == ""
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("busy", [False, True], ids=["close hangs", "close and a call hang"])
def test_shutdown_ends_a_process_that_hangs(folder: Path, *, busy: bool) -> None:
    with toy(folder, TOY_CLOSE_SECONDS="60") as client:
        call = client.start_call("ApplyResourceChange", apply(60), 60) if busy else None
        client.call("GetProviderSchema")
        began = time.monotonic()
        assert client.shut_down() == 0
        assert time.monotonic() - began < ENDED_WITHIN_SECONDS
        assert "something hangs" in client.errors()
        if call is not None:
            assert call.exception() is not None
    assert list(folder.iterdir()) == []


def test_a_call_returns_normally_when_ctrl_c_reaches_the_provider(folder: Path) -> None:
    with toy(folder) as client:
        call = client.start_call("ApplyResourceChange", apply(0.6))
        client.call("GetProviderSchema")
        client.signal(signal.SIGINT)
        assert call.result().private == b"applied"
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        assert client.shut_down() == 0


def test_stop_provider_wakes_a_wait_and_calls_in_flight_return(folder: Path) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        waiting = client.start_call("ReadResource", read(60), 60)
        working = client.start_call("ApplyResourceChange", apply(0.6))
        wait_for_line(client, "a read begins")
        client.call("StopProvider")
        assert waiting.result().private == b"stopped"
        assert working.result().private == b"applied"
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        assert client.shut_down() == 0


def test_stop_provider_gets_through_beside_64_calls_that_wait(folder: Path) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        calls = [client.start_call("ReadResource", read(60), 60) for _ in range(64)]
        for _ in calls:
            wait_for_line(client, "a read begins")
        assert client.call("StopProvider").Error == "64"
        assert {call.result().private for call in calls} == {b"stopped"}
        assert client.shut_down() == 0


def test_large_messages_pass_both_ways(folder: Path) -> None:
    private = bytes(20 * 1024 * 1024)
    with toy(folder) as client:
        request = pb.PlanResourceChange.Request(prior_private=private)
        assert client.call("PlanResourceChange", request).planned_private == private


def test_a_stream_ends_and_a_call_that_is_missing_is_unimplemented(folder: Path) -> None:
    with toy(folder) as client:
        events = client.call("InvokeAction")
        assert [event.progress.message for event in events] == ["one", "two"]
        with pytest.raises(grpc.RpcError) as refused:
            client.call("GetFunctions")
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
        stdio: Any = client.connect().unary_stream("/plugin.GRPCStdio/StreamStdio")
        assert list(stdio(b"", timeout=5)) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_calls_return_before_the_process_ends(
    folder: Path, number: signal.Signals
) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        waiting = client.start_call("ReadResource", read(60), 60)
        working = client.start_call("ApplyResourceChange", apply(0.8))
        wait_for_line(client, "a read begins")
        client.signal(number)
        assert waiting.result().private == b"stopped"
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
        working = client.start_call("ReadResource", read(60), 60)
        wait_for_line(client, "a read begins")
        client.process.kill()
        assert working.result().private == b"stopped"
        # Its end closes the pipe that it writes to.
        assert "Terraform is gone" in client.errors()
    with pytest.raises(ProcessLookupError):
        await_end(provider)
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


def test_log_lines_are_json_and_hold_no_secret(folder: Path) -> None:
    with toy(folder, TF_LOG="JSON") as client:
        answer = client.call("ValidateProviderConfig")
        assert answer.diagnostics[0].summary == "***"
        client.shut_down()
        written = client.errors()
    assert "canary" not in written
    entries = [json.loads(line) for line in written.splitlines()]
    of_toy = [entry for entry in entries if entry["@module"] == "toy"]
    assert of_toy[0]["@message"] == "message ***"
    assert of_toy[0]["field"] == "***"
    assert "invalid literal" in of_toy[1]["traceback"]
    assert any(entry["@message"] == "uncaught error" for entry in entries)


def test_a_client_of_another_protocol_is_told_so_and_refused(folder: Path) -> None:
    with PluginClient(TOY, {"PLUGIN_PROTOCOL_VERSIONS": "4,5"}) as client:
        assert client.wait() == 1
        assert "protocol 6" in client.errors()
        assert "4,5" not in client.handshake


@pytest.mark.parametrize("directory", ["long" * 30, "missing"])
def test_a_temporary_directory_that_can_not_hold_a_socket_is_replaced(
    folder: Path, directory: str
) -> None:
    if directory != "missing":
        (folder / directory).mkdir()
    with PluginClient(TOY, {"TMPDIR": str(folder / directory)}) as client:
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        socket = Path(client.handshake.split("|")[3])
        assert socket.parent.parent == Path("/tmp")  # noqa: S108 - what is tested
        assert client.shut_down() == 0
        assert not socket.parent.exists()


def test_serve_debug_prints_how_to_reattach_and_serves_without_tls_until_ctrl_c(
    folder: Path,
) -> None:
    environment = {"TMPDIR": str(folder), "TF_PLUGIN_MAGIC_COOKIE": ""}
    with PluginClient((*TOY, "debug"), environment) as client:
        assert client.process.stdout is not None
        lines = iter(client.process.stdout.readline, b"")
        export = next(line.decode() for line in lines if line.startswith(b"export"))
        found = re.fullmatch(r"export TF_REATTACH_PROVIDERS='(.*)'\n", export)
        assert found
        told = json.loads(found[1])
        reattach = told["registry.terraform.io/toys/toy"]
        assert told["registry.opentofu.org/toys/toy"] == reattach
        address = reattach.pop("Addr")
        assert reattach == {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": client.process.pid,
            "Test": True,
        }
        with grpc.insecure_channel(f"{address['Network']}:{address['String']}") as channel:
            call: Any = channel.unary_unary("/tfplugin6.Provider/GetProviderSchema")
            answer = pb.GetProviderSchema.Response.FromString(call(b"", timeout=5))
            assert answer.server_capabilities.plan_destroy
        client.signal(signal.SIGINT)
        assert client.wait() == 0
    assert list(folder.iterdir()) == []
