"""Which of what was found a block means: all that meets its conditions, so many, the only one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from terraform_provider_veeam.em.patterns import name_matches, similar_names
from terraform_provider_veeam.masking import printable
from tfplugin.contexts import Context, State
from tfplugin.errors import Refused

Thing = TypeVar("Thing")

_SHOWN = 20  # names, in an error


def matching(found: Iterable[Thing], conditions: State) -> list[Thing]:
    """Return what has the values of all conditions that are not None; `*` stands for anything."""
    asked = {name: wanted for name, wanted in conditions.items() if wanted is not None}
    return [
        one
        for one in found
        if all(name_matches(wanted, getattr(one, name) or "") for name, wanted in asked.items())
    ]


def limited(ctx: Context, found: Sequence[Thing], limit: int, what: str) -> Sequence[Thing]:
    """Return at most that many, with a warning where there are more."""
    if len(found) > limit:
        ctx.diagnostics.add_warning(
            f"Not all {what} are listed",
            f"There are more than {limit}; the rest is left out. Raise limit, or narrow the "
            "search.",
            path=["limit"],
        )
    return found[:limit]


def only(
    found: Sequence[Thing],
    name: str,
    what: tuple[str, str],
    describe: Callable[[Thing], Sequence[Any]],
    names: Callable[[], Iterable[str]],
) -> Thing:
    """Return the only thing that was found by name. Raises Refused for none or several.

    `what` is what one and several are called; `describe` tells one from others.
    """
    one, several = what
    if len(found) == 1:
        return found[0]
    if found:
        lines = ("  ".join(printable(str(part)) for part in describe(thing)) for thing in found)
        raise Refused(
            f"Several {several} found",
            "Narrow the search by type or backup_server. Found:\n  " + "\n  ".join(lines),
            path=["name"],
        )
    raise Refused(
        f"No {one} found",
        f"None is called {printable(name)} as a whole and meets the other conditions. "
        f"{there_is(name, names())}",
        path=["name"],
    )


def there_is(name: str, names: Iterable[str]) -> str:
    """Return a sentence that tells the names like one that is not there, or else some of all."""
    known = sorted(set(names), key=str.casefold)
    likely = similar_names(name, known)
    rest = 0 if likely else len(known) - _SHOWN
    told = ", ".join(map(printable, likely or known[:_SHOWN])) or "none"
    return f"There is: {told}{f', and {rest} more' if rest > 0 else ''}."
