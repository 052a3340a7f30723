"""A stop is heard in every request of every call, though the server says nothing more."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, Family, Simulator
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.codec import Encoder

SOON = 2.0  # seconds after which a call that is stopped has ended
SILENT = 20.0  # seconds for which the server says nothing

Call = Callable[[], Any]


class Terraform:
    """Calls a provider in this process, for a mount and what is looked up of it."""

    def __init__(self, simulator: Simulator) -> None:
        self.provider = VeeamProvider()
        self.servicer = ProviderServicer(self.provider, mask=str)
        self.point = simulator.restore_points(Family.VM)[0]
        values = {
            "url": simulator.url,
            "username": ADMINISTRATOR.username,
            "password": ADMINISTRATOR.password,
            "certificate_fingerprint": simulator.fingerprint,
        }
        config = self.value(self.provider.schema, values)
        answer = self.servicer.ConfigureProvider(pb.ConfigureProvider.Request(config=config))
        assert not answer.diagnostics

    def value(self, schema: Any, written: dict[str, Any] | None) -> pb.DynamicValue:
        names = [attribute.name for attribute in schema.attributes]
        whole = None if written is None else dict.fromkeys(names) | written
        return Encoder(may_be_unknown=True).encode(schema.attributes, whole)

    def plan(self) -> pb.PlanResourceChange.Response:
        schema = self.provider.resources["veeam_mount_point"].schema
        wanted = self.value(schema, {"restore_point_id": self.point.id})
        request = pb.PlanResourceChange.Request(type_name="veeam_mount_point", config=wanted)
        request.prior_state.CopyFrom(self.value(schema, None))
        request.proposed_new_state.CopyFrom(wanted)
        return self.servicer.PlanResourceChange(request)

    def create(self) -> pb.ApplyResourceChange.Response:
        schema = self.provider.resources["veeam_mount_point"].schema
        planned = self.plan()
        request = pb.ApplyResourceChange.Request(
            type_name="veeam_mount_point",
            prior_state=self.value(schema, None),
            planned_state=planned.planned_state,
            planned_private=planned.planned_private,
            config=self.value(schema, {"restore_point_id": self.point.id}),
        )
        return self.servicer.ApplyResourceChange(request)

    def with_a_mount(self, name: str) -> Call:
        """Return a call about a mount that there is."""
        made = self.create()
        assert not made.diagnostics
        schema = self.provider.resources["veeam_mount_point"].schema
        read = pb.ReadResource.Request(
            type_name="veeam_mount_point", current_state=made.new_state, private=made.private
        )
        delete = pb.ApplyResourceChange.Request(
            type_name="veeam_mount_point",
            prior_state=made.new_state,
            planned_state=self.value(schema, None),
            planned_private=made.private,
        )
        if name == "read":
            return lambda: self.servicer.ReadResource(read)
        return lambda: self.servicer.ApplyResourceChange(delete)

    def data(self, name: str, **written: Any) -> Call:
        config = self.value(self.provider.data_sources[name].schema, written)
        request = pb.ReadDataSource.Request(type_name=name, config=config)
        return lambda: self.servicer.ReadDataSource(request)

    def open(self) -> Call:
        schema = self.provider.ephemeral_resources["veeam_mount_point"].schema
        config = self.value(schema, {"restore_point_id": self.point.id})
        request = pb.OpenEphemeralResource.Request(type_name="veeam_mount_point", config=config)
        return lambda: self.servicer.OpenEphemeralResource(request)


CALLS: dict[str, Callable[[Terraform], Call]] = {
    "plan": lambda terraform: terraform.plan,
    "create": lambda terraform: terraform.create,
    "read": lambda terraform: terraform.with_a_mount("read"),
    "delete": lambda terraform: terraform.with_a_mount("delete"),
    "open": lambda terraform: terraform.open(),
    "machines": lambda terraform: terraform.data("veeam_machines"),
    "restore points": lambda terraform: terraform.data(
        "veeam_restore_points", machine_name="web02"
    ),
    "jobs": lambda terraform: terraform.data("veeam_jobs"),
    "roots": lambda terraform: terraform.data("veeam_hierarchy_roots"),
}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(seed=1) as running:
        yield running


@pytest.mark.parametrize("name", CALLS)
def test_a_call_hears_a_stop_in_each_of_its_requests(simulator: Simulator, name: str) -> None:
    for answered in count():
        terraform = Terraform(simulator)
        call = CALLS[name](terraform)
        simulator.add_fault("delay", ".*", answered, seconds=0)
        simulator.add_fault("delay", ".*", None, seconds=SILENT)
        before = len(simulator.answering)
        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        while thread.is_alive() and len(simulator.answering) == before:
            time.sleep(0.01)
        thread.join(0.2)
        if not thread.is_alive():
            break
        began = time.monotonic()
        terraform.servicer.stop.set()
        thread.join(10 * SOON)
        assert time.monotonic() - began < SOON, simulator.answering[before:]
        simulator.clear_faults()
        terraform.provider.close(0.5)
    assert answered
