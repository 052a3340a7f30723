"""The calls for ephemeral resources."""

import datetime as dt
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

MOMENT = dt.datetime(2026, 11, 25, 12, 0, 0, 250_000, dt.UTC)


def opened(do: Any) -> Any:
    request = pb.OpenEphemeralResource.Request(
        type_name=THING,
        config=message(thing()),
        client_capabilities=pb.ClientCapabilities(deferral_allowed=True),
    )
    return servicer(open=do).OpenEphemeralResource(request)


def lease(ctx: Any, *_: Any) -> Any:
    ctx.private, ctx.renew_at = b"new", MOMENT
    return made(id=Unknown)


def renews_at(response: Any) -> tuple[int, int]:
    return response.renew_at.seconds, response.renew_at.nanos


def test_what_is_opened_is_returned_with_its_private_state_and_renewal() -> None:
    response = opened(lease)
    assert plain(response.result) == made(id=Unknown)
    assert response.private == b"new"
    assert renews_at(response) == (int(MOMENT.timestamp()), 250_000_000)


def test_without_a_time_nothing_is_renewed() -> None:
    response = opened(lambda ctx, config: made())
    assert not response.HasField("renew_at")
    assert (response.private, list(response.diagnostics)) == (b"", [])


def test_an_opening_may_wait_or_fail() -> None:
    later = opened(lambda ctx, config: ctx.defer() or made())
    assert later.deferred.reason == pb.Deferred.PROVIDER_CONFIG_UNKNOWN
    assert not later.HasField("result")
    failed = opened(raiser(ToldFault("x")))
    assert summaries(failed) == ["It is told"]
    assert not failed.HasField("result")


def test_a_renewal_is_handed_private_state_and_may_change_it() -> None:
    seen: list[Any] = []
    request = pb.RenewEphemeralResource.Request(type_name=THING, private=b"kept")

    def renew(ctx: Any) -> None:
        seen.append(ctx.private)
        lease(ctx)

    response = servicer(renew=renew).RenewEphemeralResource(request)
    assert seen == [b"kept"]
    assert response.private == b"new"
    assert renews_at(response)[0] == int(MOMENT.timestamp())


def test_a_renewal_that_fails_keeps_private_state() -> None:
    request = pb.RenewEphemeralResource.Request(type_name=THING, private=b"kept")
    response = servicer(renew=raiser(ToldFault("x"))).RenewEphemeralResource(request)
    assert response.private == b"kept"
    assert summaries(response) == ["It is told"]


def test_a_close_may_still_wait_after_a_stop() -> None:
    seen: list[Any] = []
    server = servicer(
        close=lambda ctx: seen.append((ctx.private, ctx.stop.is_set())),
        renew=lambda ctx: seen.append(ctx.stop.is_set()),
    )
    server.StopProvider(pb.StopProvider.Request())
    server.RenewEphemeralResource(pb.RenewEphemeralResource.Request(type_name=THING))
    request = pb.CloseEphemeralResource.Request(type_name=THING, private=b"kept")
    assert not server.CloseEphemeralResource(request).diagnostics
    assert seen == [True, (b"kept", False)]


def test_a_close_that_fails_is_told() -> None:
    request = pb.CloseEphemeralResource.Request(type_name=THING)
    response = servicer(close=raiser(ToldFault("x"))).CloseEphemeralResource(request)
    assert summaries(response) == ["It is told"]
