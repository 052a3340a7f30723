"""File-level restores that the backup servers show: from any logon session, even of lost mounts.

Follows the vendor's pages restoresessions_id and get_query_restoresession.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from terraform_provider_veeam.em.decoding import links, text
from terraform_provider_veeam.em.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.decoding import Document
    from terraform_provider_veeam.em.models import LogonSession, RestorePointRef
    from terraform_provider_veeam.em.waiting import Deadline

_QUERY = "/query?type=RestoreSession&format=Entities&filter=Type==FileLevelRestore;State==Working"


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
    answer = client.request("GET", _QUERY, deadline, token=session.token)
    found = [_parse(entity) for entity in _entities(answer.document)]
    return [restore for restore in found if restore_point.path in restore.paths]


def _entities(document: Document) -> list[Mapping[str, Any]]:
    wrapper = document.property("Entities")
    name = "RestoreSession"
    for _ in range(3):  # JSON names the list twice, XML once
        if isinstance(wrapper, list):
            return [member for member in wrapper if isinstance(member, dict)]
        if not isinstance(wrapper, dict):
            break
        inner = wrapper.get(f"{name}s", wrapper.get(name))
        if inner is None:
            return [wrapper] if wrapper.get("Type") == name else []
        wrapper = inner
    if wrapper is None and document.property("PagingInfo") is not None:
        return []
    raise UnexpectedAnswer(
        "Enterprise Manager's answer can't be understood",
        "The query of restore sessions was answered, but with no list of them.",
    )


def _parse(entity: Mapping[str, Any]) -> RestoreSession:
    found = links(entity)
    servers = [link.path for link in found if link.rel == "Up"]
    return RestoreSession(
        name=text(entity, "Name") or "without a name",
        backup_server=text(entity, "BackupServerName") or (servers[0] if servers else None),
        paths=tuple(link.path for link in found if link.rel == "Related"),
    )
