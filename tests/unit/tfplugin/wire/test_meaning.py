"""What values mean: checked and parsed by their attributes, and spelt as they were written."""

from typing import Any

import pytest
from tf.utils import Diagnostics

from tfplugin.attribute import Attribute, NestedBlock, computed, found, optional
from tfplugin.types import List, Number, String, Unknown
from tfplugin.wire.meaning import complete, spell, understand


def hours(text: str) -> int:
    if not text.endswith("h"):
        raise ValueError(f'"{text}" is not in hours.')
    return int(text.removesuffix("h"))


BLOCK = [
    Attribute("plain", String()),
    optional("limit", "At most.", check=hours, fallback="2h"),
    optional("times", "Some.", List(String()), check=hours),
    found("parts", "All.", optional("length", "How long.", check=hours)),
    NestedBlock("timeouts", "Bounds.", optional("create", "Bound.", check=hours)),
]


def understood(**written: Any) -> tuple[Any, list[Any]]:
    diagnostics = Diagnostics()
    meant = understand(BLOCK, written, diagnostics)
    return meant, [(one.summary, one.detail, one.path) for one in diagnostics.diagnostics]


def test_each_value_is_parsed_by_its_attribute_nested_ones_too() -> None:
    meant, said = understood(
        plain="3h",
        limit="3h",
        times=["1h", Unknown],
        parts=[{"length": "4h"}],
        timeouts={"create": "5h"},
    )
    assert said == []
    assert meant == {
        "plain": "3h",
        "limit": 3,
        "times": [1, Unknown],
        "parts": [{"length": 4}],
        "timeouts": {"create": 5},
    }


def test_what_is_not_written_is_null_or_what_the_attribute_falls_back_to() -> None:
    assert understood() == (
        {"plain": None, "limit": 2, "times": None, "parts": None, "timeouts": None},
        [],
    )
    assert understood(timeouts={})[0]["timeouts"] == {"create": None}


@pytest.mark.parametrize(
    ("written", "name", "path"),
    [
        ({"limit": "x"}, "limit", ["limit"]),
        ({"times": ["1h", "x"]}, "times[1]", ["times", (1,)]),
        ({"parts": [{"length": "x"}]}, "parts[0].length", ["parts", (0,), "length"]),
        ({"timeouts": {"create": "x"}}, "timeouts.create", ["timeouts", "create"]),
    ],
)
def test_a_value_that_is_not_valid_is_told_on_its_exact_path(
    written: Any, name: str, path: Any
) -> None:
    _, said = understood(**written)
    assert said == [(f"Invalid {name}", '"x" is not in hours.', path)]


def test_what_is_not_valid_is_unknown_and_what_is_unknown_is_no_error() -> None:
    meant, said = understood(limit="x", times=[None], timeouts=Unknown)
    assert (meant["limit"], meant["times"], meant["timeouts"]) == (Unknown, [Unknown], Unknown)
    assert [summary for summary, *_ in said] == ["Invalid limit", "Invalid times[0]"]
    assert understood(limit=Unknown, times=Unknown)[1] == []


def test_what_comes_back_as_it_was_keeps_its_spelling() -> None:
    written = {"limit": "03h", "plain": None, "times": ["1h"]}
    meant = {"limit": 3, "plain": None, "times": [1]}
    assert spell(meant | {"plain": "new"}, meant, written) == written | {"plain": "new"}
    assert spell({"limit": "4h"}, meant, written) == written | {"limit": "4h"}


def test_what_is_found_takes_the_place_of_all_that_is_computed() -> None:
    block = [
        optional("path", "Where."),
        optional("name", "A pattern, then what it found.", computed=True),
        optional("server", "Where it is.", computed=True),
        computed("id", "Its id."),
    ]
    written = {"path": "/A", "name": "web*", "server": "one", "id": None}
    found = {"path": "/a", "name": "web01", "server": None, "id": "1"}
    assert complete(block, written, found) == written | {"name": "web01", "id": "1"}


def test_a_number_is_checked_as_any_value() -> None:
    def whole(value: float) -> int:
        return int(value)

    block = [optional("count", "How many.", Number(), check=whole)]
    assert understand(block, {"count": 3.0}, Diagnostics()) == {"count": 3}
