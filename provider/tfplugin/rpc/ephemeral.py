"""The calls for ephemeral resources."""

# ruff: noqa: N802 - a method is named as its call in the protocol

import threading
from functools import partial
from typing import Any

from tfplugin.contexts import EphemeralContext
from tfplugin.rpc.call import Calls, present, put_deferral
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.meaning import complete


class EphemeralCalls(Calls):
    """Validate, open, renew and close."""

    def ValidateEphemeralResourceConfig(
        self, request: pb.ValidateEphemeralResourceConfig.Request, context: object = None
    ) -> pb.ValidateEphemeralResourceConfig.Response:
        """Check the block of an ephemeral resource."""
        response = pb.ValidateEphemeralResourceConfig.Response()
        self._validate(self._ephemeral_resources, request, response.diagnostics)
        return response

    def OpenEphemeralResource(
        self, request: pb.OpenEphemeralResource.Request, context: object = None
    ) -> pb.OpenEphemeralResource.Response:
        """Make it and return what it looks like.

        An error means that nothing was made: Terraform does not close what was not opened. It takes
        Unknown values in the result; OpenTofu takes them for a fault of the provider.
        """
        response = pb.OpenEphemeralResource.Response()
        with self._call("opening", request.type_name, response.diagnostics) as call:
            ephemeral, codec = self._object(self._ephemeral_resources, call)
            ctx = self._context(EphemeralContext, call, request.client_capabilities)
            found = ephemeral.open(ctx, self._config(ephemeral, codec, ctx, request.config))
            put_deferral(response, ctx)
            if not ctx.deferred and found is not None:
                result = complete(codec.block, present(ctx.config), found)
                response.result.CopyFrom(codec.encode(result, may_be_unknown=True))
            _put_renewal(response, ctx)
            if not ctx.deferred and found is not None:
                ctx.stop = threading.Event()
                self._answers.give(context, partial(ephemeral.close, ctx))
        return response

    def RenewEphemeralResource(
        self, request: pb.RenewEphemeralResource.Request, context: object = None
    ) -> pb.RenewEphemeralResource.Response:
        """Keep it alive."""
        response = pb.RenewEphemeralResource.Response(private=request.private)
        with self._call("renewing", request.type_name, response.diagnostics) as call:
            ephemeral, _ = self._object(self._ephemeral_resources, call)
            ctx = self._context(EphemeralContext, call)
            ctx.private = request.private
            ephemeral.renew(ctx)
            _put_renewal(response, ctx)
        return response

    def CloseEphemeralResource(
        self, request: pb.CloseEphemeralResource.Request, context: object = None
    ) -> pb.CloseEphemeralResource.Response:
        """End it, also after Terraform was told to stop."""
        response = pb.CloseEphemeralResource.Response()
        with self._call("closing", request.type_name, response.diagnostics) as call:
            ephemeral, _ = self._object(self._ephemeral_resources, call)
            ctx = self._context(EphemeralContext, call)
            ctx.private = request.private
            ctx.stop = threading.Event()
            ephemeral.close(ctx)
        return response


def _put_renewal(response: Any, ctx: EphemeralContext) -> None:
    response.private = ctx.private
    if ctx.renew_at is not None:
        moment = ctx.renew_at.timestamp()
        response.renew_at.seconds = int(moment)
        response.renew_at.nanos = int(moment % 1 * 1e9)
