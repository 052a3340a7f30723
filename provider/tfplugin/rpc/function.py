"""The calls for functions."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from collections.abc import Sequence
from typing import Any

from tfplugin.errors import FunctionFailed
from tfplugin.rpc.call import Calls, find
from tfplugin.schema import FunctionSignature
from tfplugin.types import Unknown
from tfplugin.wire import codec
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.diagnostics import Unusable
from tfplugin.wire.schemas import function_to_pb


class FunctionCalls(Calls):
    """Describe and call."""

    def GetFunctions(
        self, request: pb.GetFunctions.Request, context: object = None
    ) -> pb.GetFunctions.Response:
        """Return the signatures of the functions."""
        response = pb.GetFunctions.Response()
        with self._call("describing functions", answer=response.diagnostics):
            for name, function in self._functions.items():
                response.functions[name].CopyFrom(function_to_pb(function.signature))
        return response

    def CallFunction(
        self, request: pb.CallFunction.Request, context: object = None
    ) -> pb.CallFunction.Response:
        """Return the result of a function, or why there is none."""
        response = pb.CallFunction.Response()
        try:
            cls = find(self._functions, request.name)
            signature = cls.signature
            result = cls(self._provider).call(*_arguments(signature, request.arguments))
            response.result.CopyFrom(_result(signature, result))
        except FunctionFailed as error:
            response.error.text = self._mask(error.text)
            if error.argument is not None:
                response.error.function_argument = error.argument
        except Exception as error:  # noqa: BLE001 - whatever it is, a person is told
            said = self._call("calling", request.name).describe(error)
            text = f"{said.summary}: {said.detail}".removesuffix(": ")
            response.error.text = self._mask(text)
        return response


def _arguments(signature: FunctionSignature, messages: Sequence[pb.DynamicValue]) -> list[Any]:
    """Return the arguments as Python values. Raises FunctionFailed."""
    parameters = signature.parameters
    if len(parameters) != len(messages):
        raise FunctionFailed(f"It takes {len(parameters)} arguments, not {len(messages)}.")
    arguments = []
    for position, (parameter, message) in enumerate(zip(parameters, messages, strict=True)):
        try:
            value = codec.decode_value(parameter.type, codec.unpack(message), [parameter.name])
            if value is None or value is Unknown:  # which Terraform itself refuses
                raise FunctionFailed(
                    f"{parameter.name}: This has to be known, and not null.", position
                )
            check = getattr(parameter, "check", None)  # tf's own Parameter has none
            arguments.append(check(value) if check else value)
        except Unusable as error:
            raise FunctionFailed(f"{parameter.name}: {error.text}", position) from error
        except ValueError as error:
            raise FunctionFailed(str(error), position) from error
    return arguments


def _result(signature: FunctionSignature, result: Any) -> pb.DynamicValue:
    """Return the message of a result. Raises Unusable."""
    encoder = codec.Encoder(may_be_unknown=False)
    plain = encoder.value(signature.return_type.type, result, [])
    for problem in encoder.problems:
        raise problem
    return codec.pack(plain)
