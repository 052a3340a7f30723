"""The calls that answer bit by bit: listings and actions."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from terraform_provider_veeam.plugin.calls import Call, Calls, Form, put
from terraform_provider_veeam.plugin.contexts import ActionContext, ListContext
from terraform_provider_veeam.plugin.diagnostics import diagnostics_to_pb
from terraform_provider_veeam.plugin.messages import pb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.plugin.interfaces import ListedResource


class StreamingCalls(Calls):
    """Listing resources, and planning and running actions."""

    def ListResource(
        self, request: pb.ListResource.Request, context: object = None
    ) -> Iterator[pb.ListResource.Event]:
        """Send what is found, one by one, and at the end what there is to say about it."""
        call = self._call("listing", request.type_name)
        with call:
            form = self._form(self._list_resources, request.type_name)
            listed = self._form(self._resources, request.type_name)
            ctx = ListContext(
                call.diagnostics,
                request.type_name,
                self.stop,
                limit=request.limit,
                include_resource_object=request.include_resource_object,
            )
            listing = self._new(self._list_resources, request.type_name)
            found = listing.list(ctx, form.decode_present(request.config))
            for item in islice(found, request.limit if request.limit > 0 else None):
                yield self._event(call, listed, item)
        if call.diagnostics.diagnostics:
            yield pb.ListResource.Event(diagnostic=call.diagnostics_to_pb())

    def _event(self, call: Call, form: Form, item: ListedResource) -> pb.ListResource.Event:
        event = pb.ListResource.Event(display_name=item.display_name)
        put(event, "identity", form.encode_identity(item.identity, call))
        if item.resource_object is not None:
            event.resource_object.CopyFrom(form.encode(item.resource_object, call))
        if item.diagnostics is not None:
            event.diagnostic.extend(diagnostics_to_pb(item.diagnostics, self._mask))
        return event

    def PlanAction(
        self, request: pb.PlanAction.Request, context: object = None
    ) -> pb.PlanAction.Response:
        """Check whether the action could be run."""
        response = pb.PlanAction.Response()
        call = self._call("planning", request.action_type)
        with call:
            form = self._form(self._actions, request.action_type)
            ctx = ActionContext(
                call.diagnostics,
                request.action_type,
                self.stop,
                client_can_defer=request.client_capabilities.deferral_allowed,
            )
            action = self._new(self._actions, request.action_type)
            action.plan(ctx, form.decode_present(request.config))
            call.put_deferred(response, ctx)
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def InvokeAction(
        self, request: pb.InvokeAction.Request, context: object = None
    ) -> Iterator[pb.InvokeAction.Event]:
        """Run the action, and tell how it goes and how it ended."""
        of = pb.InvokeAction.Event
        call = self._call("running", request.action_type)
        with call:
            form = self._form(self._actions, request.action_type)
            ctx = ActionContext(call.diagnostics, request.action_type, self.stop)
            action = self._new(self._actions, request.action_type)
            for line in action.invoke(ctx, form.decode_present(request.config)):
                yield of(progress=of.Progress(message=self._mask(line)))
        yield of(completed=of.Completed(diagnostics=call.diagnostics_to_pb()))
