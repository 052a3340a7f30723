"""What `tf.schema` has no class for: identity, single blocks, nested and write-only attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.plugin import messages  # noqa: F401 - before tf.schema

# isort: split
from tf import schema
from tf.types import List

from terraform_provider_veeam.plugin.types import Object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tf.types import TfType


class Attribute(schema.Attribute):
    """An attribute as in `tf`, that can also be write-only, or deprecated with a reason."""

    def __init__(
        self,
        name: str,
        type: TfType,  # noqa: A002 - tf's name
        description: str | None = None,
        *,
        write_only: bool = False,
        deprecation_message: str | None = None,
        **rest: Any,
    ) -> None:
        if deprecation_message:
            rest["deprecated"] = True
        super().__init__(name, type, description, **rest)
        self.write_only = write_only
        self.deprecation_message = deprecation_message


class ListNestedAttribute(Attribute):
    """A list of objects, each of whose attributes has its own description: dicts in the state."""

    def __init__(
        self,
        name: str,
        attributes: Sequence[schema.Attribute],
        description: str | None = None,
        **rest: Any,
    ) -> None:
        form = Object({attribute.name: attribute.type for attribute in attributes})
        super().__init__(name, List(form), description, **rest)
        self.attributes = attributes


def computed(name: str, type: TfType, description: str) -> Attribute:  # noqa: A002 - tf's name
    """Return an attribute that only the provider gives a value."""
    return Attribute(name, type, description, computed=True)


class SingleNestedBlock(schema.NestedBlock):
    """A block that is written at most once, like `timeouts`: a dict in the state, or None."""

    def __init__(self, type_name: str, block: schema.Block, *, required: bool = False) -> None:
        items = 1 if required else 0
        super().__init__(type_name, schema.NestMode.Single, block, items, items)


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
