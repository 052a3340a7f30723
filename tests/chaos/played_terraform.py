"""Terraform, played over gRPC: its calls in its order, each phase with a provider of its own."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # there are no stubs
from google.protobuf.message_factory import GetMessageClass

from support.plugin_client import connect
from terraform_provider_veeam.plugin.process import handshake
from terraform_provider_veeam.plugin.process.handshake import SocketDirectory
from terraform_provider_veeam.plugin.process.lifetime import Ending, Lifetime
from terraform_provider_veeam.plugin.process.server import Server
from terraform_provider_veeam.plugin.rpc.servicer import ProviderServicer
from terraform_provider_veeam.plugin.wire import tfplugin6_pb2 as pb
from terraform_provider_veeam.provider import VeeamProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import grpc

    from chaos.clock import FastClock

TYPE = "veeam_mount_point"
ATTRIBUTES = (
    "restore_point_id",
    "restore_point_type",
    "os_kind",
    "keep_alive",
    "id",
    "mount_id",
    "href",
    "session_fingerprint",
    "restore_point_name",
    "restore_point_created_at",
    "file_system_roots",
    "timeouts",
)
_METHODS = pb.DESCRIPTOR.services_by_name["Provider"].methods_by_name
_NULL = msgpack.packb(None)
_CALL_SECONDS = 60


def dynamic(value: Any) -> pb.DynamicValue:
    return pb.DynamicValue(msgpack=msgpack.packb(value))


def plain(value: pb.DynamicValue) -> Any:
    return msgpack.unpackb(value.msgpack, ext_hook=lambda *_: "(unknown)")


@dataclass
class Instance:
    """One resource instance in the state."""

    state: bytes
    private: bytes
    tainted: bool

    @property
    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = msgpack.unpackb(self.state)
        return found


@dataclass
class Run:
    """What one command told, and what it did to the state."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def take(self, diagnostics: Any) -> bool:
        """Take note of a call's diagnostics; returns whether there is an error."""
        failed = False
        for diagnostic in diagnostics:
            text = f"{diagnostic.summary}\n{diagnostic.detail}"
            if diagnostic.severity == pb.Diagnostic.ERROR:
                self.errors.append(text)
                failed = True
            else:
                self.warnings.append(text)
        return failed


@dataclass
class Plan:
    """What is to be created, and what was told while finding that out."""

    run: Run
    missing: dict[str, str]


