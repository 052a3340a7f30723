"""The calls for managed resources: whatever goes wrong, Terraform gets the state that is true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.toy_objects import (
    ID,
    SECRET,
    THING,
    ToldFault,
    complain,
    identity,
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

if TYPE_CHECKING:
    from collections.abc import Callable

NULL = message(None)
CAN_DEFER = pb.ClientCapabilities(deferral_allowed=True)


def read(current: Any = None, **methods: Callable[..., Any]) -> Any:
    request = pb.ReadResource.Request(
        type_name=THING,
        current_state=message(current or made()),
        private=b"kept",
        current_identity=identity(ID),
        client_capabilities=CAN_DEFER,
    )
    return servicer(**methods).ReadResource(request)


def plan(prior: Any, proposed: Any, config: Any = None, **methods: Callable[..., Any]) -> Any:
    request = pb.PlanResourceChange.Request(
        type_name=THING,
        prior_state=message(prior),
        proposed_new_state=message(proposed),
        config=message(config or proposed),
        prior_private=b"kept",
        prior_identity=identity(ID),
        client_capabilities=CAN_DEFER,
    )
    return servicer(**methods).PlanResourceChange(request)


def apply(prior: Any, planned: Any, **methods: Callable[..., Any]) -> Any:
    request = pb.ApplyResourceChange.Request(
        type_name=THING,
        prior_state=message(prior),
        planned_state=message(planned),
        config=message(planned),
        planned_private=b"kept",
        planned_identity=identity(ID),
    )
    return servicer(**methods).ApplyResourceChange(request)


def change(**values: Any) -> Callable[..., Any]:
    """Return a method that sets private state and identity, and changes what it is handed."""

    def do(ctx: Any, *states: Any) -> Any:
        ctx.private, ctx.identity = b"new", {"id": "2"}
        states[-1].update(values)
        return states[-1]

    return do


def is_new(response: Any, private: str, identity_field: str) -> bool:
    found = plain(getattr(response, identity_field).identity_data)
    return bool(getattr(response, private) == b"new" and found == {"id": "2"})


def is_kept(response: Any, private: str, identity_field: str) -> bool:
    found = plain(getattr(response, identity_field).identity_data)
    return bool(getattr(response, private) == b"kept" and found == ID)


# Read


def test_a_read_returns_what_it_found_with_private_state_and_identity() -> None:
    response = read(read=change(size=7))
    assert plain(response.new_state) == made(size=7)
    assert is_new(response, "private", "new_identity")
    assert not response.diagnostics


def test_a_read_is_handed_what_terraform_has() -> None:
    seen: list[Any] = []

    def look(ctx: Any, current: Any) -> Any:
        seen.append((ctx.private, ctx.identity, ctx.client_can_defer, current))
        return current

    response = read(read=look)
    assert seen == [(b"kept", ID, True, made())]
    assert is_kept(response, "private", "new_identity")


def test_a_read_keeps_the_spelling_of_what_means_the_same_even_if_it_was_changed() -> None:
    def spell(ctx: Any, current: Any) -> Any:
        current["name"] = "ONE"
        return current

    assert plain(read(read=spell).new_state)["name"] == "one"


def test_what_is_gone_is_read_as_null() -> None:
    assert plain(read(read=lambda ctx, current: None).new_state) is None


@pytest.mark.parametrize("error", [ToldFault("so it was"), ValueError("odd")])
def test_a_read_that_fails_changes_nothing(error: Exception) -> None:
    response = read(read=raiser(error))
    assert plain(response.new_state) == made()
    assert is_kept(response, "private", "new_identity")
    assert len(response.diagnostics) == 1


def test_a_read_with_an_error_and_no_state_drops_nothing() -> None:
    response = read(read=complain)
    assert plain(response.new_state) == made()
    assert summaries(response) == ["no"]


def test_a_read_that_is_deferred_changes_nothing() -> None:
    response = read(read=lambda ctx, current: ctx.defer())
    assert response.deferred.reason == pb.Deferred.PROVIDER_CONFIG_UNKNOWN
    assert plain(response.new_state) == made()


def test_a_value_that_can_not_be_sent_costs_only_itself() -> None:
    response = read(read=change(size="seven"))
    assert plain(response.new_state) == made(size=None)
    assert summaries(response) == ["Invalid value of size"]
    assert "please report it" in response.diagnostics[0].detail


# Plan


def test_a_create_is_planned_with_defaults_and_unknown_results() -> None:
    response = plan(None, thing(kind=None))
    assert plain(response.planned_state) == thing(id=Unknown, parts=Unknown)
    assert not response.requires_replace


def test_a_planned_create_is_not_told_the_identity_of_what_it_replaces() -> None:
    seen: list[Any] = []

    def look(ctx: Any, current: Any, planned: Any) -> Any:
        seen.append((ctx.private, ctx.identity, ctx.config, current))
        return planned

    plan(None, thing(), plan=look)
    plan(made(), made(size=2), thing(size=2), plan=look)
    assert seen == [
        (b"kept", None, thing(), None),
        (b"kept", ID, thing(size=2), made()),
    ]


def test_a_plan_returns_what_the_resource_made_of_it() -> None:
    response = plan(made(), made(size=2), plan=change(size=3, id=Unknown))
    assert plain(response.planned_state) == made(size=3, id=Unknown)
    assert is_new(response, "planned_private", "planned_identity")


def test_a_replacement_is_found_by_the_schema_and_by_the_resource() -> None:
    def look(ctx: Any, current: Any, planned: Any) -> Any:
        ctx.requires_replace += [["size"], ["name"]]
        return planned

    response = plan(made(), made(name="two", size=2), plan=look)
    names = [path.steps[0].attribute_name for path in response.requires_replace]
    assert names == ["name", "size"]
    assert not plan(made(), made(name="ONE", size=2)).requires_replace
    assert not plan(None, thing(name="two"), plan=look).requires_replace


def test_a_resource_may_change_the_state_it_is_handed() -> None:
    def spoil(ctx: Any, current: Any, planned: Any) -> Any:
        current["name"] = "two"
        current["parts"].append("b")
        planned["parts"].append("c")
        return planned

    response = plan(made(), made(size=2), plan=spoil)
    assert plain(response.planned_state) == made(size=2, parts=["a", "c"])
    assert [path.steps[0].attribute_name for path in response.requires_replace] == ["parts"]


def test_a_plan_keeps_the_spelling_of_what_means_the_same() -> None:
    response = plan(made(), made(size=2), plan=change(name="ONE"))
    assert plain(response.planned_state)["name"] == "one"


def test_a_delete_is_planned_as_null_and_keeps_private_state() -> None:
    seen: list[Any] = []
    response = plan(made(), None, plan=lambda ctx, *states: seen.append(states))
    assert seen == [(made(), None)]
    assert plain(response.planned_state) is None
    assert response.planned_private == b"kept"


def test_a_plan_without_a_state_is_an_error_of_ours_unless_it_reported_one() -> None:
    nothing = plan(None, thing(), plan=lambda ctx, *states: None)
    assert summaries(nothing) == ["The provider returned no state"]
    told = plan(None, thing(), plan=complain)
    assert summaries(told) == ["no"]


def test_a_plan_that_fails_or_is_deferred_says_so() -> None:
    assert summaries(plan(None, thing(), plan=raiser(ToldFault("x")))) == ["It is told"]

    def later(ctx: Any, current: Any, planned: Any) -> Any:
        ctx.defer()
        return planned

    response = plan(None, thing(), plan=later)
    assert response.deferred.reason == pb.Deferred.PROVIDER_CONFIG_UNKNOWN
    assert plain(response.planned_state)["id"] is Unknown


# Apply


def test_a_create_returns_the_state_with_private_state_and_identity() -> None:
    seen: list[Any] = []

    def create(ctx: Any, planned: Any) -> Any:
        seen.append((ctx.private, ctx.config, dict(planned)))
        return change(id="1", parts=["a"], name="ONE")(ctx, planned)

    planned = thing(id=Unknown, parts=Unknown)
    response = apply(None, planned, create=create)
    assert seen == [(b"", planned, planned)]  # private state is that of what is replaced
    assert plain(response.new_state) == made()
    assert is_new(response, "private", "new_identity")


def test_an_identity_that_a_create_leaves_unknown_is_an_error_and_the_state_is_kept() -> None:
    def create(ctx: Any, planned: Any) -> Any:
        ctx.identity = {"id": Unknown}
        return planned | {"id": "1", "parts": ["a"]}

    response = apply(None, thing(id=Unknown, parts=Unknown), create=create)
    assert plain(response.new_state) == made()
    assert plain(response.new_identity.identity_data) == {"id": None}
    (error,) = response.diagnostics
    assert error.summary == "Invalid value of id"


def test_a_create_that_fails_returns_nothing() -> None:
    response = apply(None, thing(), create=raiser(ToldFault("x")))
    assert plain(response.new_state) is None
    assert response.private == b""
    assert summaries(response) == ["It is told"]


def test_a_create_that_fails_after_it_has_made_something_returns_both() -> None:
    def create(ctx: Any, planned: Any) -> Any:
        ctx.diagnostics.add_error("not all of it")
        return change(id="1", parts=["a"])(ctx, planned)

    response = apply(None, thing(), create=create)
    assert plain(response.new_state) == made()
    assert is_new(response, "private", "new_identity")
    assert summaries(response) == ["not all of it"]


def test_private_state_that_was_set_before_an_exception_is_not_lost() -> None:
    def create(ctx: Any, planned: Any) -> Any:
        ctx.private = b"new"
        raise ToldFault("x")

    assert apply(None, thing(), create=create).private == b"new"


def test_a_change_that_returns_no_state_and_no_error_is_a_fault_of_ours() -> None:
    response = apply(made(), made(size=2), update=lambda ctx, *states: None)
    assert summaries(response) == ["The provider returned no state"]
    assert plain(response.new_state) == made()
    assert is_kept(response, "private", "new_identity")


def test_an_update_is_handed_both_states_and_returns_the_new_one() -> None:
    seen: list[Any] = []

    def update(ctx: Any, current: Any, planned: Any) -> Any:
        seen.append((ctx.private, ctx.identity, current, dict(planned)))
        return change(name="ONE")(ctx, planned)

    response = apply(made(), made(size=2), update=update)
    assert seen == [(b"kept", ID, made(), made(size=2))]
    assert plain(response.new_state) == made(size=2)
    assert is_new(response, "private", "new_identity")


def test_a_delete_returns_null_and_no_identity() -> None:
    seen: list[Any] = []

    def delete(ctx: Any, current: Any) -> None:
        seen.append((ctx.private, ctx.identity, ctx.config, current))

    response = apply(made(), None, delete=delete)
    assert seen == [(b"kept", ID, None, made())]
    assert plain(response.new_state) is None
    assert not response.HasField("new_identity")


def test_a_delete_that_fails_returns_nothing_so_that_terraform_keeps_all_that_there_was() -> None:
    def forget(ctx: Any, current: Any) -> None:
        ctx.private = b""
        raise ToldFault("x")

    for delete in (raiser(ToldFault("x")), complain, forget):
        response = apply(made(), None, delete=delete)
        assert plain(response.new_state) is None
        assert response.private == b""
        assert not response.HasField("new_identity")
        assert len(response.diagnostics) == 1


@pytest.mark.parametrize(
    ("prior", "planned", "activity"),
    [(None, thing(), "creating"), (made(), made(size=2), "updating"), (made(), None, "deleting")],
)
def test_an_unexpected_error_says_what_was_being_done(
    prior: Any, planned: Any, activity: str
) -> None:
    failing = dict.fromkeys(("create", "update", "delete"), raiser(ValueError(SECRET)))
    response = apply(prior, planned, **failing)
    (error,) = response.diagnostics
    assert f"While {activity} toy_thing, " in error.detail
    assert "ValueError: ***" in error.detail


# Stored states, imports, configurations


def upgrade(state: Any, version: int = 2) -> Any:
    raw = pb.RawState(json=json.dumps(state).encode())
    request = pb.UpgradeResourceState.Request(type_name=THING, version=version, raw_state=raw)
    return servicer().UpgradeResourceState(request)


def test_a_stored_state_is_returned_without_what_the_schema_no_longer_has() -> None:
    assert plain(upgrade(made(old=1, size=0.5)).upgraded_state) == made(size="0.5")


def test_a_state_of_a_newer_provider_or_an_ancient_terraform_is_refused() -> None:
    assert "newer version of the provider" in summaries(upgrade(made(), version=3))[0]
    raw = pb.RawState(flatmap={"id": "1"})
    request = pb.UpgradeResourceState.Request(type_name=THING, version=1, raw_state=raw)
    assert "Terraform 0.11" in summaries(servicer().UpgradeResourceState(request))[0]


def test_a_stored_identity_is_returned_and_a_newer_one_refused() -> None:
    def upgraded(version: int) -> Any:
        raw = pb.RawState(json=b'{"id": "1", "old": 2}')
        return servicer().UpgradeResourceIdentity(
            pb.UpgradeResourceIdentity.Request(type_name=THING, version=version, raw_identity=raw)
        )

    assert plain(upgraded(1).upgraded_identity.identity_data) == ID
    assert "newer version" in summaries(upgraded(2))[0]


def import_(id_: str = "1", found: Any = None, **methods: Callable[..., Any]) -> Any:
    request = pb.ImportResourceState.Request(
        type_name=THING, id=id_, identity=found, client_capabilities=CAN_DEFER
    )
    return servicer(**methods).ImportResourceState(request)


def test_an_import_returns_one_resource_as_it_was_found() -> None:
    def find(ctx: Any, id_: str) -> Any:
        ctx.private, ctx.identity = b"new", {"id": "2"}
        return made(id=id_)

    (found,) = import_(import_=find).imported_resources
    assert (found.type_name, plain(found.state)) == (THING, made())
    assert is_new(found, "private", "identity")


def test_an_import_by_identity_is_handed_it() -> None:
    seen: list[Any] = []
    import_("", identity(ID), import_=lambda ctx, id_: seen.append((id_, ctx.identity)))
    assert seen == [("", ID)]


def test_an_import_that_finds_nothing_says_why() -> None:
    assert summaries(import_(import_=lambda ctx, id_: None)) == [
        "There is no toy_thing with the id 1"
    ]
    told = import_(import_=complain)
    assert summaries(told) == ["no"]
    later = import_(import_=lambda ctx, id_: ctx.defer())
    assert (summaries(later), later.deferred.reason) == ([], pb.Deferred.PROVIDER_CONFIG_UNKNOWN)
    assert summaries(import_()) == ["toy_thing can't be imported"]


def test_a_resource_of_another_type_can_not_become_one() -> None:
    request = pb.MoveResourceState.Request(source_type_name="other_thing", target_type_name=THING)
    assert summaries(servicer().MoveResourceState(request)) == [
        "other_thing can't become toy_thing"
    ]


def test_a_configuration_is_what_a_user_would_write() -> None:
    state = made(size=2, timeouts={"create": "1h"})
    request = pb.GenerateResourceConfig.Request(type_name=THING, state=message(state))
    response = servicer().GenerateResourceConfig(request)
    assert plain(response.config) == thing(size=2, kind=None, timeouts={"create": "1h"})
    request.state.CopyFrom(message(made(kind="rare")))
    assert plain(servicer().GenerateResourceConfig(request).config)["kind"] == "rare"


def test_identities_are_told_of_the_resources_that_have_one() -> None:
    response = servicer().GetResourceIdentitySchemas(pb.GetResourceIdentitySchemas.Request())
    assert list(response.identity_schemas) == [THING]


def test_a_delete_of_what_this_version_does_not_have_keeps_all_too() -> None:
    request = pb.ApplyResourceChange.Request(
        type_name="toy_other", prior_state=message(made()), planned_state=NULL
    )
    response = servicer().ApplyResourceChange(request)
    assert plain(response.new_state) is None
    assert len(response.diagnostics) == 1


def test_a_block_that_is_missing_or_of_no_known_type_is_refused() -> None:
    request = pb.ReadResource.Request(type_name=THING, current_state=NULL)
    assert "Terraform sent nothing" in summaries(servicer().ReadResource(request))[0]
    request = pb.ReadResource.Request(type_name="toy_other", current_state=message(made()))
    response = servicer().ReadResource(request)
    assert summaries(response) == ["This version of the provider has no toy_other"]
    assert plain(response.new_state) == made()
