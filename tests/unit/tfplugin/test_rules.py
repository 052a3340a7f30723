"""Rules between attributes: what is not known yet breaks none."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from tfplugin.rules import Rule, at_most_one_of, exactly_one_of, needs
from tfplugin.types import Unknown

NAMES = ("a", "b", "c")
Meets = Callable[[bool, bool, bool], bool]
RULES: list[tuple[Rule, Meets]] = [
    (exactly_one_of(*NAMES), lambda a, b, c: a + b + c == 1),
    (at_most_one_of(*NAMES), lambda a, b, c: a + b + c <= 1),
    (needs(*NAMES), lambda a, b, c: not a or (b and c)),
]


def outcomes(values: tuple[Any, ...]) -> Iterator[tuple[bool, ...]]:
    """Return which values may be set in the end, whatever becomes known."""
    return product(*((True, False) if one is Unknown else (one is not None,) for one in values))


@pytest.mark.parametrize(("rule", "meets"), RULES, ids=lambda one: one.__qualname__.split(".")[0])
def test_a_rule_is_broken_when_nothing_that_may_become_known_can_meet_it(
    rule: Rule, meets: Meets
) -> None:
    for values in product(("x", None, Unknown), repeat=3):
        can_be_met = any(meets(*outcome) for outcome in outcomes(values))
        broken = rule(dict(zip(NAMES, values, strict=True)))
        assert (broken is None) is can_be_met, values


@pytest.mark.parametrize("value", [False, 0, "", []])
def test_a_value_is_set_though_it_is_empty(value: Any) -> None:
    assert at_most_one_of("a", "b")({"a": value, "b": "x"})


@pytest.mark.parametrize(
    ("rule", "values", "culprit", "says"),
    [
        (exactly_one_of(*NAMES), {}, "a", "Write one of a, b and c."),
        (exactly_one_of(*NAMES), {"a": 1, "c": 1}, "c", "Write only one of a and c."),
        (at_most_one_of("a", "b", reason="It is so."), {"a": 1, "b": 1}, "b", "a and b. It is so."),
        (needs(*NAMES), {"a": 1, "c": 1}, "a", "a needs b."),
    ],
)
def test_a_broken_rule_is_told_on_the_attribute_to_change(
    rule: Rule, values: dict[str, Any], culprit: str, says: str
) -> None:
    broken = rule(dict.fromkeys(NAMES) | values)
    assert broken
    assert broken.path == [culprit]
    assert broken.detail.endswith(says)
