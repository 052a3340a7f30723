"""The types of values: those of `tf`, and objects, which it lacks."""

from collections.abc import Mapping
from typing import Any

from tf.types import Bool, List, Number, String, TfType, Unknown

__all__ = ["Bool", "List", "Number", "Object", "String", "TfType", "Unknown"]


class Object(TfType):
    """A value with named attributes, each of its own type. Maps to Python `dict`."""

    def __init__(self, attributes: Mapping[str, TfType]) -> None:
        self.attributes = attributes

    def encode(self, value: Any) -> Any:
        """Return the form that goes over the wire; what is missing is null."""
        if value is None or value is Unknown:
            return value
        return {
            name: None if value.get(name) is None else kind.encode(value[name])
            for name, kind in self.attributes.items()
        }

    def decode(self, value: Any) -> Any:
        """Return the Python value."""
        if value is None or value is Unknown:
            return value
        return {name: kind.decode(value.get(name)) for name, kind in self.attributes.items()}

    def tf_type(self) -> bytes:
        """Return the type as the protocol writes it."""
        inner = ",".join(
            f'"{name}":{kind.tf_type().decode()}' for name, kind in sorted(self.attributes.items())
        )
        return f'["object",{{{inner}}}]'.encode()
