"""What a schema is made of: the classes of `tf`, and what it has none for."""

from tf import function
from tf.function import FunctionSignature, Return
from tf.schema import Schema

from tfplugin.attribute import Check
from tfplugin.types import TfType

__all__ = ["FunctionSignature", "Parameter", "Return", "Schema"]


class Parameter(function.Parameter):
    """A parameter of a function, which gets what `check` returns."""

    def __init__(
        self, name: str, kind: TfType, description: str | None = None, check: Check | None = None
    ) -> None:
        super().__init__(name, kind, description)
        self.check = check