class Process:
    """A provider that serves, as Terraform sees it."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def call(self, name: str, request: Any) -> Any:
        method = _METHODS[name]
        stub: Any = self._channel.unary_unary(
            f"/tfplugin6.Provider/{name}",
            request_serializer=GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        return stub(request, timeout=_CALL_SECONDS)


class PlayedTerraform:
    """Plans, applies and destroys some mounts; `state` is what a state file would hold."""

    def __init__(self, provider_block: Mapping[str, Any], clock: FastClock) -> None:
        self._block = dict(provider_block)
        self._clock = clock
        self.state: dict[str, Instance] = {}

    @contextmanager
    def process(self) -> Iterator[Process]:
        """Start a provider, configure it, and shut it down at the end."""
        with SocketDirectory(os.environ) as directory:
            lifetime = Lifetime()
            server = Server(VeeamProvider(self._clock), ProviderServicer, directory, lifetime)
            certificate = server.start()
            channel = connect(handshake.line(directory, certificate))
            try:
                process = Process(channel)
                request = pb.ConfigureProvider.Request(
                    terraform_version="1.15.5", config=dynamic(self._block)
                )
                answer = process.call("ConfigureProvider", request)
                assert not [d for d in answer.diagnostics if d.severity == pb.Diagnostic.ERROR]
                yield process
            finally:
                channel.close()
                server.shut_down(Ending.SHUTDOWN)

    def plan(self, wanted: Mapping[str, str]) -> Plan:
        """Refresh, and plan to create what is missing."""
        run = Run()
        with self.process() as process:
            self._refresh(process, run)
            missing = {n: point for n, point in wanted.items() if n not in self.state}
            with ThreadPoolExecutor(10) as threads:
                answers = list(
                    threads.map(lambda point: self._plan(process, point), missing.values())
                )
        failed = [run.take(answer.diagnostics) for answer in answers]
        return Plan(run, {} if any(failed) or run.errors else missing)

    def create(self, plan: Plan, interrupt: Callable[[Process], None] | None = None) -> Run:
        """Plan again and create, in a process of its own."""
        run = plan.run
        if not plan.missing:
            return run
        with self.process() as process, ThreadPoolExecutor(11) as threads:
            creating = [
                threads.submit(self._create, process, run, name, point)
                for name, point in plan.missing.items()
            ]
            if interrupt:
                threads.submit(interrupt, process)
            for created in creating:
                created.result()
        return run

    def destroy(self, *, refresh: bool = True) -> Run:
        """Refresh and delete all that the state holds, two processes."""
        run = Run()
        if refresh:
            with self.process() as process:
                self._refresh(process, run)
        with self.process() as process, ThreadPoolExecutor(10) as threads:
            list(threads.map(lambda name: self._delete(process, run, name), list(self.state)))
        return run

    def _refresh(self, process: Process, run: Run) -> None:
        def read(name: str) -> None:
            instance = self.state[name]
            answer = process.call(
                "ReadResource",
                pb.ReadResource.Request(
                    type_name=TYPE,
                    current_state=pb.DynamicValue(msgpack=instance.state),
                    private=instance.private,
                ),
            )
            if run.take(answer.diagnostics):
                return
            if answer.new_state.msgpack == _NULL:
                del self.state[name]
            else:
                instance.state, instance.private = answer.new_state.msgpack, answer.private

        with ThreadPoolExecutor(10) as threads:
            list(threads.map(read, list(self.state)))

    def _plan(self, process: Process, restore_point: str) -> Any:
        config = dict.fromkeys(ATTRIBUTES) | {"restore_point_id": restore_point}
        return process.call(
            "PlanResourceChange",
            pb.PlanResourceChange.Request(
                type_name=TYPE,
                prior_state=dynamic(None),
                proposed_new_state=dynamic(config),
                config=dynamic(config),
            ),
        )

    def _create(self, process: Process, run: Run, name: str, restore_point: str) -> None:
        config = dict.fromkeys(ATTRIBUTES) | {"restore_point_id": restore_point}
        plan = self._plan(process, restore_point)
        if run.take(plan.diagnostics):
            return
        answer = process.call(
            "ApplyResourceChange",
            pb.ApplyResourceChange.Request(
                type_name=TYPE,
                prior_state=dynamic(None),
                planned_state=plan.planned_state,
                config=dynamic(config),
                planned_private=plan.planned_private,
            ),
        )
        failed = run.take(answer.diagnostics)
        if answer.new_state.msgpack != _NULL:
            self.state[name] = Instance(answer.new_state.msgpack, answer.private, failed)
        else:
            assert failed, "neither a state nor an error"

    def _delete(self, process: Process, run: Run, name: str) -> None:
        instance = self.state[name]
        prior = pb.DynamicValue(msgpack=instance.state)
        plan = process.call(
            "PlanResourceChange",
            pb.PlanResourceChange.Request(
                type_name=TYPE,
                prior_state=prior,
                proposed_new_state=dynamic(None),
                config=dynamic(None),
                prior_private=instance.private,
            ),
        )
        if run.take(plan.diagnostics):
            return
        answer = process.call(
            "ApplyResourceChange",
            pb.ApplyResourceChange.Request(
                type_name=TYPE,
                prior_state=prior,
                planned_state=dynamic(None),
                config=dynamic(None),
                planned_private=plan.planned_private,
            ),
        )
        failed = run.take(answer.diagnostics)
        assert answer.new_state.msgpack == _NULL, "a delete that returns something"
        if not failed:  # else Terraform keeps what it had
            del self.state[name]


def interrupt_after(seconds: float, clock: FastClock) -> Callable[[Process], None]:
    """Return what sends StopProvider after so many seconds of the clock."""

    def interrupt(process: Process) -> None:
        clock.wait(threading.Event(), seconds)
        process.call("StopProvider", pb.StopProvider.Request())

    return interrupt
