"""The attributes of blocks: those of `tf`, which also know what their values mean."""

from collections.abc import Callable, Sequence
from typing import Any

from tf import schema

from tfplugin import types

Check = Callable[[Any], Any]
"""Returns what a known value means; ValueError tells a person what is wrong with it."""

_TEXT = types.String()


class Attribute(schema.Attribute):
    """An attribute as in `tf`, which may also be write-only.

    Objects get what `check` returns: of a list, of each of its elements. `fallback` is a value as
    it would be written, which they get where none is.
    """

    def __init__(
        self,
        name: str,
        type: types.TfType,  # noqa: A002 - tf's name
        description: str | None = None,
        *,
        check: Check | None = None,
        fallback: Any = None,
        write_only: bool = False,
        **rest: Any,
    ) -> None:
        super().__init__(name, type, description, **rest)
        self.check = check
        self.fallback = fallback
        self.write_only = write_only


class NestedAttribute(Attribute):
    """A dict whose attributes have their own descriptions, or a list of such."""

    def __init__(
        self,
        name: str,
        attributes: Sequence[schema.Attribute],
        description: str | None = None,
        *,
        is_list: bool = False,
        **rest: Any,
    ) -> None:
        item = types.Object({attribute.name: attribute.type for attribute in attributes})
        super().__init__(name, types.List(item) if is_list else item, description, **rest)
        self.attributes = attributes
        self.is_list = is_list


class NestedBlock(NestedAttribute):
    """A dict, or None, that is written as a block, at most once: the only kind of block here."""

    def __init__(self, name: str, description: str, *attributes: Attribute) -> None:
        super().__init__(name, attributes, description, optional=True)


def required(name: str, description: str, kind: types.TfType = _TEXT, **rest: Any) -> Attribute:
    """Return an attribute that a user has to write."""
    return Attribute(name, kind, description, required=True, **rest)


def optional(name: str, description: str, kind: types.TfType = _TEXT, **rest: Any) -> Attribute:
    """Return an attribute that a user may write."""
    return Attribute(name, kind, description, optional=True, **rest)


def computed(name: str, description: str, kind: types.TfType = _TEXT, **rest: Any) -> Attribute:
    """Return an attribute that only the provider gives a value."""
    return Attribute(name, kind, description, computed=True, **rest)


def flag(name: str, description: str) -> Attribute:
    """Return an attribute that a user may set to true or false."""
    return optional(name, description, types.Bool())


def found(name: str, description: str, *attributes: Attribute) -> NestedAttribute:
    """Return a list of what a data source has found, each with those attributes."""
    return NestedAttribute(name, attributes, description, is_list=True, computed=True)
