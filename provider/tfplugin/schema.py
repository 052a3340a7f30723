"""What a schema is made of: the classes of `tf`, and what it has none for."""

from collections.abc import Sequence

from tf import function
from tf.function import FunctionSignature, Return
from tf.schema import Block, NestedBlock, NestMode, Schema

from tfplugin.attribute import Attribute, Check, IdentityAttribute
from tfplugin.types import TfType

__all__ = [
    "Block",
    "FunctionSignature",
    "IdentitySchema",
    "NestedBlock",
    "Parameter",
    "Return",
    "Schema",
    "nested_block",
]


class SingleNestedBlock(NestedBlock):
    """A block written at most once, like `timeouts`: a dict in the state, or None.

    The only kind of nested block here. A plan takes it as it is written.
    """

    def __init__(self, type_name: str, block: Block) -> None:
        super().__init__(type_name, NestMode.Single, block)


def nested_block(name: str, description: str, *attributes: Attribute) -> SingleNestedBlock:
    """Return a block that may be written once, with those attributes."""
    block = Block(description=description, attributes=list(attributes))
    return SingleNestedBlock(name, block)  # type: ignore[abstract]  # tf marks what nobody calls


class Parameter(function.Parameter):
    """A parameter of a function, which gets what `check` returns."""

    def __init__(
        self, name: str, kind: TfType, description: str | None = None, check: Check | None = None
    ) -> None:
        super().__init__(name, kind, description)
        self.check = check


class IdentitySchema:
    """What tells one resource of a type from every other."""

    def __init__(self, attributes: Sequence[IdentityAttribute], version: int = 0) -> None:
        self.attributes = attributes
        self.version = version
