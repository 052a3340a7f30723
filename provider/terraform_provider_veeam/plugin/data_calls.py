"""The calls that only compute a value: data sources and functions."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.plugin.calls import Calls
from terraform_provider_veeam.plugin.codec import Encoder, decode_value, pack, unpack
from terraform_provider_veeam.plugin.contexts import ReadDataContext
from terraform_provider_veeam.plugin.diagnostics import Unusable
from terraform_provider_veeam.plugin.interfaces import FunctionFailed
from terraform_provider_veeam.plugin.messages import pb
from terraform_provider_veeam.plugin.planning import fill_in

# isort: split
from tf.types import Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tf.function import FunctionSignature, Parameter


class DataCalls(Calls):
    """Reading data sources, and calling functions."""

    def ReadDataSource(
        self, request: pb.ReadDataSource.Request, context: object = None
    ) -> pb.ReadDataSource.Response:
        """Return what a data source finds."""
        response = pb.ReadDataSource.Response()
        call = self._call("reading", request.type_name)
        with call:
            form = self._form(self._data_sources, request.type_name)
            source = self._new(self._data_sources, request.type_name)
            ctx = ReadDataContext(
                call.diagnostics,
                request.type_name,
                self.stop,
                client_can_defer=request.client_capabilities.deferral_allowed,
            )
            config = form.decode_present(request.config)
            found = source.read(ctx, config)
            call.put_deferred(response, ctx)
            if ctx.deferred is not None:
                later = fill_in(form.block, config, config, None)
                response.state.CopyFrom(form.encode(later, call, may_be_unknown=True))
            elif found is not None:
                response.state.CopyFrom(form.encode(found, call))
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def CallFunction(
        self, request: pb.CallFunction.Request, context: object = None
    ) -> pb.CallFunction.Response:
        """Return the result of a function, or why there is none."""
        response = pb.CallFunction.Response()
        call = self._call("calling", request.name)
        try:
            function = self._new(self._functions, request.name)
            signature = function.get_signature()
            result = function.call(_arguments(signature, request.arguments))
            response.result.CopyFrom(_result(signature, result))
        except FunctionFailed as error:
            response.error.text = self._mask(error.text)
            if error.argument is not None:
                response.error.function_argument = error.argument
        except Exception as error:  # noqa: BLE001 - whatever it is, a person is told
            described = call.describe(error)
            text = f"{described.summary}: {described.detail}".removesuffix(": ")
            response.error.text = self._mask(text)
        return response


def _result(signature: FunctionSignature, result: Any) -> pb.DynamicValue:
    """Return the message of a result. Raises Unusable."""
    encoder = Encoder(may_be_unknown=True)
    plain = encoder.value(signature.return_type.type, result, [])
    for problem in encoder.problems:
        raise problem
    return pack(plain)


def _arguments(signature: FunctionSignature, messages: Sequence[pb.DynamicValue]) -> list[Any]:
    """Return the arguments as Python values. Raises FunctionFailed."""
    parameters: list[Parameter] = list(signature.parameters)
    if signature.variadic_parameter:
        parameters += [signature.variadic_parameter] * (len(messages) - len(parameters))
    if len(parameters) != len(messages):
        raise FunctionFailed(f"It takes {len(parameters)} arguments, not {len(messages)}.")
    arguments = []
    for position, (parameter, message) in enumerate(zip(parameters, messages, strict=True)):
        try:
            arguments.append(_argument(parameter, message))
        except Unusable as error:
            raise FunctionFailed(f"{parameter.name}: {error.text}", position) from error
    return arguments


def _argument(parameter: Parameter, message: pb.DynamicValue) -> Any:
    """Return an argument as a Python value. Raises Unusable."""
    plain = unpack(message)
    if plain is None and not parameter.allow_null_value:
        raise Unusable([parameter.name], "It may not be null.")
    if plain is Unknown and not parameter.allow_unknown_values:
        raise Unusable([parameter.name], "It has to be known.")
    return decode_value(parameter.type, plain, [parameter.name])
