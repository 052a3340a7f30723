"""What every call of Terraform has in common: finding its object, and never failing barely."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar

from terraform_provider_veeam.plugin.codec import (
    Encoder,
    block_of,
    decode,
    decode_identity,
    identity_to_pb,
    unpack,
)
from terraform_provider_veeam.plugin.contexts import DeferredReason
from terraform_provider_veeam.plugin.diagnostics import (
    describe,
    diagnostics_to_pb,
    path_to_text,
)
from terraform_provider_veeam.plugin.interfaces import Named, Refused

# isort: split
from tf.utils import Diagnostics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tf.schema import Block

    from terraform_provider_veeam.plugin.contexts import Context, State
    from terraform_provider_veeam.plugin.interfaces import (
        Action,
        DataSource,
        Described,
        EphemeralResource,
        Function,
        ListResource,
        Provider,
        Resource,
    )
    from terraform_provider_veeam.plugin.messages import pb
    from terraform_provider_veeam.plugin.schema import IdentitySchema


def put(response: Any, field: str, message: Any) -> None:
    """Set a field of a response to a message, or clear it for None."""
    if message is None:
        response.ClearField(field)
    else:
        getattr(response, field).CopyFrom(message)


AnyNamed = TypeVar("AnyNamed", bound=Named)


class Call:
    """One call, as a `with` block: an exception in it becomes an error diagnostic."""

    def __init__(self, provider: Provider, mask: Callable[[str], str], doing: str) -> None:
        self.diagnostics = Diagnostics()
        self._provider = provider
        self._mask = mask
        self.doing = doing
        """What a person reads that failed, like "creating veeam_mount_point"."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        described = self.describe(error)
        self.diagnostics.add_error(described.summary, described.detail, path=described.path)
        return True

    def describe(self, error: Exception) -> Described:
        """Return what a person is told of an exception in this call."""
        return describe(error, self.doing, self._provider, self._mask)

    def report(self, encoder: Encoder) -> None:
        """Add what could not be encoded to the diagnostics."""
        for problem in encoder.problems:
            self.diagnostics.add_error(
                f"Invalid value of {path_to_text(problem.path)}",
                f"{problem.text} This is a fault of the provider, please report it.",
                path=problem.path,
            )

    def put_deferred(self, response: Any, ctx: Context) -> None:
        """Pass on a deferral, if there is one; an error if the client can't take it."""
        if ctx.deferred is None:
            return
        if ctx.client_can_defer:
            response.deferred.reason = int(ctx.deferred)
            return
        self.diagnostics.add_error(
            f"The answer has to wait, while {self.doing}",
            "It needs values that are not known yet, and this Terraform can't come back for them "
            f"later ({_REASONS[ctx.deferred]}).",
        )

    def diagnostics_to_pb(self) -> list[pb.Diagnostic]:
        """Return the messages of the diagnostics, with secrets masked."""
        return diagnostics_to_pb(self.diagnostics, self._mask)


_REASONS = {
    DeferredReason.RESOURCE_CONFIG_UNKNOWN: "the resource's configuration is not known",
    DeferredReason.PROVIDER_CONFIG_UNKNOWN: "the provider's configuration is not known",
    DeferredReason.ABSENT_PREREQUISITE: "something that it builds on is not there",
}


class Form:
    """How the values of one type look: its block and, for a resource, its identity."""

    def __init__(self, block: Block, version: int, identity: IdentitySchema | None) -> None:
        self.block = block
        self.version = version
        self.identity = identity

    def decode(self, value: pb.DynamicValue) -> State | None:
        """Return the object in a message. Raises Unusable."""
        return decode(self.block, value)

    def decode_present(self, value: pb.DynamicValue) -> State:
        """Return the object in a message that always holds one. Raises Unusable."""
        state = self.decode(value)
        if state is None:
            raise Refused("Terraform sent nothing where the provider expects a block")
        return state

    def decode_identity(self, value: pb.ResourceIdentityData) -> State | None:
        """Return the identity in a message, None when there is none. Raises Unusable."""
        return decode_identity(self.identity, unpack(value.identity_data))

    def encode_identity(
        self, identity: State | None, call: Call, *, may_be_unknown: bool = False
    ) -> pb.ResourceIdentityData | None:
        """Return the message of an identity, None when there is none."""
        encoder = Encoder(may_be_unknown=may_be_unknown)
        message = identity_to_pb(self.identity, identity, encoder)
        call.report(encoder)
        return message

    def encode(
        self, state: State | None, call: Call, *, may_be_unknown: bool = False
    ) -> pb.DynamicValue:
        """Return the message of an object; what can't be sent is null and an error of the call."""
        encoder = Encoder(may_be_unknown=may_be_unknown)
        message = encoder.encode(self.block, state)
        call.report(encoder)
        return message


class Calls:
    """What the calls for each kind of object build on.

    Nothing in it changes, but that it gets configured, and `stop` if that happens again.
    """

    def __init__(self, provider: Provider, *, mask: Callable[[str], str] = str) -> None:
        self.stop = threading.Event()
        self.is_configured = False
        self._provider = provider
        self._mask = mask
        self._resources: Mapping[str, type[Resource]] = self._named(provider.resources())
        self._data_sources: Mapping[str, type[DataSource]] = self._named(provider.data_sources())
        self._ephemeral_resources: Mapping[str, type[EphemeralResource]] = self._named(
            provider.ephemeral_resources()
        )
        self._list_resources: Mapping[str, type[ListResource]] = self._named(
            provider.list_resources()
        )
        self._actions: Mapping[str, type[Action]] = self._named(provider.actions())
        self._functions: Mapping[str, type[Function]] = {
            function.get_name(): function for function in provider.functions()
        }

    def _named(self, classes: Sequence[type[AnyNamed]]) -> dict[str, type[AnyNamed]]:
        prefix = self._provider.type_prefix
        return {f"{prefix}_{cls.get_name()}": cls for cls in classes}

    def _call(self, doing: str, type_name: str = "") -> Call:
        return Call(self._provider, self._mask, f"{doing} {type_name}".rstrip())

    def _new(self, classes: Mapping[str, type[AnyNamed]], name: str) -> AnyNamed:
        """Return the object for one call. Raises Refused when there is none of that name."""
        return self._provider.new(_find(classes, name))

    @staticmethod
    def _form(classes: Mapping[str, type[Any]], name: str) -> Form:
        """Return the form of a type. Raises Refused when there is none of that name."""
        cls = _find(classes, name)
        schema = cls.get_schema()
        identity = cls.get_identity_schema() if hasattr(cls, "get_identity_schema") else None
        return Form(block_of(schema), schema.version or 0, identity)


def _find(classes: Mapping[str, type[AnyNamed]], name: str) -> type[AnyNamed]:
    try:
        return classes[name]
    except KeyError:
        raise Refused(
            f"This version of the provider has no {name}",
            "Terraform asked for it because another version of the provider had it.",
        ) from None
