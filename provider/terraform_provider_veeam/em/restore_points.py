"""Looking restore points up.

Follows the vendor's pages get_vmrestorepoints_id, get_vmreplicapoints_id and
get_agents_agentrestorepoints_id.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from terraform_provider_veeam.em.decoding import api_path, links, text
from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.models import (
    LogonSession,
    RestorePoint,
    RestorePointRef,
    RestorePointType,
)
from terraform_provider_veeam.em.patterns import name_matches
from terraform_provider_veeam.em.querying import Comparison, query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.waiting import Deadline

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read_restore_point(
    client: Client, session: LogonSession, ref: RestorePointRef, deadline: Deadline
) -> RestorePoint:
    """Return a restore point. Raises NotFound."""
    path = f"{ref.path}?format=Entity"
    answer = client.request("GET", path, deadline, token=session.token)
    found = parse_restore_point(answer.document.value, ref)
    if found is None:
        raise UnexpectedAnswer(
            "Enterprise Manager's answer can't be understood",
            f"GET {path} was answered with {answer.status}, but with no restore point.",
        )
    return found


class Wanted(NamedTuple):
    """Which restore points are looked for; what is None does not matter."""

    type: RestorePointType = RestorePointType.VM
    machine_name: str | None = None
    """Name of the VM or of the agent's computer; with `*` a pattern, matched here."""
    created_after: dt.datetime | None = None
    created_before: dt.datetime | None = None
    backup_server: str | None = None

    def conditions(self) -> list[Comparison]:
        """Return what the server can filter by."""
        agent = self.type is RestorePointType.AGENT
        name = None if self.machine_name and "*" in self.machine_name else self.machine_name
        found = (
            (
                "ComputerName" if agent else "VmDisplayName",
                "==",
                name,
            ),
            ("CreationTime", ">=", _api_time(self.created_after)),
            ("CreationTime", "<=", _api_time(self.created_before)),
            ("BackupServerName", "==", self.backup_server),
        )
        return [Comparison(field, sign, value) for field, sign, value in found if value]

    def matches(self, found: FoundRestorePoint) -> bool:
        """Tell whether a restore point meets what the server can't filter by."""
        if self.machine_name is None or "*" not in self.machine_name:
            return True
        return name_matches(self.machine_name, found.machine_name or "")


class FoundRestorePoint(NamedTuple):
    """A restore point that a query has found; `created_at` is RFC 3339 in UTC."""

    ref: RestorePointRef
    name: str | None
    machine_name: str | None
    created_at: str | None
    point_type: str | None
    """`Full`, `Increment` or `ReverseIncrement`."""
    backup_server: str | None


def find_restore_points(
    client: Client, session: LogonSession, wanted: Wanted, deadline: Deadline
) -> Iterator[FoundRestorePoint]:
    """Return the restore points that are wanted, the newest first, page by page."""
    for entity in query(
        client,
        session,
        wanted.type.entity,
        deadline,
        conditions=wanted.conditions(),
        sort_desc="CreationTime",
    ):
        found = found_restore_point(entity, wanted.type)
        if found and wanted.matches(found):
            yield found


def found_restore_point(entity: Any, kind: RestorePointType) -> FoundRestorePoint | None:
    """Return the restore point that a query's entity describes; None when it names none."""
    path = api_path(entity.get("Href")) or ""
    uuid = (text(entity, "UID") or path).replace("/", ":").rpartition(":")[2].lower()
    point = parse_restore_point(entity, RestorePointRef(kind, uuid))
    if point is None or not _UUID.fullmatch(uuid):
        return None
    machine = (
        text(entity, "VmDisplayName") or text(entity, "VmName") or text(entity, "ComputerName")
    )
    servers = [link.name for link in links(entity) if link.type.startswith("BackupServer")]
    return FoundRestorePoint(
        ref=point.ref,
        name=point.name,
        machine_name=machine or (point.name or "").partition("@")[0] or None,
        created_at=point.created_at,
        point_type=text(entity, "PointType"),
        backup_server=servers[0] if servers else None,
    )


def restore_point_at(path: str) -> RestorePointRef | None:
    """Return the restore point that a path leads to or through; None for any other path."""
    for kind in RestorePointType:
        head, _, rest = path.partition(f"{kind.collection}/")
        uuid = rest.partition("/")[0].lower()
        if not head and _UUID.fullmatch(uuid):
            return RestorePointRef(kind, uuid)
    return None


def _api_time(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def parse_restore_point(resource: Any, ref: RestorePointRef) -> RestorePoint | None:
    """Return the restore point that a resource describes; None when it describes none."""
    if not isinstance(resource, dict) or not (text(resource, "UID") or text(resource, "Name")):
        return None
    created = text(resource, "CreationTimeUTC") or text(resource, "CreationTime")
    return RestorePoint(ref, text(resource, "Name"), utc(created))


def utc(moment: str | None) -> str | None:
    """Return a time of the API, which is in UTC unless it says otherwise, as RFC 3339."""
    if moment is None:
        return None
    try:
        parsed = dt.datetime.fromisoformat(moment)
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=dt.UTC)
        parsed = parsed.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return parsed.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
