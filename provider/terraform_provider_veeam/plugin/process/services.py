"""The gRPC services of a provider's process, built from descriptors without generated stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from terraform_provider_veeam.plugin.wire import tfplugin6_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SERVING = b"\x08\x01"  # a HealthCheckResponse: status 1


def provider_service(servicer: object) -> grpc.GenericRpcHandler:
    """Return the service tfplugin6.Provider; a call the servicer lacks is unimplemented."""
    service = tfplugin6_pb2.DESCRIPTOR.services_by_name["Provider"]
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    for method in service.methods:
        behaviour = getattr(servicer, method.name, None)
        if behaviour is None:
            continue
        make_handler: Callable[..., grpc.RpcMethodHandler[Any, Any]] = (
            grpc.unary_stream_rpc_method_handler
            if method.server_streaming
            else grpc.unary_unary_rpc_method_handler
        )
        handlers[method.name] = make_handler(
            behaviour,
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def controller_service(shut_down: Callable[[], None]) -> grpc.GenericRpcHandler:
    """Return go-plugin's service with which Terraform ends the process."""

    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        shut_down()
        return b""

    return grpc.method_handlers_generic_handler(
        "plugin.GRPCController", {"Shutdown": grpc.unary_unary_rpc_method_handler(answer)}
    )


def health_service() -> grpc.GenericRpcHandler:
    """Return gRPC's service that tells go-plugin that the process serves."""

    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        return _SERVING

    return grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(answer)}
    )


def stdio_service() -> grpc.GenericRpcHandler:
    """Return go-plugin's service for what a plugin prints: nothing, so the stream ends at once."""

    def answer(_request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        return iter(())

    return grpc.method_handlers_generic_handler(
        "plugin.GRPCStdio", {"StreamStdio": grpc.unary_stream_rpc_method_handler(answer)}
    )
