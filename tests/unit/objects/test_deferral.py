"""What a client is told while the provider's configuration is not known yet."""

from typing import Any

import pytest

from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.types import Unknown
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.codec import Encoder, decode

POINT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
MOUNT: dict[str, Any] = {"restore_point_id": POINT}
DATA: dict[str, dict[str, Any]] = {
    "veeam_backup_server": {"name": "backup01.tech.local"},
    "veeam_backup_servers": {},
    "veeam_backup_sessions": {"job_name": "Daily"},
    "veeam_file_versions": {"machine_name": "oracle03", "path": "E:/a"},
    "veeam_hierarchy_object": {"name": "web02"},
    "veeam_hierarchy_roots": {},
    "veeam_job": {"name": "Daily"},
    "veeam_jobs": {},
    "veeam_machines": {},
    "veeam_repositories": {},
    "veeam_repository": {"name": "Bucket"},
    "veeam_restore_point": {},
    "veeam_restore_points": {},
    "veeam_restore_sessions": {},
    "veeam_mount_points": MOUNT,
    "veeam_mount_point_files": {"mount_point_id": f"vm/{POINT}/1", "path": "C:"},
}
ACTIONS: dict[str, dict[str, Any]] = {
    "veeam_job_start": {"job_id": POINT},
    "veeam_quick_backup": {"machine_name": "web02"},
    "veeam_unmount": {"mount_point_id": f"vm/{POINT}/1"},
    "veeam_file_download": {"mount_point_id": f"vm/{POINT}/1", "paths": ["C:/a"], "folder": "x"},
    "veeam_indexed_file_restore": {"restore_point_id": POINT, "paths": ["C:/a"]},
    "veeam_file_restore": {"mount_point_id": f"vm/{POINT}/1", "paths": ["C:/a"]},
}
RESOURCES: dict[str, dict[str, Any]] = {
    "veeam_job_object": {"job_id": POINT, "ref": f"urn:VMware:Vm:{POINT}.vm-32"},
    "veeam_mount_point": MOUNT,
}
LISTS: dict[str, dict[str, Any]] = {
    "veeam_job_object": {"job_id": POINT},
    "veeam_mount_point": MOUNT,
}
EPHEMERAL: dict[str, dict[str, Any]] = {"veeam_logon_session": {}, "veeam_mount_point": MOUNT}
UNKNOWN_CONFIG = pb.Deferred.PROVIDER_CONFIG_UNKNOWN


class Client:
    """A Terraform whose provider block has a value that is not known."""

    def __init__(self, *, can_defer: bool) -> None:
        self.provider = VeeamProvider()
        self.servicer = ProviderServicer(self.provider, mask=str)
        self.capabilities = pb.ClientCapabilities(deferral_allowed=can_defer)
        config = self.value(self.provider.schema, {"url": Unknown})
        answer = self.servicer.ConfigureProvider(
            pb.ConfigureProvider.Request(
                terraform_version="1.15.5", config=config, client_capabilities=self.capabilities
            )
        )
        assert not answer.diagnostics

    def value(self, schema: Any, written: dict[str, Any]) -> pb.DynamicValue:
        """Return a block as it is written; what is left out is null."""
        names = [attribute.name for attribute in schema.attributes]
        encoder = Encoder(may_be_unknown=True)
        return encoder.encode(schema.attributes, dict.fromkeys(names) | written)


def schema_of(name: str) -> Any:
    provider = VeeamProvider()
    classes = {**provider.data_sources, **provider.actions}
    return classes[name].schema


def test_every_object_is_asked_here() -> None:
    """An object that is new to the provider needs a block above."""
    provider = VeeamProvider()
    assert {*DATA} == {*provider.data_sources}
    assert {*ACTIONS} == {*provider.actions}
    assert {*RESOURCES} == {*provider.resources}
    assert {*LISTS} == {*provider.list_resources}
    assert {*EPHEMERAL} == {*provider.ephemeral_resources}


