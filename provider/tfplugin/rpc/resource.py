"""The calls for managed resources: their plan, their life, and their stored state."""

# ruff: noqa: N802 - a method is named as its call in the protocol

import threading
from collections.abc import Iterable
from functools import partial
from typing import Any

from tf.schema import Attribute

from tfplugin import contexts
from tfplugin.errors import Refused
from tfplugin.rpc.call import Calls, Codec, present, put_deferral, validation
from tfplugin.types import Unknown
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.codec import decode_object, unpack, unpack_json
from tfplugin.wire.diagnostics import path_to_pb
from tfplugin.wire.meaning import spell
from tfplugin.wire.planning import copied, fill_in, find_replacements, keep_spelling
from tfplugin.wire.schemas import identity_schema_to_pb

_NO_STATE = (
    "The provider returned no state",
    "It reported no error either. This is a fault of the provider, please report it.",
)


class ResourceCalls(Calls):
    """Whatever goes wrong, Terraform gets back the state that is true.

    A response starts as what holds when nothing happens. Resources may change the states they get.
    """

    def GetResourceIdentitySchemas(
        self, request: pb.GetResourceIdentitySchemas.Request, context: object = None
    ) -> pb.GetResourceIdentitySchemas.Response:
        """Return the schema of the identity of each resource that has one."""
        response = pb.GetResourceIdentitySchemas.Response()
        with self._call("describing identities", answer=response.diagnostics):
            for name, cls in self._provider.resources.items():
                schema = cls.identity_schema
                if schema is not None:
                    response.identity_schemas[name].CopyFrom(identity_schema_to_pb(schema))
        return response

    ValidateResourceConfig = validation("resources")

    def PlanResourceChange(
        self, request: pb.PlanResourceChange.Request, context: object = None
    ) -> pb.PlanResourceChange.Response:
        """Return the state that an apply will lead to, and what makes it a replacement."""
        response = pb.PlanResourceChange.Response(
            planned_state=request.proposed_new_state, planned_private=request.prior_private
        )
        if request.HasField("prior_identity"):
            response.planned_identity.CopyFrom(request.prior_identity)
        with self._call("planning", request.type_name, response.diagnostics) as call:
            resource, codec = self._object(self._provider.resources, call)
            prior = codec.decode(request.prior_state)
            proposed = codec.decode(request.proposed_new_state)
            ctx = self._context(contexts.PlanContext, call, request.client_capabilities)
            # To replace a resource Terraform plans a create with what the old one left, and what
            # that plan returns is all that the old one's delete will get.
            ctx.private = request.prior_private
            ctx.identity = None if prior is None else codec.decode_identity(request.prior_identity)
            ctx.config = codec.decode(request.config)
            ctx.requires_replace = []
            current = codec.understand_state(prior)
            if proposed is None:
                resource.plan(ctx, current, None)
            else:
                filled = fill_in(codec.attributes, ctx.config or proposed, proposed, prior)
                meant = self._checked(resource, codec, ctx, filled)
                planned = resource.plan(ctx, current, copied(meant))
                if planned is not None:
                    _put_plan(response, codec, ctx, prior, spell(planned, meant, filled))
                elif not call.diagnostics.has_errors():
                    raise Refused(*_NO_STATE)
            put_deferral(response, ctx)
        return response

    def ApplyResourceChange(
        self, request: pb.ApplyResourceChange.Request, context: object = None
    ) -> pb.ApplyResourceChange.Response:
        """Create, change or delete the resource, and return the state that it is in after that.

        Of a delete that fails Terraform keeps all that it had: it gets null with the error.
        """
        response = pb.ApplyResourceChange.Response(
            new_state=request.prior_state, private=request.planned_private
        )
        if request.HasField("planned_identity") and request.HasField("prior_state"):
            response.new_identity.CopyFrom(request.planned_identity)
        with self._call("changing", request.type_name, response.diagnostics) as call:
            if unpack(request.planned_state) is None:
                response.new_state.CopyFrom(request.planned_state)
                response.ClearField("new_identity")
            resource, codec = self._object(self._provider.resources, call)
            prior = codec.decode(request.prior_state)
            planned = codec.decode(request.planned_state)
            ctx = self._context(contexts.ResourceContext, call)
            ctx.private = request.planned_private
            ctx.identity = codec.decode_identity(request.planned_identity)
            ctx.config = codec.decode(request.config)
            current = codec.understand_state(prior)
            meant = {} if planned is None else self._checked(resource, codec, ctx, planned)
            state = None
            try:
                if planned is None:
                    call.activity = "deleting"
                    resource.delete(ctx, present(current))
                elif current is None:
                    call.activity = "creating"
                    ctx.private = b""  # what came is that of the resource that is replaced
                    state = resource.create(ctx, copied(meant))
                else:
                    call.activity = "updating"
                    state = resource.update(ctx, current, copied(meant))
            finally:
                response.private = b"" if planned is None else ctx.private
            if state is not None and planned is not None:
                state = keep_spelling(codec.attributes, spell(state, meant, planned), planned)
                response.new_state.CopyFrom(codec.encode(state))
                codec.put_identity(response, "new_identity", ctx.identity)
                if prior is None:
                    ctx.stop = threading.Event()
                    made = present(codec.understand_state(state))
                    self._answers.give(context, partial(resource.undo, ctx, made))
            elif planned is not None and not call.diagnostics.has_errors():
                raise Refused(*_NO_STATE)
        return response

    def ReadResource(
        self, request: pb.ReadResource.Request, context: object = None
    ) -> pb.ReadResource.Response:
        """Return the resource as it is now, null when it is gone."""
        response = pb.ReadResource.Response(
            new_state=request.current_state, private=request.private
        )
        if request.HasField("current_identity"):
            response.new_identity.CopyFrom(request.current_identity)
        with self._call("reading", request.type_name, response.diagnostics) as call:
            resource, codec = self._object(self._provider.resources, call)
            ctx = self._context(contexts.ResourceContext, call, request.client_capabilities)
            ctx.private = request.private
            ctx.identity = codec.decode_identity(request.current_identity)
            current = codec.decode_present(request.current_state)
            meant = present(codec.understand_state(current))
            found = resource.read(ctx, copied(meant))
            if found is not None:
                found = keep_spelling(codec.attributes, spell(found, meant, current), current)
            if not ctx.deferred and (found is not None or not call.diagnostics.has_errors()):
                response.new_state.CopyFrom(codec.encode(found))
            response.private = ctx.private
            codec.put_identity(response, "new_identity", ctx.identity)
            put_deferral(response, ctx)
        return response

    def ImportResourceState(
        self, request: pb.ImportResourceState.Request, context: object = None
    ) -> pb.ImportResourceState.Response:
        """Return the state of a resource that Terraform did not make."""
        response = pb.ImportResourceState.Response()
        with self._call("importing", request.type_name, response.diagnostics) as call:
            resource, codec = self._object(self._provider.resources, call)
            ctx = self._context(contexts.ResourceContext, call, request.client_capabilities)
            ctx.identity = codec.decode_identity(request.identity)
            state = resource.import_(ctx, request.id)
            put_deferral(response, ctx)
            if state is not None:
                imported = response.imported_resources.add(
                    type_name=request.type_name, state=codec.encode(state), private=ctx.private
                )
                codec.put_identity(imported, "identity", ctx.identity)
            elif not ctx.deferred and not call.diagnostics.has_errors():
                raise Refused(f"There is no {request.type_name} with the id {request.id}")
        return response

    def UpgradeResourceState(
        self, request: pb.UpgradeResourceState.Request, context: object = None
    ) -> pb.UpgradeResourceState.Response:
        """Return a stored state as one of today's schema."""
        response = pb.UpgradeResourceState.Response()
        activity = "reading the stored state of"
        with self._call(activity, request.type_name, response.diagnostics) as call:
            _, codec = self._object(self._provider.resources, call)
            stored = _stored(request.raw_state, request.version, codec.version)
            state = decode_object(codec.attributes, stored)
            response.upgraded_state.CopyFrom(codec.encode(state))
        return response

    def UpgradeResourceIdentity(
        self, request: pb.UpgradeResourceIdentity.Request, context: object = None
    ) -> pb.UpgradeResourceIdentity.Response:
        """Return a stored identity as one of today's schema."""
        response = pb.UpgradeResourceIdentity.Response()
        activity = "reading the stored identity of"
        with self._call(activity, request.type_name, response.diagnostics) as call:
            _, codec = self._object(self._provider.resources, call)
            if codec.identity:
                newest = codec.identity.version or 0
                stored = _stored(request.raw_identity, request.version, newest)
                identity = decode_object(codec.identity.attributes, stored)
                codec.put_identity(response, "upgraded_identity", identity)
        return response

    def MoveResourceState(
        self, request: pb.MoveResourceState.Request, context: object = None
    ) -> pb.MoveResourceState.Response:
        """Refuse: no resource of another type can become one of these."""
        response = pb.MoveResourceState.Response()
        with self._call("moving", request.target_type_name, response.diagnostics):
            raise Refused(
                f"{request.source_type_name} can't become {request.target_type_name}",
                "A moved block can rename a resource, but not make it one of another type here.",
            )
        return response

    def GenerateResourceConfig(
        self, request: pb.GenerateResourceConfig.Request, context: object = None
    ) -> pb.GenerateResourceConfig.Response:
        """Return what a user would write to get a resource in this state."""
        response = pb.GenerateResourceConfig.Response()
        activity = "writing the configuration of"
        with self._call(activity, request.type_name, response.diagnostics) as call:
            _, codec = self._object(self._provider.resources, call)
            config = _written(codec.attributes, codec.decode_present(request.state))
            response.config.CopyFrom(codec.encode(config))
        return response


def _put_plan(
    response: pb.PlanResourceChange.Response,
    codec: Codec,
    ctx: contexts.PlanContext,
    prior: contexts.State | None,
    planned: contexts.State,
) -> None:
    if prior is not None:
        planned = keep_spelling(codec.attributes, planned, prior)
        paths = find_replacements(codec.attributes, prior, planned)
        paths += [path for path in ctx.requires_replace if path not in paths]
        response.requires_replace.extend(path_to_pb(path) for path in paths)
    response.planned_state.CopyFrom(codec.encode(planned, may_be_unknown=True))
    response.planned_private = ctx.private
    codec.put_identity(response, "planned_identity", ctx.identity, may_be_unknown=True)


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


def _written(attributes: Iterable[Attribute], state: contexts.State) -> contexts.State:
    config = dict(state)
    for attribute in attributes:
        is_default = attribute.default is not Unknown and state[attribute.name] == attribute.default
        if is_default or not (attribute.required or attribute.optional):
            config[attribute.name] = None
    return config
