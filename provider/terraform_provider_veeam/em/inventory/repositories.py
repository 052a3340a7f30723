"""The repositories. Follows the vendor's pages repositories_id and get_query_repository."""

from typing import NamedTuple

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.inventory.backup_servers import backup_server_name
from terraform_provider_veeam.em.inventory.query import query
from terraform_provider_veeam.em.logon import Group


class Repository(NamedTuple):
    """A backup repository; what Enterprise Manager does not tell is None."""

    id: str
    name: str | None
    type: str | None
    capacity: int | None  # bytes
    free_space: int | None  # bytes
    backup_server: str | None


class Repositories(Group):
    """The backup repositories."""

    def list(self, deadline: Deadline) -> list[Repository]:
        """Return the backup repositories."""
        found = self._browse(lambda own: list(query(own, "Repository")), deadline)
        return [
            Repository(
                id=decoders.uuid(entity),
                name=decoders.text(entity, "Name"),
                type=decoders.text(entity, "Kind"),
                capacity=decoders.size(entity, "Capacity"),
                free_space=decoders.size(entity, "FreeSpace"),
                backup_server=backup_server_name(entity),
            )
            for entity in found
        ]
