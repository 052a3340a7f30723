"""File-level restores that the backup servers show: from any logon session, even of lost mounts.

Follows the vendor's pages restoresessions_id and get_query_restoresession.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from terraform_provider_veeam.em.decoding import links, text
from terraform_provider_veeam.em.querying import Comparison, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.models import LogonSession, RestorePointRef
    from terraform_provider_veeam.em.waiting import Deadline

_WORKING = (Comparison("Type", "==", "FileLevelRestore"), Comparison("State", "==", "Working"))


class RestoreSession(NamedTuple):
    """A file-level restore that is still working."""

    name: str
    backup_server: str | None
    paths: tuple[str, ...]
    """Paths below `/api` of what it is related to: its restore point."""


def working_restores(
    client: Client, session: LogonSession, restore_point: RestorePointRef, deadline: Deadline
) -> list[RestoreSession]:
    """Return the file-level restores of a restore point that are still working."""
    found = [
        _parse(entity)
        for entity in query(client, session, "RestoreSession", deadline, conditions=_WORKING)
    ]
    return [restore for restore in found if restore_point.path in restore.paths]


def _parse(entity: Mapping[str, Any]) -> RestoreSession:
    found = links(entity)
    servers = [link.path for link in found if link.rel == "Up"]
    return RestoreSession(
        name=text(entity, "Name") or "without a name",
        backup_server=text(entity, "BackupServerName") or (servers[0] if servers else None),
        paths=tuple(link.path for link in found if link.rel == "Related"),
    )
