"""File-level restores that the backup servers show: from any logon session, even of lost mounts.

Follows the vendor's pages restoresessions_id and get_query_restoresession.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from terraform_provider_veeam.em.decoding import links, text
from terraform_provider_veeam.em.querying import Comparison, query
from terraform_provider_veeam.em.restore_points import restore_point_at, utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.models import LogonSession, RestorePointRef
    from terraform_provider_veeam.em.waiting import Deadline

_WORKING = (Comparison("Type", "==", "FileLevelRestore"), Comparison("State", "==", "Working"))


class RestoreSession(NamedTuple):
    """A file-level restore that is still working; `created_at` is RFC 3339 in UTC."""

    name: str
    machine_name: str | None
    created_at: str | None
    backup_server: str | None
    restore_points: tuple[RestorePointRef, ...]
    """What it restores from, as far as its links tell: one."""


def working_restores(
    client: Client, session: LogonSession, deadline: Deadline
) -> Iterator[RestoreSession]:
    """Return the file-level restores that are still working, the newest first."""
    for entity in query(
        client,
        session,
        "RestoreSession",
        deadline,
        conditions=_WORKING,
        sort_desc="CreationTime",
    ):
        yield parse_restore_session(entity)


def parse_restore_session(entity: Mapping[str, Any]) -> RestoreSession:
    """Return the restore that an entity describes."""
    found = links(entity)
    servers = [link.name or link.path for link in found if link.type.startswith("BackupServer")]
    return RestoreSession(
        name=text(entity, "Name") or "without a name",
        machine_name=text(entity, "VmDisplayName"),
        created_at=utc(text(entity, "CreationTimeUTC") or text(entity, "CreationTime")),
        backup_server=text(entity, "BackupServerName") or (servers[0] if servers else None),
        restore_points=tuple(
            point
            for link in found
            if link.rel == "Related" and (point := restore_point_at(link.path))
        ),
    )
