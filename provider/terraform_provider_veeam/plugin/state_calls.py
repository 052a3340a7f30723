"""The calls that take a state from elsewhere: an older version, an import, another type."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.plugin.calls import Calls, put
from terraform_provider_veeam.plugin.codec import (
    decode_identity,
    decode_object,
    is_single,
    unpack_json,
)
from terraform_provider_veeam.plugin.contexts import ImportContext, UpgradeContext
from terraform_provider_veeam.plugin.interfaces import Refused
from terraform_provider_veeam.plugin.messages import pb

# isort: split
from tf.types import Unknown

if TYPE_CHECKING:
    from tf.schema import Block

    from terraform_provider_veeam.plugin.contexts import State


class StateCalls(Calls):
    """Upgrade, import, move, and the configuration that would lead to a state."""

    def UpgradeResourceState(
        self, request: pb.UpgradeResourceState.Request, context: object = None
    ) -> pb.UpgradeResourceState.Response:
        """Return a stored state as one of today's schema."""
        response = pb.UpgradeResourceState.Response()
        call = self._call("reading the stored state of", request.type_name)
        with call:
            form = self._form(self._resources, request.type_name)
            old = _stored(request.raw_state, request.version, form.version)
            if old is not None and request.version < form.version:
                resource = self._new(self._resources, request.type_name)
                ctx = UpgradeContext(call.diagnostics, request.type_name, self.stop)
                old = resource.upgrade(ctx, request.version, old)
            if not call.diagnostics.has_errors():
                state = decode_object(form.block, old, [])
                response.upgraded_state.CopyFrom(form.encode(state, call))
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def UpgradeResourceIdentity(
        self, request: pb.UpgradeResourceIdentity.Request, context: object = None
    ) -> pb.UpgradeResourceIdentity.Response:
        """Return a stored identity as one of today's schema."""
        response = pb.UpgradeResourceIdentity.Response()
        call = self._call("reading the stored identity of", request.type_name)
        with call:
            form = self._form(self._resources, request.type_name)
            version = form.identity.version if form.identity else 0
            plain = _stored(request.raw_identity, request.version, version)
            identity = decode_identity(form.identity, plain)
            put(response, "upgraded_identity", form.encode_identity(identity, call))
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def ImportResourceState(
        self, request: pb.ImportResourceState.Request, context: object = None
    ) -> pb.ImportResourceState.Response:
        """Return the state of a resource that Terraform did not make."""
        response = pb.ImportResourceState.Response()
        call = self._call("importing", request.type_name)
        with call:
            form = self._form(self._resources, request.type_name)
            resource = self._new(self._resources, request.type_name)
            ctx = ImportContext(
                call.diagnostics,
                request.type_name,
                self.stop,
                client_can_defer=request.client_capabilities.deferral_allowed,
                identity=form.decode_identity(request.identity),
            )
            state = resource.import_(ctx, request.id)
            call.put_deferred(response, ctx)
            if state is not None:
                imported = pb.ImportResourceState.ImportedResource(
                    type_name=request.type_name,
                    state=form.encode(state, call),
                    private=ctx.private,
                )
                put(imported, "identity", form.encode_identity(ctx.identity, call))
                response.imported_resources.append(imported)
            elif ctx.deferred is None and not call.diagnostics.has_errors():
                raise Refused(f"There is no {request.type_name} with the id {request.id}")
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def MoveResourceState(
        self, request: pb.MoveResourceState.Request, context: object = None
    ) -> pb.MoveResourceState.Response:
        """Refuse: no resource of another type can become one of these."""
        call = self._call("moving", request.target_type_name)
        with call:
            raise Refused(
                f"{request.source_type_name} can't become {request.target_type_name}",
                "A moved block can rename a resource, but not make it one of another type here.",
            )
        return pb.MoveResourceState.Response(diagnostics=call.diagnostics_to_pb())

    def GenerateResourceConfig(
        self, request: pb.GenerateResourceConfig.Request, context: object = None
    ) -> pb.GenerateResourceConfig.Response:
        """Return what a user would write to get a resource in this state."""
        response = pb.GenerateResourceConfig.Response()
        call = self._call("writing the configuration of", request.type_name)
        with call:
            form = self._form(self._resources, request.type_name)
            config = _written(form.block, form.decode_present(request.state))
            response.config.CopyFrom(form.encode(config, call))
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response


def _stored(raw: pb.RawState, version: int, newest: int) -> Any:
    """Return the plain value of what is stored. Raises Refused for what can't be read."""
    if version > newest:
        raise Refused(
            "The state was written by a newer version of the provider",
            f"Its schema has version {version}, this provider knows up to {newest}. "
            "Use the newer version of the provider.",
        )
    if raw.flatmap:
        raise Refused(
            "The state is in the format of Terraform 0.11 or older",
            "No version of this provider has ever written one.",
        )
    return unpack_json(raw.json) if raw.json else None


def _written(block: Block, state: State) -> State:
    """Return the state without what is computed and without defaults."""
    config: State = {}
    for attribute in block.attributes:
        value = state[attribute.name]
        is_default = attribute.default is not Unknown and value == attribute.default
        may_be_written = attribute.required or attribute.optional
        config[attribute.name] = value if may_be_written and not is_default else None
    for nested in block.block_types:
        value = state[nested.type_name]
        if value and is_single(nested):
            value = _written(nested.block, value)
        elif value:
            value = [_written(nested.block, item) for item in value]
        config[nested.type_name] = value
    return config
