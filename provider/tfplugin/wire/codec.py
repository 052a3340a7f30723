"""Values on the wire, by schema: msgpack or JSON in, Python values and `Unknown` out, and back."""

import json
import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgpack  # type: ignore[import-untyped]  # there are no stubs
from tf.schema import Attribute

from tfplugin import types
from tfplugin.contexts import Path, State
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.diagnostics import Unusable

_UNKNOWN_EXTENSIONS = (0, 12)  # 12 says more about the unknown value, which nobody needs here
_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)  # integers beyond go as text

# What values of a type are in Python, and what people call them. A bool is an int, too.
_KINDS: dict[type[types.TfType], tuple[type | tuple[type, ...], str]] = {
    types.Bool: (bool, "true or false"),
    types.Number: ((int, float), "a number"),
    types.String: (str, "a string"),
    types.List: (list, "a list"),
    types.Object: (dict, "an object"),
}


def unpack(value: pb.DynamicValue) -> Any:
    """Return the plain value in a message, `Unknown` where it is not known. Raises Unusable."""
    try:
        if value.msgpack:
            return msgpack.unpackb(value.msgpack, ext_hook=_extension)
        if value.json:
            return unpack_json(value.json)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise Unusable([], f"The value can't be read: {error}") from error
    return None


def unpack_json(text: bytes) -> Any:
    """Return the plain value of JSON, fractions as text: a float is too narrow. Raises Unusable."""
    try:
        return json.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise Unusable([], f"The value can't be read: {error}") from error


def decode(attributes: Iterable[Attribute], value: pb.DynamicValue) -> State | None:
    """Return the object in a message, None for null. Raises Unusable."""
    return decode_object(attributes, unpack(value))


def decode_object(attributes: Iterable[Attribute], plain: Any) -> State | None:
    """Return a plain object; what none of the attributes is for is dropped. Raises Unusable."""
    if plain is None:
        return None
    if not isinstance(plain, dict):
        raise Unusable([], "This has to be an object, and one that is known.")
    return {one.name: decode_value(one.type, plain.get(one.name), [one.name]) for one in attributes}


def decode_value(type_: types.TfType, plain: Any, path: Path) -> Any:
    """Return the Python value of a plain one. Raises Unusable for one of another type."""
    try:
        return type_.decode(_typed(type_, plain, path))
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise Unusable(path, str(error) or "It is not a value of that type.") from error


def _typed(type_: Any, plain: Any, path: Path) -> Any:
    """Return a plain value with its numbers as such: those that fit no float came as text.

    Terraform sends values of the right type; other clients, and states edited by hand, need not.
    """
    if plain is None or plain is types.Unknown:
        return plain
    kind = _kind_of(type_.__class__)
    if kind is types.Number and isinstance(plain, str):
        return _number(plain)
    if kind and not _suits(kind, plain):
        _, wanted = _KINDS[kind]
        found = (name for python, name in _KINDS.values() if isinstance(plain, python))
        raise Unusable(path, f"This has to be {wanted}, and is {next(found, 'something else')}.")
    return _inside(_typed, type_, plain, path)


def _inside(do: Callable[[Any, Any, Path], Any], type_: Any, plain: Any, path: Path) -> Any:
    """Return a value with something done to each value in it, where its type has such."""
    kind = _kind_of(type_.__class__)
    if kind is types.List:
        return [do(type_.element_type, item, [*path, (i,)]) for i, item in enumerate(plain)]
    if kind is types.Object:
        inner = type_.attributes.items()
        return {name: do(type_, plain.get(name), [*path, name]) for name, type_ in inner}
    return plain


def _number(text: str) -> Any:
    """Return an int, a float where it loses nothing, else a Decimal."""
    try:
        return int(text)
    except ValueError:
        from decimal import Decimal  # noqa: PLC0415 - not imported for every start

        exact, narrow = Decimal(text), float(text)
        return narrow if Decimal(repr(narrow)) == exact else exact


def _extension(code: int, _refinements: bytes) -> Any:
    if code in _UNKNOWN_EXTENSIONS:
        return types.Unknown
    raise ValueError(f"msgpack extension {code} has no meaning here")


class Encoder:
    """Encodes what objects return: what can't go over the wire is null, and one of `problems`."""

    def __init__(self, *, may_be_unknown: bool) -> None:
        self._may_be_unknown = may_be_unknown
        self.problems: list[Unusable] = []

    def encode(self, attributes: Iterable[Attribute], state: State | None) -> pb.DynamicValue:
        """Return the message of an object; what it lacks is null."""
        if state is None:
            return pack(None)
        values = ((one, state.get(one.name)) for one in attributes)
        return pack({one.name: self.value(one.type, value, [one.name]) for one, value in values})

    def value(self, type_: types.TfType, value: Any, path: Path) -> Any:
        """Return the plain form of one value."""
        if value is None:
            return None
        try:
            return self._checked(type_, type_.encode(value), path)
        except (ValueError, TypeError, AttributeError) as error:
            return self._problem(path, f"The provider can't encode it: {error}.")

    def _checked(self, type_: Any, plain: Any, path: Path) -> Any:
        if plain is types.Unknown:
            return self._unknown(path)
        kind = _kind_of(type_.__class__)
        if plain is None or kind is None:
            return plain
        if not _suits(kind, plain):
            wanted = type_.tf_type().decode()
            made = type(plain).__name__
            return self._problem(path, f"The provider made it {made}, where {wanted} belongs.")
        if kind is types.Number:
            return _number_to_wire(plain)
        return _inside(self._checked, type_, plain, path)

    def _unknown(self, path: Path) -> Any:
        if self._may_be_unknown:
            return types.Unknown
        return self._problem(path, "The provider left it unknown, which only a plan may do.")

    def _problem(self, path: Path, text: str) -> None:
        self.problems.append(Unusable(path, text))


def pack(plain: Any) -> pb.DynamicValue:
    """Return the message of a plain value."""
    return pb.DynamicValue(msgpack=msgpack.packb(plain, default=_default))


def _default(value: Any) -> Any:
    if value is types.Unknown:
        return msgpack.ExtType(0, b"\x00")
    raise TypeError(f"{type(value).__name__} can't go over the wire")


@cache
def _kind_of(cls: type[types.TfType]) -> type[types.TfType] | None:
    """Return of which kind a type's values are, if any; `isinstance` takes 100 times as long."""
    return next((kind for kind in _KINDS if kind in cls.__mro__), None)


def _suits(kind: type[types.TfType], plain: Any) -> bool:
    if kind is types.Number:
        is_decimal = type(plain).__name__ == "Decimal"  # whose module nobody need have imported
        is_number = isinstance(plain, int | float) and not isinstance(plain, bool)
        return (is_number or is_decimal) and not math.isnan(plain)
    return isinstance(plain, _KINDS[kind][0])


def _number_to_wire(number: Any) -> Any:
    """Return an int as it is; a fraction as text, since Terraform reads floats bit by bit."""
    if isinstance(number, int):
        return number if _SMALLEST <= number <= _LARGEST else str(number)
    if isinstance(number, float) and (number.is_integer() or math.isinf(number)):
        return number
    return str(number)
