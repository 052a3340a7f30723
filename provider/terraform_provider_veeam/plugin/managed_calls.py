"""The calls for a managed resource's life: read, plan, apply."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.plugin.calls import Call, Calls, Form, put
from terraform_provider_veeam.plugin.contexts import (
    CreateContext,
    DeleteContext,
    PlanContext,
    ReadContext,
    UpdateContext,
)
from terraform_provider_veeam.plugin.diagnostics import path_to_pb
from terraform_provider_veeam.plugin.interfaces import Refused
from terraform_provider_veeam.plugin.messages import pb
from terraform_provider_veeam.plugin.planning import fill_in, find_replacements, keep_spelling

if TYPE_CHECKING:
    import threading

    from terraform_provider_veeam.plugin.contexts import State
    from terraform_provider_veeam.plugin.interfaces import Resource


class ManagedCalls(Calls):
    """Read, plan and apply. Whatever goes wrong, Terraform gets back the state that is true.

    A response starts as what holds when nothing happens, and is changed by what did happen.
    """

    def ReadResource(
        self, request: pb.ReadResource.Request, context: object = None
    ) -> pb.ReadResource.Response:
        """Return the resource as it is now, null when it is gone."""
        response = pb.ReadResource.Response(
            new_state=request.current_state, private=request.private
        )
        if request.HasField("current_identity"):
            response.new_identity.CopyFrom(request.current_identity)
        call = self._call("reading", request.type_name)
        with call:
            form = self._form(self._resources, request.type_name)
            resource = self._new(self._resources, request.type_name)
            ctx = ReadContext(
                call.diagnostics,
                request.type_name,
                self.stop,
                client_can_defer=request.client_capabilities.deferral_allowed,
                private=request.private,
                identity=form.decode_identity(request.current_identity),
            )
            found = resource.read(ctx, form.decode_present(request.current_state))
            if found is not None:
                found = keep_spelling(form.block, found, form.decode(request.current_state))
            if ctx.deferred is None and (found is not None or not call.diagnostics.has_errors()):
                response.new_state.CopyFrom(form.encode(found, call))
            response.private = ctx.private
            put(response, "new_identity", form.encode_identity(ctx.identity, call))
            call.put_deferred(response, ctx)
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def PlanResourceChange(
        self, request: pb.PlanResourceChange.Request, context: object = None
    ) -> pb.PlanResourceChange.Response:
        """Return the state that an apply will lead to, and what makes it a replacement."""
        response = pb.PlanResourceChange.Response(
            planned_state=request.proposed_new_state, planned_private=request.prior_private
        )
        if request.HasField("prior_identity"):
            response.planned_identity.CopyFrom(request.prior_identity)
        call = self._call("planning", request.type_name)
        with call:
            form = self._form(self._resources, request.type_name)
            resource = self._new(self._resources, request.type_name)
            prior = form.decode(request.prior_state)
            proposed = form.decode(request.proposed_new_state)
            is_create = prior is None
            ctx = PlanContext(
                call.diagnostics,
                request.type_name,
                self.stop,
                client_can_defer=request.client_capabilities.deferral_allowed,
                # To replace a resource Terraform plans a create with what the old one left, and
                # what that plan returns is all that the old one's delete will get.
                private=request.prior_private,
                identity=None if is_create else form.decode_identity(request.prior_identity),
                config=form.decode(request.config),
            )
            if proposed is None:
                resource.plan(ctx, prior, None)
            else:
                filled = fill_in(form.block, ctx.config or proposed, proposed, prior)
                planned = resource.plan(ctx, form.decode(request.prior_state), filled)
                _put_plan(response, call, form, ctx, prior, planned)
            call.put_deferred(response, ctx)
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def ApplyResourceChange(
        self, request: pb.ApplyResourceChange.Request, context: object = None
    ) -> pb.ApplyResourceChange.Response:
        """Create, change or delete the resource, and return the state that it is in after that."""
        response = pb.ApplyResourceChange.Response(
            new_state=request.prior_state, private=request.planned_private
        )
        if request.HasField("planned_identity") and request.HasField("prior_state"):
            response.new_identity.CopyFrom(request.planned_identity)
        call = self._call("changing", request.type_name)
        with call:
            form = self._form(self._resources, request.type_name)
            resource = self._new(self._resources, request.type_name)
            ctx = _change_context(call, form, request, self.stop)
            try:
                state = _change(resource, ctx, form, request)
            finally:
                response.private = ctx.private
            planned = form.decode(request.planned_state)
            if state is not None:
                state = keep_spelling(form.block, state, planned)
                response.new_state.CopyFrom(form.encode(state, call))
                put(response, "new_identity", form.encode_identity(ctx.identity, call))
            elif not call.diagnostics.has_errors():
                if planned is not None:
                    raise Refused(*_NO_STATE)
                response.new_state.CopyFrom(form.encode(None, call))
                response.ClearField("new_identity")
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response


_NO_STATE = (
    "The provider returned no state",
    "It reported no error either. This is a fault of the provider, please report it.",
)


def _put_plan(  # noqa: PLR0917 - one caller, which names them alike
    response: pb.PlanResourceChange.Response,
    call: Call,
    form: Form,
    ctx: PlanContext,
    prior: State | None,
    planned: State | None,
) -> None:
    if planned is None:
        if not call.diagnostics.has_errors():
            raise Refused(*_NO_STATE)
        return
    if prior is not None:
        planned = keep_spelling(form.block, planned, prior)
        paths = find_replacements(form.block, prior, planned, [])
        paths += [path for path in ctx.requires_replace if path not in paths]
        response.requires_replace.extend(path_to_pb(path) for path in paths)
    response.planned_state.CopyFrom(form.encode(planned, call, may_be_unknown=True))
    response.planned_private = ctx.private
    put(
        response,
        "planned_identity",
        form.encode_identity(ctx.identity, call, may_be_unknown=True),
    )


def _change_context(
    call: Call, form: Form, request: pb.ApplyResourceChange.Request, stop: threading.Event
) -> CreateContext | UpdateContext | DeleteContext:
    """Return the context of what is asked for, and say so in the call."""
    kind: type[CreateContext | UpdateContext | DeleteContext]
    if form.decode(request.planned_state) is None:
        kind, doing = DeleteContext, "deleting"
    elif form.decode(request.prior_state) is None:
        kind, doing = CreateContext, "creating"
    else:
        kind, doing = UpdateContext, "updating"
    call.doing = f"{doing} {request.type_name}"
    return kind(
        call.diagnostics,
        request.type_name,
        stop,
        # In a create it would be that of the resource that is replaced.
        private=b"" if kind is CreateContext else request.planned_private,
        identity=form.decode_identity(request.planned_identity),
        config=form.decode(request.config),
    )


def _change(
    resource: Resource,
    ctx: CreateContext | UpdateContext | DeleteContext,
    form: Form,
    request: pb.ApplyResourceChange.Request,
) -> State | None:
    """Do it, and return the state after it."""
    if isinstance(ctx, DeleteContext):
        resource.delete(ctx, form.decode_present(request.prior_state))
        return None
    planned = form.decode_present(request.planned_state)
    if isinstance(ctx, CreateContext):
        return resource.create(ctx, planned)
    return resource.update(ctx, form.decode_present(request.prior_state), planned)
