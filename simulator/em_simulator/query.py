"""Filter expressions of `/query`, sorting and paging.

Follows the vendor's pages query_comparison, query_and_or, optional_query_parameters and
pagesize_and_page.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from em_simulator.times import ticks

Test = Callable[[Any], bool]
Reader = Callable[[Any], Any]
"""Makes what can be compared of a field's value. Raises ValueError."""
Item = TypeVar("Item")

PAGE_SIZE = 100

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[();,])|(?P<field>\w+)\s*(?P<operator>==|!=|<=|>=|<|>)\s*"
    r'(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[A-Za-z0-9_][A-Za-z0-9_ ]*)))'
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


def text(value: Any) -> str:
    """Read a text: names compare without regard to case."""
    return str(value).lower()


def time(value: Any) -> int:
    """Read a time."""
    return ticks(str(value))


def number(value: Any) -> int:
    """Read a number."""
    return int(value)


def ranked(*names: str) -> Reader:
    """Read names that compare by their rank, as those of results do."""
    ranks = {name.lower(): rank for rank, name in enumerate(names)}

    def rank(value: Any) -> int:
        if str(value).lower() not in ranks:
            raise ValueError(f"[{value}] is none of {', '.join(names)}.")
        return ranks[str(value).lower()]

    return rank


@dataclass(frozen=True, slots=True)
class Field:
    """A field to filter and sort by: where its value is in an item, and how values compare."""

    read: Reader
    value: Callable[[Any], Any]


Fields = Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a result."""

    items: list[Any]
    number: int
    size: int
    count: int

    @property
    def turns(self) -> list[tuple[str, int]]:
        """The relations of links to pages, with the page's number; the last has no Next."""
        following = [("Next", self.number + 1)] if self.number < self.count else []
        return [("First", 1), *following, ("Last", self.count)]


def compile_filter(expression: str, fields: Fields) -> Test:
    """Return the test that a filter stands for. Raises BadQuery."""
    tokens = _tokens(expression)
    test = _any_of(tokens, fields)
    if tokens:
        raise BadQuery(f"Filter [{expression}] is not valid.")
    return test


def _tokens(expression: str) -> list[re.Match[str]]:
    found, position = [], 0
    while position < len(expression.rstrip()):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise BadQuery(f"Filter [{expression}] is not valid.")
        found.append(match)
        position = match.end()
    return found[::-1]


def _any_of(tokens: list[re.Match[str]], fields: Fields) -> Test:
    tests = [_all_of(tokens, fields)]
    while tokens and tokens[-1]["mark"] == ",":
        tokens.pop()
        tests.append(_all_of(tokens, fields))
    return lambda item: any(test(item) for test in tests)


def _all_of(tokens: list[re.Match[str]], fields: Fields) -> Test:
    tests = [_term(tokens, fields)]
    while tokens and tokens[-1]["mark"] == ";":
        tokens.pop()
        tests.append(_term(tokens, fields))
    return lambda item: all(test(item) for test in tests)


def _term(tokens: list[re.Match[str]], fields: Fields) -> Test:
    if not tokens:
        raise BadQuery("Filter ends too early.")
    token = tokens.pop()
    if token["mark"] == "(":
        test = _any_of(tokens, fields)
        if not tokens or tokens.pop()["mark"] != ")":
            raise BadQuery("Filter has a bracket that is not closed.")
        return test
    if token["mark"]:
        raise BadQuery(f"Filter has [{token['mark']}] where a comparison is expected.")
    field = _field(token["field"], fields)
    quoted, plain = token["quoted"], token["plain"]
    value = plain.replace(" ", "") if quoted is None else quoted.replace('""', '"')
    try:
        wanted = field.read(value)
    except ValueError as error:
        message = f"Parameter [{token['field']}] can't be compared: {error}"
        raise BadQuery(message) from error
    return _comparison(field, token["operator"], wanted)


def _comparison(field: Field, sign: str, wanted: Any) -> Test:
    compare = _OPERATORS[sign]

    def test(item: Any) -> bool:
        value = field.value(item)
        return sign == "!=" if value is None else compare(field.read(value), wanted)

    return test


def _field(asked: str, fields: Fields) -> Field:
    for name, field in fields.items():
        if name.lower() == asked.lower():
            return field
    raise BadQuery(f"Parameter [{asked}] can't be used in this query.")


def select(items: Sequence[Item], parameters: Mapping[str, str], fields: Fields) -> list[Item]:
    """Return what a query's parameters ask for, in their order. Raises BadQuery.

    The names of parameters are in lower case.
    """
    found = list(items)
    if parameters.get("filter"):
        found = list(filter(compile_filter(parameters["filter"], fields), found))
    for parameter, descending in (("sortasc", False), ("sortdesc", True)):
        if parameter in parameters:
            found.sort(key=_key(_field(parameters[parameter], fields)), reverse=descending)
    return found


def _key(field: Field) -> Callable[[Any], tuple[bool, Any]]:
    def key(item: Any) -> tuple[bool, Any]:
        value = field.value(item)
        return value is not None, None if value is None else field.read(value)

    return key


def turn_to(items: Sequence[Any], parameters: Mapping[str, str], default_size: int) -> Page:
    """Return the page that is asked for. Raises BadQuery."""
    size = _positive(parameters.get("pagesize"), default_size)
    wanted = _positive(parameters.get("page"), 1)
    first = (wanted - 1) * size
    count = max(1, -(-len(items) // size))
    return Page(list(items[first : first + size]), wanted, size, count)


def _positive(value: str | None, default: int) -> int:
    if value is None:
        return default
    if not value.isdecimal() or int(value) == 0:
        raise BadQuery(f"[{value}] is not a number greater than 0.")
    return int(value)
