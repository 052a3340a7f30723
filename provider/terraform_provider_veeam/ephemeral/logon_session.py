"""The ephemeral resource `veeam_logon_session`: a token for scripts, while Terraform runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from terraform_provider_veeam.configured import (
    OfProvider,
    deadline_within,
    manager_of,
    manager_or_defer,
    unknown_results,
)
from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.ephemeral.renewal import next_renewal
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import EphemeralContext, State

_SECONDS = 60.0


class LogonSessionEphemeral(OfProvider, interfaces.EphemeralResource):
    """`veeam_logon_session`: the provider's own session, which it logs out when it ends."""

    @classmethod
    def get_name(cls) -> str:
        """Return the name after the provider's prefix."""
        return "logon_session"

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="A logon session of Enterprise Manager for scripts that call its REST "
            "API while Terraform runs. It is the provider's own, logged out at the end of the "
            "command unless a managed mount point lives in it.",
            attributes=[
                Attribute(
                    "session_token",
                    String(),
                    "Token of the session: send it as the header `X-RestSvcSessionId`.",
                    computed=True,
                    sensitive=True,
                ),
                Attribute("session_id", String(), "Id of the session.", computed=True),
                Attribute(
                    "api_url",
                    String(),
                    "Address that paths of the API are appended to, `https://HOST:PORT/api`.",
                    computed=True,
                ),
            ],
        )

    def open(self, ctx: EphemeralContext, config: State) -> State | None:
        """Return the session, logging on if that has not happened."""
        if self._provider.manager is None and not ctx.client_can_defer:
            return unknown_results(self.get_schema(), config)
        manager = manager_or_defer(self._provider, ctx)
        if manager is None:
            return None
        session = manager.session(deadline_within(self._provider, ctx, _SECONDS, "Logging on"))
        ctx.private = json.dumps(list(session)).encode()
        ctx.renew_at = next_renewal()
        return {
            "session_token": session.token,
            "session_id": session.session_id,
            "api_url": manager.base_url,
        }

    def renew(self, ctx: EphemeralContext) -> None:
        """Send a request, so that the session is not idle."""
        session = LogonSession(*json.loads(ctx.private))
        deadline = deadline_within(self._provider, ctx, _SECONDS, "Holding the logon session")
        try:
            manager_of(self._provider).touch(session, "/tasks", deadline)
        except EnterpriseManagerError as error:
            ctx.diagnostics.add_warning(error.summary, error.detail)
        ctx.renew_at = next_renewal()

    def close(self, ctx: EphemeralContext) -> None:
        """Leave it to the provider's end, which follows at once: others may use the session."""
