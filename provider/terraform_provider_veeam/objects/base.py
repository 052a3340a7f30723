"""What every object has: the client once there is one, deadlines, deferral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.plugin.types import Unknown

if TYPE_CHECKING:
    from terraform_provider_veeam.em.deadline import Clock
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.keep_alive.holder import BackgroundHolder
    from terraform_provider_veeam.plugin.interfaces import Context, State
    from terraform_provider_veeam.plugin.schema import Schema
    from terraform_provider_veeam.sessions.book import SessionBook


class Configured(Protocol):
    """The provider, as its objects see it."""

    clock: Clock
    book: SessionBook
    holder: BackgroundHolder

    @property
    def is_configured(self) -> bool:
        """Whether the configuration is known."""

    @property
    def manager(self) -> EnterpriseManager:
        """The client. Raises Refused while the configuration is not known."""


class VeeamObject:
    """An object of the provider."""

    def __init__(self, provider: Configured) -> None:
        self._provider = provider
        self._book = provider.book

    @property
    def manager(self) -> EnterpriseManager:
        """The client. Raises Refused while the configuration is not known."""
        return self._provider.manager

    def is_deferred(self, ctx: Context) -> bool:
        """Tell whether Terraform has to call again later, as the configuration is not known yet.

        Raises Refused when this Terraform can't do that.
        """
        if self.may_be_deferred(ctx):
            return True
        _ = self.manager
        return False

    def may_be_deferred(self, ctx: Context) -> bool:
        """Tell whether Terraform calls again later; False too when it can't do that."""
        if not self._provider.is_configured and ctx.client_can_defer:
            ctx.defer()
            return True
        return False

    def deadline(
        self, ctx: Context, seconds: float, operation: str, setting: str | None = None
    ) -> Deadline:
        """Return the deadline of a call that Terraform can stop; see Deadline for the rest."""
        return Deadline(
            operation, seconds, stop=ctx.stop, clock=self._provider.clock, setting=setting
        )


def unknown_results(schema: Schema, config: State) -> State:
    """Return a block with Unknown in place of everything that only the server knows."""
    return config | {
        attribute.name: Unknown if attribute.default is Unknown else attribute.default
        for attribute in schema.attributes
        if attribute.computed and config[attribute.name] is None
    }
