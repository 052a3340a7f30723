"""What clients that nobody here wrote may send: every object of the shipped wheel, at the protocol.

A call may be refused, on the value that is wrong; it never ends in a bare gRPC error or in an
"internal error", and it ends soon after StopProvider.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # there are no stubs
import pytest

from em_simulator import ADMINISTRATOR, Family, Simulator
from support.plugin_client import PluginClient
from tfplugin.wire import tfplugin6_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNKNOWN = msgpack.ExtType(0, b"\x00")
WRONG = {"string": [1], "bool": "perhaps", "number": "many"}
GARBAGE = (b"\x00\xff", b"{}", b"[" * 5000, b'{"token": 7}')
KINDS = {
    "resource": "resource_schemas",
    "data source": "data_source_schemas",
    "ephemeral": "ephemeral_resource_schemas",
    "list": "list_resource_schemas",
    "action": "action_schemas",
}


class Client:
    """A configured provider, and what its schema says."""

    def __init__(self, plugin: PluginClient, server: Simulator) -> None:
        self.plugin = plugin
        self.server = server
        self.schema = plugin.call("GetProviderSchema")

    def call(self, name: str, message: Any = None) -> Any:
        """Return the answer, which is no internal error."""
        answer = self.plugin.call(name, message, seconds=30)
        for said in diagnostics_of(answer):
            assert "nternal error" not in said.summary, (name, said)
            assert "please report" not in said.detail, (name, said)
        return answer

    def configure(self, **changes: Any) -> Any:
        config = {
            "url": self.server.url,
            "username": ADMINISTRATOR.username,
            "password": ADMINISTRATOR.password,
            "certificate_fingerprint": self.server.fingerprint,
        }
        block = self.schema.provider.block
        message = pb.ConfigureProvider.Request(
            terraform_version="1.9.8", config=pack(block, config | changes)
        )
        return self.call("ConfigureProvider", message)

    def blocks(self) -> Iterator[tuple[str, str, pb.Schema.Block]]:
        """Return kind, name and block of each object that a user writes."""
        for kind, field in KINDS.items():
            for name, schema in getattr(self.schema, field).items():
                yield kind, name, schema.schema.block if kind == "action" else schema.block

    def validate(self, kind: str, name: str, config: pb.DynamicValue) -> list[pb.Diagnostic]:
        call, request = {
            "resource": ("ValidateResourceConfig", pb.ValidateResourceConfig.Request),
            "data source": ("ValidateDataResourceConfig", pb.ValidateDataResourceConfig.Request),
            "ephemeral": (
                "ValidateEphemeralResourceConfig",
                pb.ValidateEphemeralResourceConfig.Request,
            ),
            "list": ("ValidateListResourceConfig", pb.ValidateListResourceConfig.Request),
            "action": ("ValidateActionConfig", pb.ValidateActionConfig.Request),
        }[kind]
        of: Any = request
        return list(self.call(call, of(type_name=name, config=config)).diagnostics)

    def use(self, kind: str, name: str, config: pb.DynamicValue) -> Any:
        """Do with a block what a plan does; of a resource plan its create."""
        named: Any = {"action_type" if kind == "action" else "type_name": name}
        if kind == "resource":
            null = pb.DynamicValue(msgpack=msgpack.packb(None))
            return self.call(
                "PlanResourceChange",
                pb.PlanResourceChange.Request(
                    prior_state=null, proposed_new_state=config, config=config, **named
                ),
            )
        if kind == "data source":
            return self.call("ReadDataSource", pb.ReadDataSource.Request(config=config, **named))
        if kind == "ephemeral":
            request = pb.OpenEphemeralResource.Request(config=config, **named)
            opened = self.call("OpenEphemeralResource", request)
            if not errors_of(opened):
                closing = pb.CloseEphemeralResource.Request(private=opened.private, **named)
                self.call("CloseEphemeralResource", closing)
            return opened
        if kind == "list":
            return self.call("ListResource", pb.ListResource.Request(config=config, **named))
        return self.call("PlanAction", pb.PlanAction.Request(config=config, **named))


def diagnostics_of(answer: Any) -> list[pb.Diagnostic]:
    if isinstance(answer, list):
        return [said for one in answer for said in diagnostics_of(one)]
    found: list[pb.Diagnostic] = list(getattr(answer, "diagnostics", ()))
    if isinstance(answer, pb.ListResource.Event):
        return list(answer.diagnostic)
    return found


def errors_of(answer: Any) -> list[pb.Diagnostic]:
    return [said for said in diagnostics_of(answer) if said.severity == pb.Diagnostic.ERROR]


def pack(block: pb.Schema.Block, values: Mapping[str, Any]) -> pb.DynamicValue:
    """Return an object as Terraform sends it: with all of its names."""
    names = [attribute.name for attribute in block.attributes]
    names += [nested.type_name for nested in block.block_types]
    assert set(values) <= set(names)
    return pb.DynamicValue(msgpack=msgpack.packb({name: values.get(name) for name in names}))


def wrong_value(attribute: pb.Schema.Attribute) -> Any:
    kind = json.loads(attribute.type) if attribute.type else ["object"]
    return WRONG[kind] if isinstance(kind, str) else "no list"


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@contextmanager
def started(program: str, server: Simulator, **environment: str) -> Iterator[Client]:
    with PluginClient((program,), environment) as plugin:
        yield Client(plugin, server)
        assert plugin.shut_down() == 0


@pytest.fixture
def client(program: str, server: Simulator) -> Iterator[Client]:
    with started(program, server) as client:
        assert not errors_of(client.configure())
        yield client
    assert (server.mounts(), server.sessions()) == ([], [])


def test_a_client_without_a_certificate_of_its_own(program: str, server: Simulator) -> None:
    with started(program, server, PLUGIN_CLIENT_CERT="") as client:
        assert client.plugin.handshake.endswith("|grpc|\n")
        assert not errors_of(client.configure())


def test_a_second_configuration_is_taken_for_the_same_server_only(client: Client) -> None:
    assert not errors_of(client.configure())
    (refused,) = errors_of(client.configure(url="https://127.0.0.1:1"))
    assert refused.attribute.steps[0].attribute_name == "url"
    block = client.schema.data_source_schemas["veeam_backup_servers"].block
    assert not errors_of(client.use("data source", "veeam_backup_servers", pack(block, {})))


@pytest.mark.parametrize("value", [None, UNKNOWN], ids=["null", "unknown"])
def test_every_attribute_null_and_unknown(client: Client, value: Any) -> None:
    for kind, name, block in client.blocks():
        writable = [one.name for one in block.attributes if one.required or one.optional]
        for attribute in [[one] for one in writable] + [writable]:
            config = pack(block, dict.fromkeys(attribute, value))
            client.validate(kind, name, config)
            client.use(kind, name, config)


def test_every_attribute_of_a_wrong_type_is_refused_on_its_path(client: Client) -> None:
    for kind, name, block in client.blocks():
        for attribute in block.attributes:
            if not (attribute.required or attribute.optional):
                continue
            config = pack(block, {attribute.name: wrong_value(attribute)})
            said = [one for one in client.validate(kind, name, config) if one.attribute.steps]
            steps = [one.attribute.steps[0].attribute_name for one in said]
            assert attribute.name in steps, (name, attribute.name, said)


def test_a_mount_is_planned_twice_alike_and_applied_as_planned(
    client: Client, server: Simulator
) -> None:
    name = "veeam_mount_point"
    block = client.schema.resource_schemas[name].block
    point = server.restore_points(Family.VM)[0].id
    config = pack(block, {"restore_point_id": point})
    proposed = msgpack.unpackb(config.msgpack)
    for attribute in block.attributes:
        if attribute.computed and proposed[attribute.name] is None:
            proposed[attribute.name] = UNKNOWN
    null = pb.DynamicValue(msgpack=msgpack.packb(None))
    request = pb.PlanResourceChange.Request(
        type_name=name, prior_state=null, proposed_new_state=pack(block, proposed), config=config
    )
    planned, again = (client.call("PlanResourceChange", request) for _ in range(2))
    assert not errors_of(planned)
    assert planned.planned_state == again.planned_state

    made = client.call(
        "ApplyResourceChange",
        pb.ApplyResourceChange.Request(
            type_name=name,
            prior_state=null,
            planned_state=planned.planned_state,
            config=config,
            planned_private=planned.planned_private,
        ),
    )
    assert not errors_of(made)
    state = msgpack.unpackb(made.new_state.msgpack)
    plan = msgpack.unpackb(planned.planned_state.msgpack, ext_hook=lambda *_: UNKNOWN)
    assert {key: state[key] for key, value in plan.items() if value != UNKNOWN} == {
        key: value for key, value in plan.items() if value != UNKNOWN
    }

    for garbage in GARBAGE:
        read = client.call(
            "ReadResource",
            pb.ReadResource.Request(type_name=name, current_state=made.new_state, private=garbage),
        )
        deleted = client.call(
            "ApplyResourceChange",
            pb.ApplyResourceChange.Request(
                type_name=name,
                prior_state=made.new_state,
                planned_state=null,
                config=null,
                planned_private=garbage,
            ),
        )
        del read, deleted
    if server.mounts():
        deletion = pb.ApplyResourceChange.Request(
            type_name=name,
            prior_state=made.new_state,
            planned_state=null,
            config=null,
            planned_private=made.private,
        )
        assert not errors_of(client.call("ApplyResourceChange", deletion))
    assert server.mounts() == []


@pytest.mark.parametrize(
    "stored",
    [b"[1]", b"{", b"null", b'"text"', b'{"id": [1]}', b'{"file_system_roots": 7}', b"\xff"],
)
def test_a_stored_state_that_is_broken_is_refused(client: Client, stored: bytes) -> None:
    for name in client.schema.resource_schemas:
        request = pb.UpgradeResourceState.Request(
            type_name=name, version=0, raw_state=pb.RawState(json=stored)
        )
        client.call("UpgradeResourceState", request)


@pytest.mark.parametrize("value", [None, UNKNOWN, [1], {"a": 1}, 7, True, "text", ""])
def test_arguments_of_functions(client: Client, value: Any) -> None:
    packed = pb.DynamicValue(msgpack=msgpack.packb(value))
    for name, function in client.schema.functions.items():
        for count in (len(function.parameters), 0, 9):
            request = pb.CallFunction.Request(name=name, arguments=[packed] * count)
            answer = client.plugin.call("CallFunction", request)
            assert "nternal error" not in answer.error.text, (name, value, answer.error)
            if count != len(function.parameters) or not isinstance(value, str):
                assert answer.error.text, (name, value)


def test_a_stop_ends_a_call_of_each_kind(program: str, server: Simulator) -> None:
    for kind, name, block in list(_blocks(program, server)):
        if kind == "resource" or not _waits(name):
            continue
        with started(program, server) as client:
            client.configure(url="https://127.0.0.1:1", max_retries=100)
            named: Any = {"action_type" if kind == "action" else "type_name": name}
            call, of = {
                "data source": ("ReadDataSource", pb.ReadDataSource.Request),
                "ephemeral": ("OpenEphemeralResource", pb.OpenEphemeralResource.Request),
                "list": ("ListResource", pb.ListResource.Request),
                "action": ("InvokeAction", pb.InvokeAction.Request),
            }[kind]
            request: Any = of(config=pack(block, required(block)), **named)
            running = client.plugin.start_call(call, request, seconds=60)
            time.sleep(0.3)
            client.call("StopProvider")
            stopped = time.monotonic()
            if call in ("ListResource", "InvokeAction"):
                list(running)
            else:
                running.result()
            assert time.monotonic() - stopped < 5, name


def _blocks(program: str, server: Simulator) -> list[tuple[str, str, pb.Schema.Block]]:
    with started(program, server) as client:
        return list(client.blocks())


def _waits(name: str) -> bool:
    return name in ("veeam_backup_servers", "veeam_logon_session", "veeam_mount_point")


def required(block: pb.Schema.Block) -> dict[str, Any]:
    values = {"restore_point_id": "11111111-1111-4111-8111-111111111111"}
    names = [attribute.name for attribute in block.attributes]
    return {name: value for name, value in values.items() if name in names}
