"""What is told of repositories, and how a block says which it means."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.inventory.repositories import Repository
from terraform_provider_veeam.objects import backup_server, checks, selection
from tfplugin.attribute import Attribute, computed, optional
from tfplugin.contexts import State
from tfplugin.types import Number

_TYPES = "`WindowsLocal`, `LinuxLocal`, `CifsShare`, `Nfs`, `Extendable` (scale-out) and the like."
_BYTES = "Bytes; null without a limit, or when not known."


def search_attributes(*, computes: bool = False) -> list[Attribute]:
    """Return what a user writes beside a name to say which repositories are wanted."""
    return [
        optional("type", f"What it is: {_TYPES}", check=checks.name, computed=computes),
        backup_server.attribute(computed=computes),
    ]


def found_attributes() -> list[Attribute]:
    """Return the attributes that describe a repository that was found."""
    return [
        computed("id", "UUID."),
        computed("capacity", _BYTES, Number()),
        computed("free_space", _BYTES, Number()),
    ]


class RepositoryReader(backup_server.BackupServerReader):
    """An object that looks repositories up."""

    def repositories(self, config: State, deadline: Deadline) -> list[Repository]:
        """Return the repositories that a block asks for."""
        conditions = {
            "name": config["name"],
            "type": config["type"],
            "backup_server": self.server_name(config, deadline),
        }
        found = selection.matching(self.em.repositories.list(deadline), conditions)
        if not found:
            self.check_server(config, deadline)
        return found
