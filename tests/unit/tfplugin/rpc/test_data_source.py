"""The calls for data sources."""

from typing import Any

from support.toy_objects import (
    THING,
    ToldFault,
    made,
    message,
    plain,
    raiser,
    servicer,
    summaries,
    thing,
)
from tfplugin.types import Unknown
from tfplugin.wire import tfplugin6_pb2 as pb


def read(do: Any) -> Any:
    request = pb.ReadDataSource.Request(
        type_name=THING,
        config=message(thing(kind=None)),
        client_capabilities=pb.ClientCapabilities(deferral_allowed=True),
    )
    return servicer(read=do).ReadDataSource(request)


def test_what_is_found_is_returned() -> None:
    seen: list[Any] = []

    def find(ctx: Any, config: Any) -> Any:
        seen.append((ctx.client_can_defer, config))
        return made()

    response = read(find)
    assert seen == [(True, thing(kind=None))]
    assert plain(response.state) == made()
    assert not response.HasField("deferred")


def test_while_it_is_deferred_all_that_is_computed_is_unknown() -> None:
    response = read(lambda ctx, config: ctx.defer())
    assert response.deferred.reason == pb.Deferred.PROVIDER_CONFIG_UNKNOWN
    assert plain(response.state) == thing(id=Unknown, parts=Unknown)


def test_nothing_unknown_may_be_found() -> None:
    assert summaries(read(lambda ctx, config: made(id=Unknown))) == ["Invalid value of id"]


def test_what_is_not_known_yet_and_what_is_missing_are_refused_by_name() -> None:
    request = pb.ReadDataSource.Request(type_name=THING, config=message(thing(name=Unknown)))
    assert summaries(servicer().ReadDataSource(request)) == ["name is not known yet"]
    request = pb.ReadDataSource.Request(type_name=THING, config=message(thing(name=None)))
    assert summaries(servicer().ReadDataSource(request)) == ["Missing required argument"]


def test_a_failure_is_told_and_returns_nothing() -> None:
    response = read(raiser(ToldFault("x")))
    assert summaries(response) == ["It is told"]
    assert not response.HasField("state")
