"""The calls for a life that ends with Terraform's own: open, renew, close."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

import threading
from typing import Any

from terraform_provider_veeam.plugin.calls import Calls
from terraform_provider_veeam.plugin.contexts import EphemeralContext
from terraform_provider_veeam.plugin.messages import pb


class EphemeralCalls(Calls):
    """Open, renew and close."""

    def OpenEphemeralResource(
        self, request: pb.OpenEphemeralResource.Request, context: object = None
    ) -> pb.OpenEphemeralResource.Response:
        """Make it and return what it looks like.

        An error stands for nothing made: Terraform does not close what was not opened. A result
        with Unknown values does too, while the provider's configuration is not known.
        """
        response = pb.OpenEphemeralResource.Response()
        call = self._call("opening", request.type_name)
        with call:
            form = self._form(self._ephemeral_resources, request.type_name)
            ephemeral = self._new(self._ephemeral_resources, request.type_name)
            ctx = EphemeralContext(
                call.diagnostics,
                request.type_name,
                self.stop,
                client_can_defer=request.client_capabilities.deferral_allowed,
            )
            result = ephemeral.open(ctx, form.decode_present(request.config))
            call.put_deferred(response, ctx)
            if ctx.deferred is None and result is not None:
                response.result.CopyFrom(form.encode(result, call, may_be_unknown=True))
            _put_lease(response, ctx)
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def RenewEphemeralResource(
        self, request: pb.RenewEphemeralResource.Request, context: object = None
    ) -> pb.RenewEphemeralResource.Response:
        """Keep it alive."""
        response = pb.RenewEphemeralResource.Response(private=request.private)
        call = self._call("renewing", request.type_name)
        with call:
            ephemeral = self._new(self._ephemeral_resources, request.type_name)
            ctx = EphemeralContext(
                call.diagnostics, request.type_name, self.stop, private=request.private
            )
            ephemeral.renew(ctx)
            _put_lease(response, ctx)
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def CloseEphemeralResource(
        self, request: pb.CloseEphemeralResource.Request, context: object = None
    ) -> pb.CloseEphemeralResource.Response:
        """End it, also after a stop was asked for."""
        call = self._call("closing", request.type_name)
        with call:
            ephemeral = self._new(self._ephemeral_resources, request.type_name)
            ctx = EphemeralContext(
                call.diagnostics, request.type_name, threading.Event(), private=request.private
            )
            ephemeral.close(ctx)
        return pb.CloseEphemeralResource.Response(diagnostics=call.diagnostics_to_pb())


def _put_lease(response: Any, ctx: EphemeralContext) -> None:
    response.private = ctx.private
    if ctx.renew_at is not None:
        moment = ctx.renew_at.timestamp()
        response.renew_at.seconds = int(moment)
        response.renew_at.nanos = int(moment % 1 * 1e9)
