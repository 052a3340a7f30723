"""How a block says which backup server it means."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from terraform_provider_veeam.em.errors import AccessDenied
from terraform_provider_veeam.em.inventory.backup_servers import BackupServer
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import checks, identifiers, selection
from terraform_provider_veeam.objects.base import Deadline, State, VeeamObject
from terraform_provider_veeam.objects.selection import Thing
from tfplugin.attribute import Attribute, optional
from tfplugin.errors import Refused


def attribute(**rest: Any) -> Attribute:
    """Return the attribute `backup_server`."""
    said = "Name, UUID or URN of the backup server."
    return optional("backup_server", said, check=checks.name, **rest)


class BackupServerReader(VeeamObject):
    """An object that looks up what backup servers have."""

    def server_name(self, config: State, deadline: Deadline) -> str | None:
        """Return the name of the backup server that a block means, None where it means any.

        Raises Refused for an unknown UUID or URN; of a name, `check_server` tells.
        """
        wanted: str | None = config["backup_server"]
        if wanted is None or not identifiers.is_uid(wanted):
            return wanted
        return self._server(wanted, deadline).name

    def matching(
        self, there: Iterable[Thing], config: State, deadline: Deadline, *names: str
    ) -> list[Thing]:
        """Return what a block asks for by those attributes and by its backup server."""
        conditions = {name: config[name] for name in names}
        conditions["backup_server"] = self.server_name(config, deadline)
        found = selection.matching(there, conditions)
        if not found:
            self.check_server(config, deadline)
        return found

    def check_server(self, config: State, deadline: Deadline) -> None:
        """Raise Refused if the backup server that a block names is not there."""
        if config["backup_server"] is not None:
            with suppress(AccessDenied):
                self._server(config["backup_server"], deadline)

    def _server(self, wanted: str, deadline: Deadline) -> BackupServer:
        servers = self.em.backup_servers.list(deadline)
        found = next((one for one in servers if one.is_called(wanted)), None)
        if found is None:
            names = ", ".join(printable(one.name or one.id) for one in servers) or "none"
            raise Refused(
                "Backup server not found",
                f"None is called {printable(wanted)}. Enterprise Manager knows: {names}.",
                path=["backup_server"],
            )
        return found
