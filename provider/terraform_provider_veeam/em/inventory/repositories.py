"""The backup repositories, and the space that they have.

Follows the vendor's pages repositories_id and get_query_repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.http.decoders import Resource, integer, text
from terraform_provider_veeam.em.inventory.backup_servers import backup_server_name
from terraform_provider_veeam.em.inventory.query import query
from terraform_provider_veeam.em.logon import Group
from terraform_provider_veeam.em.models import LogonSession


class Repository(NamedTuple):
    """A backup repository; what Enterprise Manager does not tell is None."""

    id: str
    name: str | None
    type: str | None
    capacity: int | None
    """Bytes."""
    free_space: int | None
    """Bytes."""
    backup_server: str | None


def repositories(client: Client, session: LogonSession, deadline: Deadline) -> Iterator[Repository]:
    """Return the repositories."""
    for entity in query(client, session, "Repository", deadline):
        yield Repository(
            id=(text(entity, "UID") or "").rpartition(":")[2].lower(),
            name=text(entity, "Name"),
            type=text(entity, "Kind"),
            capacity=_bytes(entity, "Capacity"),
            free_space=_bytes(entity, "FreeSpace"),
            backup_server=backup_server_name(entity),
        )


def _bytes(entity: Resource, name: str) -> int | None:
    """Return a size; the API writes -1 where there is no limit, or none is known."""
    size = integer(entity, name)
    return None if size is None or size < 0 else size


class Repositories(Group):
    """The backup repositories."""

    def list(self, deadline: Deadline) -> list[Repository]:
        """Return the backup repositories."""
        return self._logon.browse(
            lambda session: list(repositories(self._client, session, deadline)), deadline
        )
