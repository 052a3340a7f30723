"""The ephemeral resource `veeam_logon_session`: a token for scripts, while Terraform runs."""

import json

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.objects.base import EphemeralResource, State, block
from tfplugin.attribute import computed
from tfplugin.contexts import EphemeralContext


class LogonSessionEphemeral(EphemeralResource):
    """`veeam_logon_session`: the provider's own session, which it logs out when it ends."""

    schema = block(
        "A logon session of Enterprise Manager for scripts that call its REST "
        "API while Terraform runs. It is the one in which the provider looks things up, and is "
        "logged out at the end of the command.",
        computed(
            "session_token",
            "Token of the session: send it as the header `X-RestSvcSessionId`.",
            sensitive=True,
        ),
        computed("session_fingerprint", "Tells the session from others and gives no access to it."),
        computed(
            "api_url", "Address that paths of the API are appended to, `https://HOST:PORT/api`."
        ),
        open="1m",
    )

    def make(self, ctx: EphemeralContext, config: State) -> State:
        """Return the session, logging on if need be."""
        em = self.em
        session = em.sessions.browsing(self.deadline_for(ctx, "open", config, "Logging on"))
        if not session.borrowed:
            self._registry.handover.mark_passing(session.fingerprint)
        ctx.private = json.dumps(list(session)).encode()
        return {
            "session_token": session.token,
            "session_fingerprint": session.fingerprint,
            "api_url": em.base_url,
        }

    def renew(self, ctx: EphemeralContext) -> None:
        """Send a request, so that the session is not idle."""
        session = LogonSession(*json.loads(ctx.private))
        if error := self.hold(ctx, session, "/tasks", "the logon session"):
            ctx.diagnostics.add_warning(error.summary, error.detail)

    def close(self, ctx: EphemeralContext) -> None:
        """Leave it open for look-ups: the provider, which ends in a moment, logs it out."""
