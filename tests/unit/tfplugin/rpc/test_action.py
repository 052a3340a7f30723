"""The calls for actions."""

from collections.abc import Iterator
from typing import Any

from support.toy_objects import (
    SECRET,
    THING,
    ToldFault,
    message,
    raiser,
    servicer,
    summaries,
    thing,
)
from tfplugin.wire import tfplugin6_pb2 as pb


def plan(do: Any) -> Any:
    request = pb.PlanAction.Request(
        action_type=THING,
        config=message(thing()),
        client_capabilities=pb.ClientCapabilities(deferral_allowed=True),
    )
    return servicer(plan=do).PlanAction(request)


def invoke(do: Any) -> list[Any]:
    request = pb.InvokeAction.Request(action_type=THING, config=message(thing()))
    return list(servicer(invoke=do).InvokeAction(request))


def test_a_plan_checks_the_action_and_may_defer_it() -> None:
    seen: list[Any] = []
    plain_answer = plan(lambda ctx, config: seen.append((ctx.client_can_defer, config)))
    assert seen == [(True, thing())]
    assert (plain_answer.HasField("deferred"), summaries(plain_answer)) == (False, [])
    later = plan(lambda ctx, config: ctx.defer())
    assert later.deferred.reason == pb.Deferred.PROVIDER_CONFIG_UNKNOWN
    assert summaries(plan(raiser(ToldFault("x")))) == ["It is told"]


def test_progress_is_sent_masked_and_then_the_end() -> None:
    first, second, last = invoke(lambda ctx, config: ["one", f"two {SECRET}"])
    assert (first.progress.message, second.progress.message) == ("one", "two ***")
    assert (last.WhichOneof("type"), list(last.completed.diagnostics)) == ("completed", [])


def test_an_action_that_fails_ends_with_the_error() -> None:
    def work(ctx: Any, config: Any) -> Iterator[str]:
        yield "one"
        raise ToldFault("x")

    first, last = invoke(work)
    assert first.progress.message == "one"
    assert summaries(last.completed) == ["It is told"]


def test_after_a_stop_only_the_end_is_sent() -> None:
    calls = servicer(invoke=lambda ctx, config: stopped())

    def stopped() -> Iterator[str]:
        yield "before"
        calls.stop.set()
        yield "after"
        raise ToldFault("x")

    request = pb.InvokeAction.Request(action_type=THING, config=message(thing()))
    first, last = calls.InvokeAction(request)
    assert first.progress.message == "before"
    assert summaries(last.completed) == ["It is told"]


def test_a_line_of_progress_stays_one_line() -> None:
    first, _ = invoke(lambda ctx, config: ["a\nApply complete!"])
    assert first.progress.message == r"a\nApply complete!"
