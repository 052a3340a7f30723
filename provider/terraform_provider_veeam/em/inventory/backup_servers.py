"""The backup servers. Follows the vendor's pages backupservers and get_query_backupserver."""

from collections.abc import Iterator
from typing import NamedTuple

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory.query import query
from terraform_provider_veeam.em.logon import Group


class BackupServer(NamedTuple):
    """A backup server; what an old version does not tell is None."""

    id: str
    name: str | None
    description: str | None
    address: str | None
    version: str | None

    def is_called(self, name: str) -> bool:
        """Tell whether a person means it: by name, UUID or URN."""
        spellings = (self.name or "", self.id, f"urn:veeam:BackupServer:{self.id}")
        return name.casefold() in map(str.casefold, spellings)


def backup_servers(client: SessionClient) -> Iterator[BackupServer]:
    """Return the backup servers."""
    for entity in query(client, "BackupServer"):
        yield BackupServer(
            id=decoders.uuid(entity),
            name=decoders.text(entity, "Name"),
            description=decoders.text(entity, "Description"),
            address=decoders.text(entity, "IpOrDnsName"),
            version=decoders.text(entity, "Version"),
        )


def backup_server_name(resource: decoders.Resource) -> str | None:
    """Return the name of the backup server that a resource belongs to."""
    link = decoders.link_below(resource, "/backupServers")
    return decoders.text(resource, "BackupServerName") or (link and link.name)


class BackupServers(Group):
    """The backup servers."""

    def list(self, deadline: Deadline) -> list[BackupServer]:
        """Return the backup servers."""
        return self._browse(lambda own: list(backup_servers(own)), deadline)