@pytest.mark.parametrize("name", DATA)
def test_a_data_source_is_read_later_or_says_why_it_can_not_be(name: str) -> None:
    def read(client: Client) -> pb.ReadDataSource.Response:
        config = client.value(schema_of(name), DATA[name])
        return client.servicer.ReadDataSource(
            pb.ReadDataSource.Request(
                type_name=name, config=config, client_capabilities=client.capabilities
            )
        )

    later = read(Client(can_defer=True))
    assert later.deferred.reason == UNKNOWN_CONFIG
    assert not later.diagnostics
    state = decode(schema_of(name).attributes, later.state)
    assert state
    assert Unknown in state.values()
    says_what_is_unknown(read(Client(can_defer=False)).diagnostics)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_planned_later(name: str) -> None:
    client = Client(can_defer=True)
    config = client.value(schema_of(name), ACTIONS[name])
    request = pb.PlanAction.Request(
        action_type=name, config=config, client_capabilities=client.capabilities
    )
    answer = client.servicer.PlanAction(request)
    assert answer.deferred.reason == UNKNOWN_CONFIG
    request.client_capabilities.deferral_allowed = False
    answer = client.servicer.PlanAction(request)
    assert (answer.HasField("deferred"), list(answer.diagnostics)) == (False, [])


@pytest.mark.parametrize("can_defer", [True, False])
@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_is_planned_later_or_with_unknown_values(name: str, *, can_defer: bool) -> None:
    client = Client(can_defer=can_defer)
    cls = client.provider.resources[name]
    proposed = client.value(cls.schema, RESOURCES[name])
    answer = client.servicer.PlanResourceChange(
        pb.PlanResourceChange.Request(
            type_name=name,
            prior_state=pb.DynamicValue(json=b"null"),
            proposed_new_state=proposed,
            config=proposed,
            client_capabilities=client.capabilities,
        )
    )
    assert not answer.diagnostics
    assert answer.HasField("deferred") is can_defer
    planned = decode(cls.schema.attributes, answer.planned_state)
    assert planned
    assert Unknown in planned.values()


@pytest.mark.parametrize("name", EPHEMERAL)
def test_an_ephemeral_resource_is_opened_later_or_says_why_it_can_not_be(name: str) -> None:
    """OpenTofu takes a result with unknown values for a fault of the provider."""

    def opened(client: Client) -> pb.OpenEphemeralResource.Response:
        schema = client.provider.ephemeral_resources[name].schema
        return client.servicer.OpenEphemeralResource(
            pb.OpenEphemeralResource.Request(
                type_name=name,
                config=client.value(schema, EPHEMERAL[name]),
                client_capabilities=client.capabilities,
            )
        )

    later = opened(Client(can_defer=True))
    assert (later.deferred.reason, list(later.diagnostics)) == (UNKNOWN_CONFIG, [])
    says_what_is_unknown(opened(Client(can_defer=False)).diagnostics)


@pytest.mark.parametrize("name", RESOURCES)
def test_an_import_waits_or_says_why_it_can_not_be(name: str) -> None:
    def imported(client: Client) -> pb.ImportResourceState.Response:
        return client.servicer.ImportResourceState(
            pb.ImportResourceState.Request(
                type_name=name, id=f"{POINT}/1", client_capabilities=client.capabilities
            )
        )

    later = imported(Client(can_defer=True))
    assert (later.deferred.reason, list(later.diagnostics)) == (UNKNOWN_CONFIG, [])
    says_what_is_unknown(imported(Client(can_defer=False)).diagnostics)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_says_why_it_can_not_be_made(name: str) -> None:
    client = Client(can_defer=False)
    schema = client.provider.list_resources[name].schema
    request = pb.ListResource.Request(
        type_name=name, config=client.value(schema, LISTS[name]), limit=10
    )
    (event,) = client.servicer.ListResource(request)
    says_what_is_unknown(event.diagnostic)


def says_what_is_unknown(diagnostics: Any) -> None:
    (error,) = diagnostics
    assert error.summary == "The provider is not configured"
    assert error.detail.startswith("url in its provider block is known only after an apply")
    assert "-target" in error.detail


def test_another_command_on_the_same_process_is_not_stopped_by_the_one_before() -> None:
    client = Client(can_defer=False)
    stopped = client.servicer.stop
    stopped.set()
    config = client.value(client.provider.schema, {"url": Unknown})
    client.servicer.ConfigureProvider(pb.ConfigureProvider.Request(config=config))
    assert not client.servicer.stop.is_set()
    assert stopped.is_set()  # what was under way then is still asked to stop
