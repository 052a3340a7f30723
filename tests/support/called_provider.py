"""The provider in this process, asked as Terraform asks it: for what it finds and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from em_simulator import ADMINISTRATOR, Account, Simulator
from support.clocks import FastClock
from terraform_provider_veeam.masking import mask
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.schema import Schema
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.codec import Encoder, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.em.deadline import Clock

Values = dict[str, Any]
CLOCK = FastClock(10)
"""For a provider that waits, and for a simulator in which something takes time."""
NOTHING = pb.DynamicValue(json=b"null")


@dataclass(frozen=True)
class Answer:
    """What came back, and what a person reads of it: for each message its attribute, too."""

    said: str
    has_failed: bool
    result: Any = None

    @property
    def value(self) -> Any:
        """What came back of a call that had to succeed."""
        assert not self.has_failed, self.said
        return self.result

    @property
    def error(self) -> str:
        """What is said of a call that had to fail."""
        assert self.has_failed, f"it succeeded: {self.result} {self.said}"
        return self.said


@dataclass(frozen=True)
class Instance:
    """A resource as the state has it."""

    name: str
    state: pb.DynamicValue
    private: bytes
    values: Values


class CalledProvider:
    """A configured provider. Each method makes the calls that Terraform makes for one block."""

    def __init__(self, block: Mapping[str, Any], clock: Clock = CLOCK) -> None:
        self.provider = VeeamProvider(clock)
        self._servicer = ProviderServicer(self.provider, mask=mask)
        schema = self.provider.schema
        config = _encode(schema, block)
        validated = self._servicer.ValidateProviderConfig(
            pb.ValidateProviderConfig.Request(config=config)
        )
        self.configured = _answer(validated.diagnostics)
        if not self.configured.has_failed:
            answer = self._servicer.ConfigureProvider(
                pb.ConfigureProvider.Request(terraform_version="1.15.5", config=config)
            )
            self.configured = _answer(answer.diagnostics)

    def validate_resource(self, name: str, /, **written: Any) -> Answer:
        config = _encode(self.provider.resources[name].schema, written)
        request = pb.ValidateResourceConfig.Request(type_name=name, config=config)
        return _answer(self._servicer.ValidateResourceConfig(request).diagnostics)

    def import_resource(self, name: str, id_: str) -> Answer:
        request = pb.ImportResourceState.Request(type_name=name, id=id_)
        return _answer(self._servicer.ImportResourceState(request).diagnostics)

    def read(self, name: str, /, **written: Any) -> Answer:
        """Return what a data source finds."""
        schema = self.provider.data_sources[name].schema
        config = _encode(schema, written)
        checked = self._servicer.ValidateDataResourceConfig(
            pb.ValidateDataResourceConfig.Request(type_name=name, config=config)
        )
        told = _answer(checked.diagnostics)
        if told.has_failed:
            return told
        answer = self._servicer.ReadDataSource(
            pb.ReadDataSource.Request(type_name=name, config=config)
        )
        return _answer(answer.diagnostics, decode(schema.attributes, answer.state))

    def act(
        self, name: str, /, on_line: Callable[[str], None] = lambda _: None, **written: Any
    ) -> Answer:
        """Run an action, with a function that is called with each line; returns the lines."""
        config = _encode(self.provider.actions[name].schema, written)
        checked = self._servicer.ValidateActionConfig(
            pb.ValidateActionConfig.Request(type_name=name, config=config)
        )
        planned = self._servicer.PlanAction(pb.PlanAction.Request(action_type=name, config=config))
        told = _answer([*checked.diagnostics, *planned.diagnostics])
        if told.has_failed:
            return told
        lines = []
        for event in self._servicer.InvokeAction(
            pb.InvokeAction.Request(action_type=name, config=config)
        ):
            if event.HasField("progress"):
                lines.append(event.progress.message)
                on_line(lines[-1])
        return _answer(event.completed.diagnostics, "\n".join(lines))

    def create(self, name: str, /, **written: Any) -> Answer:
        """Plan and create; returns an instance."""
        checked = self.validate_resource(name, **written)
        if checked.has_failed:
            return checked
        schema = self.provider.resources[name].schema
        config = _encode(schema, written)
        planned = self._servicer.PlanResourceChange(
            pb.PlanResourceChange.Request(
                type_name=name, prior_state=NOTHING, proposed_new_state=config, config=config
            )
        )
        told = _answer(planned.diagnostics)
        if told.has_failed:
            return told
        made = self._servicer.ApplyResourceChange(
            pb.ApplyResourceChange.Request(
                type_name=name,
                prior_state=NOTHING,
                planned_state=planned.planned_state,
                config=config,
                planned_private=planned.planned_private,
            )
        )
        values = decode(schema.attributes, made.new_state)
        instance = values and Instance(name, made.new_state, made.private, values)
        return _answer([*planned.diagnostics, *made.diagnostics], instance)

    def mount(self, restore_point_id: str) -> Values:
        """Mount a restore point; returns the attributes that name it to others."""
        made = self.create("veeam_mount_point", restore_point_id=restore_point_id).value
        fingerprint = made.values["session_fingerprint"]
        return {"mount_point_id": made.values["id"], "session_fingerprint": fingerprint}

    def refresh(self, instance: Instance) -> Answer:
        """Read a resource; returns its values."""
        schema = self.provider.resources[instance.name].schema
        answer = self._servicer.ReadResource(
            pb.ReadResource.Request(
                type_name=instance.name, current_state=instance.state, private=instance.private
            )
        )
        return _answer(answer.diagnostics, decode(schema.attributes, answer.new_state))

    def update(self, instance: Instance, /, **changed: Any) -> Answer:
        """Change a resource; returns its values."""
        schema = self.provider.resources[instance.name].schema
        planned = _encode(schema, instance.values | changed)
        answer = self._servicer.ApplyResourceChange(
            pb.ApplyResourceChange.Request(
                type_name=instance.name,
                prior_state=instance.state,
                planned_state=planned,
                config=planned,
                planned_private=instance.private,
            )
        )
        return _answer(answer.diagnostics, decode(schema.attributes, answer.new_state))

    def open(self, name: str, /, **written: Any) -> Answer:
        """Open an ephemeral resource; returns what closes it."""
        config = _encode(self.provider.ephemeral_resources[name].schema, written)
        request = pb.OpenEphemeralResource.Request(type_name=name, config=config)
        answer = self._servicer.OpenEphemeralResource(request)
        return _answer(answer.diagnostics, answer.private)

    def close_ephemeral(self, name: str, private: bytes) -> Answer:
        """Close an ephemeral resource."""
        request = pb.CloseEphemeralResource.Request(type_name=name, private=private)
        return _answer(self._servicer.CloseEphemeralResource(request).diagnostics)

    def list_resources(self, name: str, /, **written: Any) -> Answer:
        """Return the names of what a listing finds."""
        config = _encode(self.provider.list_resources[name].schema, written)
        request = pb.ListResource.Request(type_name=name, config=config)
        events = list(self._servicer.ListResource(request))
        told = [one for event in events for one in event.diagnostic]
        return _answer(told, [event.display_name for event in events if event.display_name])

    def delete(self, instance: Instance) -> Answer:
        answer = self._servicer.ApplyResourceChange(
            pb.ApplyResourceChange.Request(
                type_name=instance.name,
                prior_state=instance.state,
                planned_state=NOTHING,
                config=NOTHING,
                planned_private=instance.private,
            )
        )
        return _answer(answer.diagnostics)

    def close(self) -> None:
        """End the process's own logon sessions, as Terraform has it done."""
        self.provider.close(1)


