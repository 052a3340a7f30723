"""Values in the calls: whoever is called gets what they mean, and never one that is not valid."""

from typing import Any

import pytest

from support.toy_objects import THING, made, message, plain, servicer, summaries, thing
from tfplugin.types import Unknown
from tfplugin.wire import tfplugin6_pb2 as pb

NULL = message(None)
VALID, WRONG, LATER = (thing(timeouts={"create": text}) for text in ("2h", "soon", Unknown))
EXPECTED = '"soon" is not in hours.'


def validate(written: Any, **methods: Any) -> Any:
    request = pb.ValidateDataResourceConfig.Request(type_name=THING, config=message(written))
    return servicer(**methods).ValidateDataResourceConfig(request)


def read_data(written: Any, **methods: Any) -> Any:
    request = pb.ReadDataSource.Request(type_name=THING, config=message(written))
    return servicer(**methods).ReadDataSource(request)


def open_(written: Any, **methods: Any) -> Any:
    request = pb.OpenEphemeralResource.Request(type_name=THING, config=message(written))
    return servicer(**methods).OpenEphemeralResource(request)


def list_(written: Any, **methods: Any) -> Any:
    request = pb.ListResource.Request(type_name=THING, config=message(written), limit=1)
    events = servicer(**methods).ListResource(request)
    return pb.ReadDataSource.Response(diagnostics=[one for e in events for one in e.diagnostic])


def plan_action(written: Any, **methods: Any) -> Any:
    request = pb.PlanAction.Request(action_type=THING, config=message(written))
    return servicer(**methods).PlanAction(request)


def invoke(written: Any, **methods: Any) -> Any:
    request = pb.InvokeAction.Request(action_type=THING, config=message(written))
    (event,) = servicer(**methods).InvokeAction(request)
    return event.completed


def plan(written: Any, **methods: Any) -> Any:
    proposed = message(written)
    request = pb.PlanResourceChange.Request(
        type_name=THING, prior_state=NULL, proposed_new_state=proposed, config=proposed
    )
    return servicer(**methods).PlanResourceChange(request)


def apply(written: Any, prior: Any = None, **methods: Any) -> Any:
    request = pb.ApplyResourceChange.Request(
        type_name=THING,
        prior_state=message(prior),
        planned_state=message(written),
        config=message(written),
        planned_private=b"kept",
    )
    return servicer(**methods).ApplyResourceChange(request)


def update(written: Any, **methods: Any) -> Any:
    return apply(written, made(), **methods)


CALLS: dict[str, Any] = {
    "read": read_data,
    "open": open_,
    "list": list_,
    "invoke": invoke,
    "create": apply,
    "update": update,
}
PLANS: dict[str, Any] = {"plan": plan, "plan of an action": plan_action}


@pytest.mark.parametrize("call", [*CALLS, *PLANS])
def test_what_a_value_means_is_handed_over(call: str) -> None:
    seen: list[Any] = []

    def look(ctx: Any, *states: Any) -> Any:
        seen.append((ctx.config, states[-1]["timeouts"]))
        return [] if call in ("invoke", "list") else states[-1]

    (CALLS | PLANS)[call](VALID, **{call.partition(" ")[0]: look})
    assert seen == [(VALID, {"create": 2})]


@pytest.mark.parametrize("call", [*CALLS, *PLANS])
def test_nobody_is_called_with_a_value_that_is_not_valid(call: str) -> None:
    def fail(*_: Any) -> Any:
        pytest.fail("it was called")

    answer = (CALLS | PLANS)[call](WRONG, **{call.partition(" ")[0]: fail})
    (error,) = answer.diagnostics
    assert (error.summary, error.detail) == ("Invalid timeouts.create", EXPECTED)
    assert [step.attribute_name for step in error.attribute.steps] == ["timeouts", "create"]


@pytest.mark.parametrize("call", [*CALLS, *PLANS])
def test_a_rule_between_values_is_asked_again_when_they_are_known(call: str) -> None:
    def refuse(ctx: Any, config: Any) -> None:
        if config["timeouts"] == {"create": 2}:
            ctx.diagnostics.add_error("not together")

    def fail(*_: Any) -> Any:
        pytest.fail("it was called")

    assert not validate(LATER, validate=refuse).diagnostics
    methods = {"validate": refuse, call.partition(" ")[0]: fail}
    assert summaries((CALLS | PLANS)[call](VALID, **methods)) == ["not together"]


def test_a_validation_tells_everything_at_once() -> None:
    seen: list[Any] = []

    def refuse(ctx: Any, config: Any) -> None:
        seen.append(config["timeouts"])
        ctx.diagnostics.add_error("not together")

    assert summaries(validate(WRONG, validate=refuse)) == [
        "Invalid timeouts.create",
        "not together",
    ]
    assert seen == [{"create": Unknown}]


def test_an_update_with_a_value_that_is_not_valid_keeps_the_state() -> None:
    response = update(WRONG)
    assert plain(response.new_state) == made()
    assert response.private == b"kept"


@pytest.mark.parametrize("call", ["create", "update"])
def test_a_state_keeps_the_spelling_in_which_it_was_written(call: str) -> None:
    def change(ctx: Any, *states: Any) -> Any:
        return states[-1] | {"id": "1", "parts": []}

    written = thing(id=Unknown, parts=Unknown, timeouts={"create": "02h"})
    response = CALLS[call](written, **{call: change})
    assert plain(response.new_state) == written | {"id": "1", "parts": []}


def test_what_is_written_stays_as_it_is_beside_what_is_computed() -> None:
    def look(ctx: Any, config: Any) -> Any:
        return {"name": "ONE", "size": 7, "id": "1"}

    assert plain(read_data(VALID, read=look).state) == VALID | {"id": "1"}
    assert plain(open_(VALID, open=look).result) == VALID | {"id": "1"}


@pytest.mark.parametrize("call", ["read", "delete", "plan"])
def test_a_state_that_is_not_valid_any_more_stops_nothing(call: str) -> None:
    stored = made(timeouts={"create": "soon"})
    seen: list[Any] = []

    def look(ctx: Any, *states: Any) -> Any:
        seen.append(states[0]["timeouts"])
        return states[0]

    calls, state = servicer(**{call: look}), message(stored)
    said: list[Any] = []
    if call == "read":
        read = calls.ReadResource(pb.ReadResource.Request(type_name=THING, current_state=state))
        assert plain(read.new_state) == stored
        said += read.diagnostics
    elif call == "delete":
        said += calls.ApplyResourceChange(
            pb.ApplyResourceChange.Request(
                type_name=THING, prior_state=state, planned_state=NULL, config=NULL
            )
        ).diagnostics
    else:
        said += calls.PlanResourceChange(
            pb.PlanResourceChange.Request(
                type_name=THING, prior_state=state, proposed_new_state=NULL, config=NULL
            )
        ).diagnostics
    assert seen == [{"create": Unknown}]
    assert not said


def test_an_argument_of_a_function_is_checked_and_parsed() -> None:
    def call(word: str, times: int) -> Any:
        request = pb.CallFunction.Request(name="join", arguments=[message(word), message(times)])
        return servicer(call=lambda arguments: [repr(arguments)]).CallFunction(request)

    assert plain(call("3h", 1).result) == ["['3h', 1]"]
    refused = call("3h", -1)
    assert (refused.error.text, refused.error.function_argument) == ("-1 is less than 0.", 1)
