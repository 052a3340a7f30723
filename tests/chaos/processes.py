"""A user's machine: commands of Terraform, and the processes of the provider that each starts.

All of them run in this process of Python, so each gets what a process of its own would have: a
provider, a memory of secrets, a parent. They share what real ones share: the user's private folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

import grpc
from google.protobuf.message_factory import GetMessageClass

from terraform_provider_veeam import masking
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.keep_alive.holder import Holder
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.mount_sessions import local_handover
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.process import server
from tfplugin.process.handshake import SocketDirectory
from tfplugin.process.lifetime import Ending, Lifetime
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.wire import tfplugin6_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.clocks import FastClock
    from terraform_provider_veeam.keep_alive.holder import BackgroundHolder

_METHODS = pb.DESCRIPTOR.services_by_name["Provider"].methods_by_name
_CALL_SECONDS = 60
_FIRST_NUMBER = 5_000_000  # more than any real process has
_THREADS = ("request", "hold")  # how the names of a provider's own threads begin


class PlayedProvider(VeeamProvider):
    """Has as long for its end as Terraform leaves it, whatever the clock."""

    clock: FastClock

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.clock)
        self._machine = machine

    def hand_over(self) -> None:
        self._machine.succeed(self.holder)

    def close(self, seconds: float) -> None:
        super().close(seconds * self.clock.factor)


class Killed(Exception):
    """Terraform was killed while it waited for an answer."""


class Process:
    """A provider that serves, as Terraform sees it."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self.is_stopped = False
        self.killed_at: float | None = None
        """When Terraform was killed, by the clock of this machine."""

    def call(self, name: str, request: Any) -> Any:
        method = _METHODS[name]
        stub: Any = self._channel.unary_unary(
            f"/tfplugin6.Provider/{name}",
            request_serializer=GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        try:
            return stub(request, timeout=_CALL_SECONDS)
        except (grpc.RpcError, ValueError):  # a channel that is closed takes no call
            if self.killed_at is None:
                raise
            raise Killed from None

    def stream(self, name: str, request: Any) -> Iterator[Any]:
        """Make a call that is answered with one event after the other."""
        method = _METHODS[name]
        stub: Any = self._channel.unary_stream(
            f"/tfplugin6.Provider/{name}",
            request_serializer=GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        return iter(stub(request, timeout=_CALL_SECONDS))

    def stop(self) -> None:
        """Have Terraform begin nothing more, and the calls in flight return."""
        self.is_stopped = True
        self.call("StopProvider", pb.StopProvider.Request())

    def kill(self) -> None:
        """Have Terraform end without a word."""
        self.is_stopped, self.killed_at = True, time.monotonic()
        self._channel.close()


class Machine:
    """What the commands of one user share; its folder is removed at the end."""

    def __init__(self, clock: FastClock, environment: Mapping[str, str]) -> None:
        self.clock = clock
        self._environment = environment
        self._numbers = count(_FIRST_NUMBER)
        self._running: int | None = None
        self._ends = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))

    def __enter__(self) -> Self:
        environment = {"XDG_RUNTIME_DIR": str(self.folder), **self._environment}
        for patch in (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(os, "getppid", self._parent),
            mock.patch.object(local_handover, "is_alive", self._is_running),
            mock.patch.object(server, "exit_within"),
        ):
            self._ends.enter_context(patch)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()
        shutil.rmtree(self.folder)

    def _parent(self) -> int:
        assert self._running is not None, "a process asks for its parent, which has ended"
        return self._running

    def _is_running(self, number: int) -> bool:
        return number == self._running

    def succeed(self, before: BackgroundHolder) -> None:
        """Hold what a process has held that ends, while its command lives."""
        holder = Holder(clock=self.clock, is_alive=self._is_running)
        for order in before.orders(self._parent()):
            settings = Order.from_plain(order.to_plain()).settings
            holder.hold(order, EnterpriseManager(settings, clock=self.clock).mounts.touch)
        threading.Thread(target=holder.run, daemon=True, name="successor").start()

    @contextmanager
    def command(self) -> Iterator[None]:
        """Run a command of Terraform, the parent of all processes that are started in it."""
        self._running = next(self._numbers)
        try:
            yield
        finally:
            self._running = None

    @contextmanager
    def process(self) -> Iterator[Process]:
        """Start a provider, and shut it down at the end, as Terraform does."""
        masking.known = masking.Secrets()  # it knows no other process's
        others = set(threading.enumerate())
        with SocketDirectory({"TMPDIR": str(self.folder)}) as place:
            provider = PlayedProvider(self)
            servicer = partial(ProviderServicer, mask=masking.mask)
            serving = server.Server(lambda: provider, servicer, place, Lifetime())
            serving.start_for_anybody()
            ending = Ending.SHUTDOWN
            try:
                with grpc.insecure_channel(f"unix:{place.address}") as channel:
                    process = Process(channel)
                    yield process
                    if process.killed_at is not None:
                        ending = Ending.ORPHANED
            finally:
                serving.shut_down(ending)
        for thread in set(threading.enumerate()) - others:
            if thread.name.startswith(_THREADS):
                thread.join(2.0)
