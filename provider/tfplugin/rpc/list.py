"""The calls for listings."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from collections.abc import Iterator
from itertools import islice

from tfplugin.contexts import ListContext
from tfplugin.rpc.call import Calls, Codec, find
from tfplugin.wire import tfplugin6_pb2 as pb


class ListCalls(Calls):
    """Validate and list."""

    def ValidateListResourceConfig(
        self, request: pb.ValidateListResourceConfig.Request, context: object = None
    ) -> pb.ValidateListResourceConfig.Response:
        """Check the block of a listing."""
        response = pb.ValidateListResourceConfig.Response()
        self._validate(self._list_resources, request, response.diagnostics)
        return response

    def ListResource(
        self, request: pb.ListResource.Request, context: object = None
    ) -> Iterator[pb.ListResource.Event]:
        """Send what is found, one by one, and the diagnostics at the end."""
        with self._call("listing", request.type_name) as call:
            listing, codec = self._object(self._list_resources, call)
            listed = Codec(find(self._resources, request.type_name), call.diagnostics)
            ctx = self._context(ListContext, call)
            ctx.limit = request.limit
            ctx.include_resource_object = request.include_resource_object
            found = listing.list(ctx, self._config(listing, codec, ctx, request.config))
            for item in islice(found, request.limit if request.limit > 0 else None):
                event = pb.ListResource.Event(display_name=self._one_line(item.display_name))
                listed.put_identity(event, "identity", item.identity)
                if item.resource_object is not None:
                    event.resource_object.CopyFrom(listed.encode(item.resource_object))
                yield event
        if call.diagnostics.diagnostics:
            yield pb.ListResource.Event(diagnostic=call.diagnostics_to_pb())
