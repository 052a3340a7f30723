"""The calls for listings."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.toy_objects import ID, SECRET, THING, ToldFault, made, message, plain, servicer, thing
from tfplugin.interfaces import ListedResource
from tfplugin.wire import tfplugin6_pb2 as pb


def listed(do: Any, limit: int = 100, *, whole: bool = False) -> list[Any]:
    request = pb.ListResource.Request(
        type_name=THING, config=message(thing()), limit=limit, include_resource_object=whole
    )
    return list(servicer(list=do).ListResource(request))


def numbers(ctx: Any, config: Any) -> Iterator[ListedResource]:
    number = 0
    while True:
        number += 1
        yield ListedResource({"id": str(number)}, f"thing {number}")


def test_what_is_found_is_sent_with_its_identity() -> None:
    seen: list[Any] = []

    def find(ctx: Any, config: Any) -> Iterator[ListedResource]:
        seen.append((ctx.limit, ctx.include_resource_object, config))
        yield ListedResource(ID, "one", made())
        yield ListedResource({"id": "2"}, "two")

    first, second = listed(find, 5, whole=True)
    assert seen == [(5, True, thing())]
    assert (first.display_name, plain(first.identity.identity_data)) == ("one", ID)
    assert plain(first.resource_object) == made()
    assert plain(second.identity.identity_data) == {"id": "2"}
    assert not second.HasField("resource_object")


def test_a_name_that_is_shown_is_masked_and_one_line() -> None:
    (event,) = listed(lambda ctx, config: [ListedResource(ID, f"a\n{SECRET}", made())])
    assert event.display_name == "a\\n***"


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_are_asked_for_than_the_limit(limit: int) -> None:
    assert len(listed(numbers, limit)) == limit


def test_without_a_limit_all_are_sent() -> None:
    found = listed(lambda ctx, config: [ListedResource(ID, "one")] * 150, 0)
    assert len(found) == 150


def test_a_listing_that_fails_in_between_sends_what_it_found_and_the_error() -> None:
    def find(ctx: Any, config: Any) -> Iterator[ListedResource]:
        yield ListedResource(ID, "one")
        ctx.diagnostics.add_warning(f"odd {SECRET}")
        raise ToldFault("x")

    first, last = listed(find)
    assert first.display_name == "one"
    assert [diagnostic.summary for diagnostic in last.diagnostic] == ["odd ***", "It is told"]
