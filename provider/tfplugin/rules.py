"""Rules between the attributes of a block.

A value that is not known yet counts neither as set nor as null: Terraform has the block checked
again when it is known.
"""

from collections.abc import Callable, Sequence

from tfplugin.contexts import State
from tfplugin.errors import Description
from tfplugin.types import Unknown

Rule = Callable[[State], Description | None]
"""Returns what is wrong with a block's values; None while nothing is known to be."""


def at_most_one_of(*names: str, reason: str = "") -> Rule:
    """None or one of them may be set; `reason` tells a person why."""

    def broken(values: State) -> Description | None:
        given = [name for name in names if values[name] not in (None, Unknown)]
        if len(given) <= 1:
            return None
        return _invalid(given[1], f"Write only one of {_listed(given)}. {reason}".rstrip())

    return broken


def exactly_one_of(*names: str) -> Rule:
    """One of them has to be set, and no other."""
    at_most_one = at_most_one_of(*names)

    def broken(values: State) -> Description | None:
        if all(values[name] is None for name in names):
            return _invalid(names[0], f"Write one of {_listed(names)}.")
        return at_most_one(values)

    return broken


def needs(first: str, *others: str) -> Rule:
    """Where the first is set, each of the others has to be set."""

    def broken(values: State) -> Description | None:
        missing = [name for name in others if values[name] is None]
        if values[first] in (None, Unknown) or not missing:
            return None
        return _invalid(first, f"{first} needs {' and '.join(missing)}.")

    return broken


def _invalid(culprit: str, text: str) -> Description:
    return Description("Invalid combination of attributes", text, [culprit])


def _listed(names: Sequence[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}"
