"""The ephemeral resource `veeam_logon_session`: a token for scripts, while Terraform runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.objects.base import VeeamObject, unknown_results
from terraform_provider_veeam.objects.ephemeral.renewal import next_renewal
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import EphemeralContext, State

_SECONDS = 60.0


class LogonSessionEphemeral(VeeamObject, interfaces.EphemeralResource):
    """`veeam_logon_session`: the provider's own session, which it logs out when it ends."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="A logon session of Enterprise Manager for scripts that call its REST "
            "API while Terraform runs. It is the one in which the provider looks things up, and is "
            "logged out at the end of the command.",
            attributes=[
                Attribute(
                    "session_token",
                    String(),
                    "Token of the session: send it as the header `X-RestSvcSessionId`.",
                    computed=True,
                    sensitive=True,
                ),
                Attribute(
                    "session_fingerprint",
                    String(),
                    "Tells the session from others and gives no access to it.",
                    computed=True,
                ),
                Attribute(
                    "api_url",
                    String(),
                    "Address that paths of the API are appended to, `https://HOST:PORT/api`.",
                    computed=True,
                ),
            ],
        )

    def open(self, ctx: EphemeralContext, config: State) -> State | None:
        """Return the session, logging on if need be."""
        if not self._provider.is_configured and not ctx.client_can_defer:
            return unknown_results(self.get_schema(), config)
        if self.is_deferred(ctx):
            return None
        manager = self.manager
        session = manager.session(self.deadline(ctx, _SECONDS, "Logging on"))
        if not session.borrowed:
            self._book.mark_passing(session.fingerprint)
        ctx.private = json.dumps(list(session)).encode()
        ctx.renew_at = next_renewal()
        return {
            "session_token": session.token,
            "session_fingerprint": session.fingerprint,
            "api_url": manager.base_url,
        }

    def renew(self, ctx: EphemeralContext) -> None:
        """Send a request, so that the session is not idle."""
        session = LogonSession(*json.loads(ctx.private))
        deadline = self.deadline(ctx, _SECONDS, "Holding the logon session")
        try:
            self.manager.touch(session, "/tasks", deadline)
        except EnterpriseManagerError as error:
            ctx.diagnostics.add_warning(error.summary, error.detail)
        ctx.renew_at = next_renewal()

    def close(self, ctx: EphemeralContext) -> None:
        """Leave it open for look-ups: the provider, which ends in a moment, logs it out."""
