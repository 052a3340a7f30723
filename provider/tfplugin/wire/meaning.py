"""What the values of a block mean: each that is known is checked and parsed by its attribute.

What an object returns as it was handed over keeps the spelling in which it was written.
"""

from collections.abc import Sequence
from typing import Any

from tf import schema
from tf.utils import Diagnostics

from tfplugin.attribute import NestedAttribute
from tfplugin.contexts import Path, State
from tfplugin.schema import Block
from tfplugin.types import Unknown
from tfplugin.wire.diagnostics import path_to_text


def understand(
    block: Block, written: State, diagnostics: Diagnostics, path: Sequence[Any] = ()
) -> State:
    """Return a block with what its values mean; a copy, with Unknown for what is not valid.

    An error on its exact path tells what is wrong.
    """
    meant = _attributes(block.attributes, written, diagnostics, path)
    for nested in block.block_types:
        name = nested.type_name
        value = written.get(name)
        if isinstance(value, dict):
            value = understand(nested.block, value, diagnostics, [*path, name])
        meant[name] = value
    return meant


def _attributes(
    attributes: Sequence[schema.Attribute],
    written: State,
    diagnostics: Diagnostics,
    path: Sequence[Any],
) -> State:
    return {
        attribute.name: _value(
            attribute, written.get(attribute.name), diagnostics, [*path, attribute.name]
        )
        for attribute in attributes
    }


def _value(attribute: schema.Attribute, value: Any, diagnostics: Diagnostics, path: Path) -> Any:
    if value is None:
        value = getattr(attribute, "fallback", None)  # tf's own Attribute has none
    if isinstance(attribute, NestedAttribute) and isinstance(value, dict):
        return _attributes(attribute.attributes, value, diagnostics, path)
    if isinstance(value, list):
        items = ((item, [*path, (number,)]) for number, item in enumerate(value))
        if isinstance(attribute, NestedAttribute):
            inner = attribute.attributes
            return [
                _attributes(inner, item, diagnostics, where) if isinstance(item, dict) else item
                for item, where in items
            ]
        return [_checked(attribute, item, diagnostics, where) for item, where in items]
    return value if value is None else _checked(attribute, value, diagnostics, path)


def _checked(attribute: schema.Attribute, value: Any, diagnostics: Diagnostics, path: Path) -> Any:
    check = getattr(attribute, "check", None)
    if check is None or value is Unknown:
        return value
    trouble = "It is null."
    try:
        if value is not None:
            return check(value)
    except ValueError as error:
        trouble = str(error)
    diagnostics.add_error(f"Invalid {path_to_text(path)}", trouble, path=path)
    return Unknown


def spell(found: State, meant: State, written: State) -> State:
    """Return what was found, beside all that was written: what is as it was keeps its spelling."""
    return written | {
        name: value for name, value in found.items() if name not in meant or value != meant[name]
    }


def complete(block: Block, written: State, found: State) -> State:
    """Return what is written, with what was found in place of all that is computed."""
    computed = {one.name for one in block.attributes if one.computed}
    there = {name: value for name, value in found.items() if value is not None}
    return written | {name: there[name] for name in computed & there.keys()}
