"""What `/query` can search: restore points and restore sessions.

Follows the vendor's pages get_query_vmrestorepoint, get_query_restoresession and their siblings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from em_simulator.catalogue import BACKUP_SERVER, Family, RestorePoint
from em_simulator.messages import Refusal, Reply, Request
from em_simulator.query import BadQuery, arrange
from em_simulator.representations import Resource

if TYPE_CHECKING:
    from em_simulator.manager import Manager
    from em_simulator.resources import Representations
    from em_simulator.sessions import RestoreSession

# What is searched, its fields, and how one is shown as an entity and as a reference.
_Queried = tuple[
    Sequence[Any],
    Callable[[Any], Mapping[str, Any]],
    Callable[[Any], Resource],
    Callable[[Any], Resource],
]
_POINT_FIELDS = ("UID", "Name", "CreationTime", "Type", "Algorithm", "BackupServerName")
_QUERY_FIELDS = {
    "VmRestorePoint": (*_POINT_FIELDS, "VmDisplayName"),
    "VmReplicaPoint": (*_POINT_FIELDS, "VmDisplayName"),
    "AgentRestorePoint": (*_POINT_FIELDS, "ComputerName"),
    "BackupServer": ("Name",),
    "RestoreSession": (
        *("Name", "Type", "State", "CreationTime", "VmDisplayName", "BackupServerName"),
    ),
}


class Queries:
    """Answers queries."""

    def __init__(self, manager: Manager, representations: Representations) -> None:
        self._manager = manager
        self._shown = representations
        self._kinds: dict[str, Callable[[], _Queried]] = {
            family.entity: partial(self._query_points, family) for family in Family
        } | {"RestoreSession": self._query_restores, "BackupServer": self._query_servers}

    def answer(self, request: Request) -> Reply:
        """GET /query."""
        kind = request.query.get("type", "")
        found = next((k for k in self._kinds if k.lower() == kind.lower()), None)
        if found is None:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Type [{kind}] can't be queried.")
        items, fields, entity, reference = self._kinds[found]()
        wants_entities = request.query.get("format", "").lower() in ("entity", "entities")
        try:
            page = arrange(items, fields, request.query, _QUERY_FIELDS[found])
        except BadQuery as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        members = [(entity if wants_entities else reference)(item) for item in page.items]
        return Reply(HTTPStatus.OK, self._shown.page(found, members, page))

    def _query_points(self, family: Family) -> _Queried:
        return (
            self._manager.catalogue.of(family),
            _point_fields,
            self._shown.restore_point,
            self._shown.reference,
        )

    def _query_servers(self) -> _Queried:
        def shown(_: str) -> Resource:
            return self._shown.backup_server()

        return [BACKUP_SERVER], lambda name: {"Name": name}, shown, shown

    def _query_restores(self) -> _Queried:
        def shown(restore: RestoreSession) -> Resource:
            is_working = self._manager.is_working(restore)
            return self._shown.restore_session(restore, is_working=is_working)

        def fields(restore: RestoreSession) -> dict[str, Any]:
            return {
                "Name": shown(restore).attributes["Name"],
                "Type": "FileLevelRestore",
                "State": "Working" if self._manager.is_working(restore) else "Stopped",
                "CreationTime": f"{restore.began:%Y-%m-%dT%H:%M:%SZ}",
                "VmDisplayName": restore.restore_point.machine.name,
                "BackupServerName": BACKUP_SERVER,
            }

        return self._manager.restores, fields, shown, shown


def _point_fields(point: RestorePoint) -> dict[str, Any]:
    """Return what a query may filter restore points by."""
    return {
        "UID": point.uid,
        "Name": point.name,
        "CreationTime": f"{point.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "Type": "Full" if point.is_full else "Increment",
        "Algorithm": "Full" if point.is_full else "Incremental",
        "BackupServerName": BACKUP_SERVER,
        "VmDisplayName": point.machine.name,
        "ComputerName": point.machine.name,
    }
