"""What the provider's objects need of the provider: the client, once there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from terraform_provider_veeam.plugin.interfaces import Refused

if TYPE_CHECKING:
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.waiting import Clock


class Configured(Protocol):
    """The provider, as its objects see it."""

    clock: Clock

    @property
    def manager(self) -> EnterpriseManager | None:
        """The client; None while the configuration is not known."""


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
