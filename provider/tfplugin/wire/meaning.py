"""What the values of a block mean; what comes back as it was handed over keeps its spelling."""

from collections.abc import Iterable, Sequence
from typing import Any

from tf.schema import Attribute
from tf.utils import Diagnostics

from tfplugin.attribute import NestedAttribute
from tfplugin.contexts import Path, State
from tfplugin.types import Unknown
from tfplugin.wire.diagnostics import path_to_text


def understand(
    attributes: Iterable[Attribute],
    written: State,
    diagnostics: Diagnostics,
    path: Sequence[Any] = (),
) -> State:
    """Return a copy with what values mean: Unknown, and an error, for what is not valid."""
    return {
        one.name: _value(one, written.get(one.name), diagnostics, [*path, one.name])
        for one in attributes
    }


def _value(attribute: Attribute, value: Any, diagnostics: Diagnostics, path: Path) -> Any:
    if value is None:
        value = getattr(attribute, "fallback", None)  # tf's own Attribute has none
    if isinstance(value, list):
        items = enumerate(value)
        return [_checked(attribute, item, diagnostics, [*path, (n,)]) for n, item in items]
    return value if value is None else _checked(attribute, value, diagnostics, path)


def _checked(attribute: Attribute, value: Any, diagnostics: Diagnostics, path: Path) -> Any:
    if isinstance(attribute, NestedAttribute):
        is_there = isinstance(value, dict)
        return understand(attribute.attributes, value, diagnostics, path) if is_there else value
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


def complete(attributes: Iterable[Attribute], written: State, found: State) -> State:
    """Return what is written, with what was found in place of all that is computed."""
    computed = {one.name for one in attributes if one.computed}
    there = {name: value for name, value in found.items() if value is not None}
    return written | {name: there[name] for name in computed & there.keys()}
