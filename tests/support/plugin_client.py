"""Terraform's side of the plugin protocol, for tests and measurements of a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from tfplugin.process.certificate import pem
from tfplugin.process.environment import COOKIE, COOKIE_VARIABLE
from tfplugin.wire import tfplugin6_pb2

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from typing import Self

INSTALLED = (str(Path(sys.executable).with_name("terraform-provider-veeam")),)

_LONGEST_MESSAGE = 256 * 1024 * 1024
_METHODS = tfplugin6_pb2.DESCRIPTOR.services_by_name["Provider"].methods_by_name


class PluginClient:
    """One started provider. Every wait ends with an error after its number of seconds."""

    def __init__(
        self,
        command: Sequence[str] = INSTALLED,
        environment: Mapping[str, str] | None = None,
        **popen: Any,
    ) -> None:
        """Start a provider with the cookie; `environment` is added to this process's."""
        started_with = {
            **os.environ,
            COOKIE_VARIABLE: COOKIE,
            "PLUGIN_PROTOCOL_VERSIONS": "5,6",
            "PLUGIN_CLIENT_CERT": "one",
            **(environment or {}),
        }
        popen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **popen}
        self.process: subprocess.Popen[bytes] = subprocess.Popen(command, env=started_with, **popen)
        self.handshake = ""
        self._channel: grpc.Channel | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def connect(self) -> grpc.Channel:
        """Read the handshake and return a channel, with TLS if it has a certificate to check."""
        if self._channel is None:
            assert self.process.stdout is not None
            self.handshake = self.process.stdout.readline().decode()
            self._channel = connect(self.handshake)
        return self._channel

    def call(self, name: str, request: Any = None, seconds: float = 10) -> Any:
        """Return the answer to a call, for a stream the list of its messages."""
        answer = self.start_call(name, request, seconds)
        return list(answer) if _METHODS[name].server_streaming else answer.result()

    def start_call(self, name: str, request: Any = None, seconds: float = 10) -> Any:
        """Return a call under way: a future, or an iterator for a stream."""
        method = _METHODS[name]
        request_class = GetMessageClass(method.input_type)
        path = f"/{method.containing_service.full_name}/{name}"
        channel = self.connect()
        serializers: Any = {
            "request_serializer": request_class.SerializeToString,
            "response_deserializer": GetMessageClass(method.output_type).FromString,
        }
        message = request_class() if request is None else request
        if method.server_streaming:
            return channel.unary_stream(path, **serializers)(message, timeout=seconds)
        return channel.unary_unary(path, **serializers).future(message, timeout=seconds)

    def shut_down(self, seconds: float = 5) -> int:
        """Ask the provider to end, as Terraform does, and return its exit code."""
        shutdown: Any = self.connect().unary_unary("/plugin.GRPCController/Shutdown")
        shutdown(b"", timeout=seconds)
        return self.wait(seconds)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the provider alone."""
        self.process.send_signal(number)

    def wait(self, seconds: float = 5) -> int:
        """Return the exit code of the provider once it has ended."""
        return self.process.wait(seconds)

    def errors(self) -> str:
        """Return what the ended provider wrote to stderr."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def memory_kib(self) -> dict[str, int]:
        """Return the resident memory now (VmRSS) and at its highest (VmHWM). Linux only."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        rows = dict(row.split(":", 1) for row in status.splitlines())
        return {name: int(rows[name].split()[0]) for name in ("VmRSS", "VmHWM")}

    def kill(self) -> None:
        """End the provider, whatever it does, and close what was opened to it."""
        if self._channel is not None:
            self._channel.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr, self.process.stdin):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def connect(handshake: str) -> grpc.Channel:
    """Return a channel to the provider that wrote this handshake line."""
    _core, _version, network, address, _protocol, certificate = handshake.strip().split("|")
    target = f"{network}:{address}"
    longest = (("grpc.max_receive_message_length", _LONGEST_MESSAGE),)
    if not certificate:
        return grpc.insecure_channel(target, longest)
    der = b64decode(certificate + "=" * (-len(certificate) % 4), validate=True)
    credentials = grpc.ssl_channel_credentials(pem("CERTIFICATE", der))
    named = (
        ("grpc.ssl_target_name_override", "localhost"),
        ("grpc.default_authority", "localhost"),
    )
    return grpc.secure_channel(target, credentials, options=named + longest)
