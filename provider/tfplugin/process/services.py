"""The gRPC services of a provider's process, built from descriptors without generated stubs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import grpc

_PROVIDER = "tfplugin6.Provider"
_SERVING = b"\x08\x01"  # a HealthCheckResponse: status 1
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class ProviderService(grpc.GenericRpcHandler):
    """The service tfplugin6.Provider; its servicer is made for the first call without an answer."""

    def __init__(self, make_servicer: Callable[[], object], answers: Mapping[str, bytes]) -> None:
        self._make_servicer = make_servicer
        self._handlers = {name: _answers(answer) for name, answer in answers.items()}
        self._has_servicer = False

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> _Handler | None:
        """Return what handles a call, None for one of another service. One thread calls it."""
        service, _, name = handler_call_details.method.removeprefix("/").rpartition("/")
        if service != _PROVIDER:
            return None
        if name not in self._handlers and not self._has_servicer:
            self._handlers = _handlers_of(self._make_servicer()) | self._handlers
            self._has_servicer = True
        return self._handlers.get(name)


def _answers(answer: bytes) -> _Handler:
    return grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)


def _handlers_of(servicer: object) -> dict[str, _Handler]:
    from google.protobuf.message_factory import GetMessageClass  # noqa: PLC0415 - not at the start

    from tfplugin.wire import tfplugin6_pb2  # noqa: PLC0415

    service = tfplugin6_pb2.DESCRIPTOR.services_by_name["Provider"]
    handlers: dict[str, _Handler] = {}
    for method in service.methods:
        behaviour = getattr(servicer, method.name, None)
        if behaviour is None:
            continue
        make_handler: Callable[..., _Handler] = (
            grpc.unary_stream_rpc_method_handler
            if method.server_streaming
            else grpc.unary_unary_rpc_method_handler
        )
        handlers[method.name] = make_handler(
            behaviour,
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
    return handlers


def controller_service(shut_down: Callable[[], None]) -> grpc.GenericRpcHandler:
    """Return go-plugin's service with which Terraform ends the process, once it has the answer."""

    def answer(_request: bytes, context: grpc.ServicerContext) -> bytes:
        if not context.add_callback(shut_down):  # it has not waited for the answer
            shut_down()
        return b""

    return grpc.method_handlers_generic_handler(
        "plugin.GRPCController", {"Shutdown": grpc.unary_unary_rpc_method_handler(answer)}
    )


def fixed_services() -> list[grpc.GenericRpcHandler]:
    """Return gRPC's health service, and go-plugin's for what it prints, which is nothing."""
    prints: _Handler = grpc.unary_stream_rpc_method_handler(lambda _request, _context: iter(()))
    return [
        grpc.method_handlers_generic_handler(
            "grpc.health.v1.Health", {"Check": _answers(_SERVING)}
        ),
        grpc.method_handlers_generic_handler("plugin.GRPCStdio", {"StreamStdio": prints}),
    ]
