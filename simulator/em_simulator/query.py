"""Filter expressions of `/query`, sorting and paging.

Follows the vendor's pages query_comparison, query_and_or and pagesize_and_page.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Fields = Mapping[str, Any]
Test = Callable[[Fields], bool]
Item = TypeVar("Item")

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[();,])|(?P<field>\w+)\s*(?P<operator>==|!=|<=|>=|<|>)\s*"
    r'(?:"(?P<quoted>[^"]*)"|(?P<value>[^();,"]*)))'
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class BadQuery(ValueError):
    """The query can't be answered; the text is for the client."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a result."""

    items: list[Any]
    number: int
    size: int
    count: int


def compile_filter(text: str, known: Sequence[str]) -> Test:
    """Return the test that a filter stands for. Raises BadQuery."""
    tokens = _tokens(text)
    test = _any_of(tokens, {name.lower(): name for name in known})
    if tokens:
        raise BadQuery(f"Filter [{text}] is not valid.")
    return test


def _tokens(text: str) -> list[re.Match[str]]:
    found, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadQuery(f"Filter [{text}] is not valid.")
        found.append(match)
        position = match.end()
    return found[::-1]


def _any_of(tokens: list[re.Match[str]], known: Mapping[str, str]) -> Test:
    tests = [_all_of(tokens, known)]
    while tokens and tokens[-1]["mark"] == ",":
        tokens.pop()
        tests.append(_all_of(tokens, known))
    return lambda fields: any(test(fields) for test in tests)


def _all_of(tokens: list[re.Match[str]], known: Mapping[str, str]) -> Test:
    tests = [_term(tokens, known)]
    while tokens and tokens[-1]["mark"] == ";":
        tokens.pop()
        tests.append(_term(tokens, known))
    return lambda fields: all(test(fields) for test in tests)


def _term(tokens: list[re.Match[str]], known: Mapping[str, str]) -> Test:
    if not tokens:
        raise BadQuery("Filter ends too early.")
    token = tokens.pop()
    if token["mark"] == "(":
        test = _any_of(tokens, known)
        if not tokens or tokens.pop()["mark"] != ")":
            raise BadQuery("Filter has a bracket that is not closed.")
        return test
    if token["mark"]:
        raise BadQuery(f"Filter has [{token['mark']}] where a comparison is expected.")
    name = known.get(token["field"].lower())
    if name is None:
        raise BadQuery(f"Parameter [{token['field']}] can't be used in this filter.")
    value = token["quoted"] if token["quoted"] is not None else token["value"].strip()
    compare = _OPERATORS[token["operator"]]
    return lambda fields: compare(_comparable(fields[name]), _comparable(value))


def _comparable(value: Any) -> str:
    """Return a value as it is compared: times of equal form compare as text, names without case."""
    return str(value).lower().removesuffix("z")


def arrange(
    items: Sequence[Item],
    fields: Callable[[Item], Fields],
    parameters: Mapping[str, str],
    known: Sequence[str],
) -> Page:
    """Return the page that a query's parameters ask for. Raises BadQuery."""
    found = list(items)
    if parameters.get("filter"):
        test = compile_filter(parameters["filter"], known)
        found = [item for item in found if test(fields(item))]
    names = {name.lower(): name for name in known}
    for parameter, reverse in (("sortAsc", False), ("sortDesc", True)):
        if parameter in parameters:
            name = names.get(parameters[parameter].lower())
            if name is None:
                raise BadQuery(f"Parameter [{parameters[parameter]}] can't be sorted by.")
            found.sort(key=lambda item: _comparable(fields(item)[name]), reverse=reverse)
    size = _positive(parameters.get("pageSize"), max(1, len(found)))
    number = _positive(parameters.get("page"), 1)
    first = (number - 1) * size
    count = max(1, -(-len(found) // size))
    return Page(found[first : first + size], number, size, count)


def _positive(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdigit() or int(text) == 0:
        raise BadQuery(f"[{text}] is not a number greater than 0.")
    return int(text)
