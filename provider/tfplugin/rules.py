"""Rules between the attributes of a block.

A value that is not known yet counts neither as set nor as null: Terraform has the block checked
again when it is known.
"""

from abc import ABC, abstractmethod

from tfplugin.contexts import State
from tfplugin.errors import Description
from tfplugin.types import Unknown


class Rule(ABC):
    """A rule between the attributes of those names; `reason` tells a person why it is there."""

    def __init__(self, *names: str, reason: str = "") -> None:
        self.names = names
        self._reason = reason

    @abstractmethod
    def broken(self, values: State) -> Description | None:
        """Return what is wrong with a block's values; None while nothing is known to be."""

    def _description(self, culprit: str, text: str) -> Description:
        detail = f"{text} {self._reason}".rstrip()
        return Description("Invalid combination of attributes", detail, [culprit])


class AtMostOneOf(Rule):
    """None or one of them may be set."""

    def broken(self, values: State) -> Description | None:
        """Return an error where two are set."""
        given = [name for name in self.names if values[name] not in (None, Unknown)]
        if len(given) <= 1:
            return None
        return self._description(given[1], f"Write only one of {_listed(given)}.")


class ExactlyOneOf(AtMostOneOf):
    """One of them has to be set, and no other."""

    def broken(self, values: State) -> Description | None:
        """Return an error where two are set, or all are null."""
        if all(values[name] is None for name in self.names):
            return self._description(self.names[0], f"Write one of {_listed(self.names)}.")
        return super().broken(values)


class Needs(Rule):
    """Where the first is set, each of the others has to be set."""

    def broken(self, values: State) -> Description | None:
        """Return an error where the first is set, and another is null."""
        first, *others = self.names
        missing = [name for name in others if values[name] is None]
        if values[first] in (None, Unknown) or not missing:
            return None
        return self._description(first, f"{first} needs {' and '.join(missing)}.")


def _listed(names: list[str] | tuple[str, ...]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}"