@contextmanager
def called_provider(
    simulator: Simulator,
    account: Account = ADMINISTRATOR,
    clock: Clock = CLOCK,
    **block: Any,
) -> Iterator[CalledProvider]:
    """Return a provider for a simulator; as Terraform's processes, it ends its sessions."""
    called = CalledProvider(
        {
            "url": simulator.url,
            "username": account.username,
            "password": account.password,
            "certificate_fingerprint": simulator.fingerprint,
            **block,
        },
        clock,
    )
    try:
        yield called
    finally:
        called.close()


@contextmanager
def simulated(**how: Any) -> Iterator[tuple[CalledProvider, Simulator]]:
    """Return a provider, and a simulator of its own that is as it is told to be."""
    with Simulator(clock=CLOCK, **how) as simulator, called_provider(simulator) as provider:
        yield provider, simulator


def _encode(schema: Schema, written: Mapping[str, Any]) -> pb.DynamicValue:
    """Return a block as Terraform sends it: what is not written is null."""
    names = [attribute.name for attribute in schema.attributes]
    unknown = {*written} - {*names}
    assert not unknown, f"there is no {unknown}"
    return Encoder(may_be_unknown=True).encode(
        schema.attributes, dict.fromkeys(names) | dict(written)
    )


def _answer(diagnostics: Sequence[pb.Diagnostic], result: Any = None) -> Answer:
    return Answer(
        "\n".join(map(_text, diagnostics)),
        any(one.severity == pb.Diagnostic.ERROR for one in diagnostics),
        result,
    )


def _text(diagnostic: pb.Diagnostic) -> str:
    severity = "Error" if diagnostic.severity == pb.Diagnostic.ERROR else "Warning"
    path = ".".join(
        step.attribute_name or step.element_key_string or str(step.element_key_int)
        for step in diagnostic.attribute.steps
    )
    return " ".join(f"{severity}: {diagnostic.summary} [{path}] {diagnostic.detail}".split())
