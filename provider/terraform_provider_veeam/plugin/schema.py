"""What a schema is made of: the classes of `tf`, and what it has none for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tf import schema
from tf.function import FunctionSignature, Parameter, Return
from tf.schema import Block, NestedBlock, NestMode, Schema

from terraform_provider_veeam.plugin.types import List, Object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from terraform_provider_veeam.plugin.types import TfType

__all__ = [
    "Attribute",
    "Block",
    "FunctionSignature",
    "IdentityAttribute",
    "IdentitySchema",
    "ListNestedAttribute",
    "NestedBlock",
    "Parameter",
    "Return",
    "Schema",
    "SingleNestedBlock",
    "computed",
]


class Attribute(schema.Attribute):
    """An attribute as in `tf`, which may also be write-only."""

    def __init__(
        self,
        name: str,
        type: TfType,  # noqa: A002 - tf's name
        description: str | None = None,
        *,
        write_only: bool = False,
        **rest: Any,
    ) -> None:
        super().__init__(name, type, description, **rest)
        self.write_only = write_only


class ListNestedAttribute(Attribute):
    """A list of objects, each of whose attributes has its own description: dicts in the state."""

    def __init__(
        self,
        name: str,
        attributes: Sequence[schema.Attribute],
        description: str | None = None,
        **rest: Any,
    ) -> None:
        item = Object({attribute.name: attribute.type for attribute in attributes})
        super().__init__(name, List(item), description, **rest)
        self.attributes = attributes


def computed(name: str, type: TfType, description: str) -> Attribute:  # noqa: A002 - tf's name
    """Return an attribute that only the provider gives a value."""
    return Attribute(name, type, description, computed=True)


class SingleNestedBlock(NestedBlock):
    """A block written at most once, like `timeouts`: a dict in the state, or None.

    The only kind of nested block here. A plan takes it as it is written.
    """

    def __init__(self, type_name: str, block: Block) -> None:
        super().__init__(type_name, NestMode.Single, block)


class IdentityAttribute:
    """One attribute of a resource's identity."""

    def __init__(
        self,
        name: str,
        type: TfType,  # noqa: A002 - as tf's Attribute
        description: str = "",
        *,
        required_for_import: bool = False,
        optional_for_import: bool = False,
    ) -> None:
        self.name = name
        self.type = type
        self.description = description
        self.required_for_import = required_for_import
        self.optional_for_import = optional_for_import


class IdentitySchema:
    """What tells one resource of a type from every other."""

    def __init__(self, attributes: Sequence[IdentityAttribute], version: int = 0) -> None:
        self.attributes = attributes
        self.version = version
