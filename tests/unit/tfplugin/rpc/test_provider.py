"""The calls for the provider itself, and what all kinds of blocks have in common."""

from typing import Any

import pytest

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
from tfplugin.types import Unknown
from tfplugin.wire import tfplugin6_pb2 as pb

VALIDATIONS = (
    "ValidateResourceConfig",
    "ValidateDataResourceConfig",
    "ValidateEphemeralResourceConfig",
    "ValidateListResourceConfig",
    "ValidateActionConfig",
)


def test_everything_there_is_is_named_once() -> None:
    response = servicer().GetMetadata(pb.GetMetadata.Request())
    for kind in ("resources", "data_sources", "ephemeral_resources", "list_resources", "actions"):
        assert [item.type_name for item in getattr(response, kind)] == [THING]
    assert [function.name for function in response.functions] == ["join"]
    assert response.server_capabilities.get_provider_schema_optional


def test_the_schema_of_everything_is_told() -> None:
    response = servicer().GetProviderSchema(pb.GetProviderSchema.Request())
    assert [attribute.name for attribute in response.provider.block.attributes] == ["url"]
    for schemas in (
        response.resource_schemas,
        response.data_source_schemas,
        response.ephemeral_resource_schemas,
        response.list_resource_schemas,
    ):
        assert schemas[THING].version == 2
    assert response.action_schemas[THING].schema.version == 2
    assert response.functions["join"].summary == "Repeats."
    assert response.server_capabilities.plan_destroy
    assert response.server_capabilities.generate_resource_config
    assert not response.diagnostics


def test_every_call_of_the_protocol_is_answered() -> None:
    methods = pb.DESCRIPTOR.services_by_name["Provider"].methods_by_name
    assert [name for name in methods if not hasattr(servicer(), name)] == []


def test_the_provider_is_handed_its_block_and_who_asks() -> None:
    seen: list[Any] = []
    server = servicer(
        configure=lambda ctx, config: seen.append(
            (config, ctx.terraform_version, ctx.client_can_defer, ctx.stop is server.stop)
        ),
        validate=lambda ctx, config: seen.append(config),
    )
    url = message({"url": Unknown})
    request = pb.ConfigureProvider.Request(
        terraform_version="1.15.5",
        config=url,
        client_capabilities=pb.ClientCapabilities(deferral_allowed=True),
    )
    server.ConfigureProvider(request)
    server.ValidateProviderConfig(pb.ValidateProviderConfig.Request(config=url))
    assert seen == [({"url": Unknown}, "1.15.5", True, True), {"url": Unknown}]


def test_what_the_provider_refuses_is_told() -> None:
    server = servicer(configure=raiser(ToldFault("x")), validate=raiser(ToldFault("x")))
    request = pb.ConfigureProvider.Request(config=message({}))
    assert summaries(server.ConfigureProvider(request)) == ["It is told"]
    validation = pb.ValidateProviderConfig.Request(config=message({}))
    assert summaries(server.ValidateProviderConfig(validation)) == ["It is told"]


def test_a_stop_ends_waits_until_another_command_configures_the_provider() -> None:
    server = servicer()
    configure = pb.ConfigureProvider.Request(config=message({}))
    before = server.stop
    for _ in range(2):  # two provider blocks that are alike: a stop concerns the calls of both
        server.ConfigureProvider(configure)
        assert server.stop is before
    assert server.StopProvider(pb.StopProvider.Request()).Error == ""
    assert before.is_set()
    server.ConfigureProvider(configure)
    assert not server.stop.is_set()
    assert before.is_set()  # what was under way is still asked to end


@pytest.mark.parametrize("name", VALIDATIONS)
def test_each_kind_of_block_is_checked_by_its_own_object(name: str) -> None:
    seen: list[Any] = []

    def validate(ctx: Any, config: Any) -> None:
        seen.append((ctx.type_name, config))
        ctx.diagnostics.add_error(f"no {SECRET}", path=["name"])

    request = getattr(pb, name).Request(type_name=THING, config=message(thing(size=Unknown)))
    (error,) = getattr(servicer(validate=validate), name)(request).diagnostics
    assert seen == [(THING, thing(size=Unknown))]
    assert error.summary == "no ***"
    assert error.attribute.steps[0].attribute_name == "name"
    request.config.CopyFrom(message(None))
    assert len(getattr(servicer(validate=validate), name)(request).diagnostics) == 1
    assert len(seen) == 1
