"""What a plan follows from by the schema alone."""

from typing import Any

import pytest

from support.toy_objects import made, schema, thing
from tfplugin.types import Unknown
from tfplugin.wire.planning import (
    fill_in,
    find_replacements,
    keep_spelling,
)

BLOCK = schema().attributes


def test_a_create_has_defaults_and_what_it_will_find_out_is_unknown() -> None:
    config = thing(kind=None)
    planned = fill_in(BLOCK, config, dict(config), None)
    assert planned == thing(kind="plain", id=Unknown, parts=Unknown)


def test_what_is_written_beats_the_default_and_nothing_else_is_filled_in() -> None:
    config = thing(kind="rare", size=Unknown)
    assert fill_in(BLOCK, config, dict(config), None) == config | {"id": Unknown, "parts": Unknown}


def test_an_update_keeps_what_was_computed() -> None:
    config = thing(size=2, kind=None)
    proposed = made(size=2, kind=None)
    assert fill_in(BLOCK, config, proposed, made(size=1)) == made(size=2)


def test_an_object_that_means_what_it_did_is_planned_as_it_was() -> None:
    config = thing(name="ONE")
    assert fill_in(BLOCK, config, made(name="ONE"), made(name="one")) == made(name="one")


def test_nothing_is_changed_in_what_is_handed_in() -> None:
    config, proposed, prior = thing(kind=None), made(kind=None, name="ONE"), made()
    fill_in(BLOCK, config, proposed, prior)
    keep_spelling(BLOCK, proposed, prior)
    assert (config, proposed, prior) == (thing(kind=None), made(kind=None, name="ONE"), made())


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("one", "ONE", "one"),
        ("one", "two", "two"),
        ("one", None, None),
        (None, "one", "one"),
        ("one", Unknown, Unknown),
    ],
)
def test_a_spelling_is_kept_only_while_it_means_the_same(
    before: Any, after: Any, kept: Any
) -> None:
    assert keep_spelling(BLOCK, thing(name=after), thing(name=before))["name"] is kept


def test_a_list_with_something_unknown_in_it_is_not_the_same() -> None:
    parts = ["a", Unknown]
    kept = keep_spelling(BLOCK, made(parts=parts), made(parts=["a", Unknown]))
    assert kept["parts"] is parts


@pytest.mark.parametrize(
    ("changed", "paths"),
    [
        ({"name": "two"}, [["name"]]),
        ({"name": Unknown}, [["name"]]),
        ({"name": "ONE"}, []),
        ({"size": 2, "timeouts": {"create": "1h"}}, []),
    ],
)
def test_only_a_change_of_what_replaces_is_a_replacement(
    changed: dict[str, Any], paths: list[Any]
) -> None:
    assert find_replacements(BLOCK, made(), made(**changed)) == paths
