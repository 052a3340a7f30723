"""What the provider's objects need of the provider: the client, once there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from terraform_provider_veeam.em.waiting import Deadline
from terraform_provider_veeam.plugin.interfaces import Refused
from terraform_provider_veeam.plugin.types import Unknown

if TYPE_CHECKING:
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.waiting import Clock
    from terraform_provider_veeam.plugin.interfaces import Context, State
    from terraform_provider_veeam.plugin.schema import Schema
    from terraform_provider_veeam.private_state import ReadSessions


class Configured(Protocol):
    """The provider, as its objects see it."""

    clock: Clock
    read_sessions: ReadSessions

    @property
    def manager(self) -> EnterpriseManager | None:
        """The client; None while the configuration is not known."""


class OfProvider:
    """An object of the provider, whose client and clock it uses."""

    def __init__(self, provider: Configured) -> None:
        self._provider = provider


def deadline_within(
    provider: Configured, ctx: Context, seconds: float, operation: str, setting: str | None = None
) -> Deadline:
    """Return the bound of a call that Terraform can stop; the rest is as for Deadline."""
    return Deadline(
        operation=operation, seconds=seconds, stop=ctx.stop, clock=provider.clock, setting=setting
    )


def manager_or_defer(provider: Configured, ctx: Context) -> EnterpriseManager | None:
    """Return the client; None, with a deferral, while the configuration is not known.

    Raises Refused when the client of the protocol can't come back later.
    """
    if provider.manager is None and ctx.client_can_defer:
        ctx.defer()
        return None
    return manager_of(provider)


def unknown_results(schema: Schema, config: State) -> State:
    """Return a block with Unknown in place of all that is not known before a client is there."""
    return config | {
        attribute.name: Unknown if attribute.default is Unknown else attribute.default
        for attribute in schema.attributes
        if attribute.computed and config[attribute.name] is None
    }


def manager_of(provider: Configured) -> EnterpriseManager:
    """Return the client. Raises Refused while the configuration is not known."""
    manager = provider.manager
    if manager is None:
        raise Refused(
            "The provider is not configured",
            "Its configuration still has values that are not known. Apply what they come from "
            "first, for example with -target.",
        )
    return manager
