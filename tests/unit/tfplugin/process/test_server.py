"""The process that serves: real processes, real sockets, real TLS."""

from __future__ import annotations

import json
import re
import signal
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest

from support.plugin_client import PluginClient
from support.toy_client import TOY, toy
from tfplugin.process import handshake, logs, server
from tfplugin.wire import tfplugin6_pb2 as pb


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


def test_a_client_without_a_certificate_is_served_in_the_clear(folder: Path) -> None:
    with toy(folder, PLUGIN_CLIENT_CERT="") as client:
        assert client.handshake.split("|")[4:] == ["grpc", "\n"]
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        assert client.shut_down() == 0


def test_the_socket_is_where_go_plugin_says(folder: Path) -> None:
    place = folder / "sockets"
    place.mkdir()
    with toy(folder, PLUGIN_UNIX_SOCKET_DIR=str(place)) as client:
        assert Path(client.handshake.split("|")[3]).parent.parent == place


def test_go_plugin_is_told_that_it_serves(folder: Path) -> None:
    with toy(folder) as client:
        check: Any = client.connect().unary_unary("/grpc.health.v1.Health/Check")
        assert check(b"", timeout=10) == b"\x08\x01"  # SERVING


def test_a_given_answer_is_sent_before_a_servicer_is_made_and_after(folder: Path) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        assert client.call("GetMetadata").resources[0].type_name == "toy"
        assert client.call("GetProviderSchema").server_capabilities.plan_destroy
        assert client.call("GetMetadata").resources[0].type_name == "toy"
        assert client.call("PlanResourceChange") is not None
        assert client.shut_down() == 0
        assert client.errors().count("a servicer is made") == 1


def test_a_process_that_has_only_given_answers_makes_no_servicer(folder: Path) -> None:
    with toy(folder, TF_LOG="DEBUG") as client:
        assert client.call("GetMetadata").resources
        assert client.shut_down() == 0
        assert "a servicer is made" not in client.errors()


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


def test_what_a_library_prints_never_reaches_terraform(folder: Path) -> None:
    with toy(folder) as client:
        client.call("GetProviderSchema")
        assert client.shut_down() == 0
        assert client.process.stdout
        assert client.process.stdout.read() == b""
        assert client.errors() == "a stray line\n"


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


def test_without_a_place_for_its_socket_it_says_on_stdout_which_variable_helps(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Terraform shows what stands in place of the handshake; stderr goes to its log alone."""
    monkeypatch.setattr(handshake, "_TEMPORARY", ())
    monkeypatch.setenv("TMPDIR", "/no/such/folder")
    monkeypatch.setattr(logs, "setup", lambda *_: None)
    never: Any = object
    assert server.serve(never, never, name="toy") == 1
    told = capfd.readouterr()
    assert "TMPDIR" in told.out
    assert "/no/such/folder" in told.out
    assert told.out.count("\n") == 1
    assert "|" not in told.out
    assert "Traceback" not in told.err
    assert server.serve_debug(lambda: never, never, name="toy") == 1


def test_a_call_for_which_there_is_no_thread_waits_for_another_ones_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    calls, go_on = server._Calls(), threading.Event()
    first = calls.submit(go_on.wait, 10)
    monkeypatch.setattr(threading.Thread, "start", start)
    second = calls.submit(lambda: "answer")
    third = calls.submit(lambda: 1 / 0)
    assert not second.done()
    go_on.set()
    assert first.result(10)
    assert second.result(10) == "answer"
    assert isinstance(third.exception(10), ZeroDivisionError)
    calls.wait(10)
    monkeypatch.undo()
    calls.shutdown()
