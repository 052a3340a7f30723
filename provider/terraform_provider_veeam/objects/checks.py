"""What the values of attributes may be: each returns what a value means, or raises ValueError."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from terraform_provider_veeam.em.times import Time
from terraform_provider_veeam.text import whole_number
from tfplugin.attribute import Attribute, optional, required
from tfplugin.types import Number

_MOST = 1_000_000


def one_of(choices: Iterable[str], *, any_case: bool = False) -> Callable[[str], Any]:
    """Return a check for one of several words, which returns the one that is meant."""
    known = {one.casefold() if any_case else str(one): one for one in choices}

    def check(text: str) -> Any:
        found = known.get(text.casefold() if any_case else text)
        if found is None:
            words = ", ".join(f'"{one}"' for one in known.values())
            raise ValueError(f'"{text}" is not one of {words}.')
        return found

    return check


def count_to(most: int) -> Callable[[float], int]:
    """Return a check for a whole number from 1 to that one."""
    return partial(whole_number, most=most)


def limit(default: int, what: str = "") -> Attribute:
    """Return the attribute `limit`."""
    text = f"How many to return at most{what}. Default `{default}`."
    return optional("limit", text, Number(), check=count_to(_MOST), fallback=default)


def name(text: str) -> str:
    """Return a name; a blank one would match any."""
    if not text.strip():
        raise ValueError("It is blank. Leave it out if it does not matter.")
    return text


def needed_name(text: str) -> str:
    """Return a name that can't be left out."""
    if not text.strip():
        raise ValueError("It is blank.")
    return text


def _no_pattern(text: str) -> str:
    if "*" in text:
        raise ValueError(f'"{text}" is a pattern. Write the whole name.')
    return needed_name(text)


WHOLE_NAME = required("name", "Whole name, compared without regard to case.", check=_no_pattern)
"""The attribute `name` of a look-up of one thing."""

PATTERN = optional(
    "name", "Whole name, compared without regard to case; `*` stands for anything.", check=name
)
"""The attribute `name` of a listing."""


def moment(text: str) -> Time:
    """Return a time as RFC 3339 has it."""
    try:
        return Time.parse(text, needs_offset=True)
    except ValueError:
        raise ValueError(
            f'"{text}" is not a time in the form of RFC 3339. Write one like 2026-11-15T22:00:00Z, '
            "with Z or an offset like +01:00 at the end."
        ) from None
