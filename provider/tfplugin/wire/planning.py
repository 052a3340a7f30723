"""What a plan follows from by the schema alone, before and after the resource is asked."""

from collections.abc import Iterable
from typing import Any

from tf.schema import Attribute

from tfplugin.contexts import Path, State
from tfplugin.types import Unknown


def fill_in(
    attributes: Iterable[Attribute], config: State, proposed: State, prior: State | None
) -> State:
    """Return the proposed state with defaults, and with Unknown for what only a create can tell.

    What was computed before keeps its value; an object that ends up as it was is spelt as it was.
    """
    planned = dict(proposed)
    for attribute in attributes:
        if config[attribute.name] is not None:
            continue
        if attribute.default is not Unknown:
            planned[attribute.name] = attribute.default
        elif attribute.computed and prior is None:
            planned[attribute.name] = Unknown
    return keep_spelling(attributes, planned, prior)


def keep_spelling(attributes: Iterable[Attribute], state: State, reference: State | None) -> State:
    """Return the state with the reference's spelling of every value that means the same."""
    if reference is None:
        return state
    same = (
        attribute.name
        for attribute in attributes
        if attribute.name in state
        and state[attribute.name] is not reference[attribute.name]
        and not differs(attribute, reference[attribute.name], state[attribute.name])
    )
    return state | {name: reference[name] for name in same}


def differs(attribute: Attribute, before: Any, after: Any) -> bool:
    """Return whether two values mean something else; an unknown one differs from everything."""
    if has_unknown(before) or has_unknown(after):
        return True
    if before is None or after is None:
        return before is not after
    return not attribute.type.semantically_equal(before, after)


def copied(value: Any) -> Any:
    """Return a value that may be changed; what attributes make of values is never changed."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return value


def has_unknown(value: Any) -> bool:
    """Return whether a value, or anything in it, is unknown."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is Unknown


def find_replacements(attributes: Iterable[Attribute], prior: State, planned: State) -> list[Path]:
    """Return the attributes whose change needs the resource to be replaced."""
    return [
        [attribute.name]
        for attribute in attributes
        if attribute.requires_replace
        and differs(attribute, prior[attribute.name], planned.get(attribute.name))
    ]
