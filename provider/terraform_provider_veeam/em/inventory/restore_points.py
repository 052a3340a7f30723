"""Looking restore points up.

Follows the vendor's pages get_vmrestorepoints_id, get_vmreplicapoints_id and
get_agents_agentrestorepoints_id.
"""

import logging
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from terraform_provider_veeam.em import errors, gone, models, patterns, times
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, pages
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory import backup_servers, query
from terraform_provider_veeam.em.logon import Group

log = logging.getLogger(__name__)


def read_restore_point(client: SessionClient, ref: models.RestorePointRef) -> models.RestorePoint:
    """Return a restore point. Raises RestorePointGone, AccessDenied."""
    kind = ref.type.entity
    only = query.comparisons(("UID", "==", query.urn(kind, ref.id)))
    container = gone.Container(
        f"the list of restore points of type {ref.type}",
        lambda: any(uuid_of(one) == ref.id for one in query.query(client, kind, only)),
        errors.RestorePointGone,
    )
    return gone.unless_gone(
        client, f"restore point {ref.id}", lambda: _read(client, ref), container
    )


def _read(client: SessionClient, ref: models.RestorePointRef) -> models.RestorePoint:
    path = f"{ref.path}?format=Entity"
    answer = client.get(path)
    found = parse_restore_point(answer.document.value, ref)
    if found is None:
        raise answer.unexpected("with no restore point")
    told = uuid_of(answer.document.value)
    if told not in (None, ref.id):
        raise decoders.unreadable(f"GET {path} was answered with another restore point, {told}.")
    return found


class Wanted(NamedTuple):
    """Which restore points are looked for; None means any."""

    type: models.RestorePointType = models.RestorePointType.VM
    machine_name: str | None = None  # with `*` a pattern, matched here
    created_after: times.Time | None = None
    created_before: times.Time | None = None
    backup_server: str | None = None
    id: str | None = None

    def conditions(self) -> list[query.Comparison]:
        """Return what the server can filter by."""
        agent = self.type is models.RestorePointType.AGENT
        name = None if self.machine_name and "*" in self.machine_name else self.machine_name
        return query.comparisons(
            ("ComputerName" if agent else "VmDisplayName", "==", name),
            ("CreationTime", ">=", self.created_after),
            ("CreationTime", "<=", self.created_before),
            ("BackupServerName", "==", self.backup_server),
            ("UID", "==", query.urn(self.type.entity, self.id)),
        )

    def matches(self, found: models.RestorePoint) -> bool:
        """Tell whether one is wanted. Raises UnexpectedAnswer if the server ignored the filter."""
        name = self.machine_name
        if name is not None and "*" in name:
            if not any(patterns.name_matches(name, known) for known in found.machine_names):
                return False
        elif name is not None and name.casefold() not in map(str.casefold, found.machine_names):
            raise _not_asked_for(found, f"machine_name is {name}")
        if self.id not in (None, found.ref.id):
            raise _not_asked_for(found, f"id is {self.id}")
        server = self.backup_server
        if server and found.backup_server and found.backup_server.casefold() != server.casefold():
            raise _not_asked_for(found, f"backup_server is {server}")
        return self._is_in_time(found)

    def _is_in_time(self, found: models.RestorePoint) -> bool:
        """Tell whether it was created in time; a server may round to the second."""
        if self.created_after is None and self.created_before is None:
            return True
        try:
            created = times.Time.parse(found.created_at or "")
        except ValueError:
            raise _not_asked_for(found, "it has to be of a certain time") from None
        bound = None
        if self.created_after is not None and created < self.created_after:
            bound = self.created_after
        if self.created_before is not None and created > self.created_before:
            bound = self.created_before
        if bound is not None and abs((created.second - bound.second).total_seconds()) > 1:
            raise _not_asked_for(found, f"the bound is {bound}")
        return bound is None


def _not_asked_for(found: models.RestorePoint, condition: str) -> errors.UnexpectedAnswer:
    what = f"{found.name or found.ref.id} of {found.machine_name or 'no machine'}"
    when = f", created {found.created_at or 'at no time'}"
    return query.ignored_filter("restore point", what + when, condition)


def find_restore_points(
    client: SessionClient, wanted: Wanted, page_size: int = pages.PAGE_SIZE
) -> Iterator[models.RestorePoint]:
    """Yield those wanted, the newest first. Raises UnexpectedAnswer for others."""
    kind, conditions = wanted.type.entity, wanted.conditions()
    for entity in query.query(client, kind, conditions, "CreationTime", page_size):
        found = found_restore_point(entity, wanted.type)
        if wanted.matches(found):
            yield found


def found_restore_point(
    entity: decoders.Resource, kind: models.RestorePointType
) -> models.RestorePoint:
    """Return the restore point that a query's entity describes. Raises UnexpectedAnswer."""
    uuid = uuid_of(entity)
    point = parse_restore_point(entity, models.RestorePointRef(kind, uuid or ""))
    if point is None or uuid is None:
        raise decoders.unreadable(f"The query for {kind.entity} was answered with something else.")
    at = models.restore_point_at(decoders.path_of(entity))
    if at is not None and at.type is not kind:
        raise decoders.unreadable(
            f"The query for {kind.entity} was answered with the type {at.type.entity}."
        )
    return point


def _leads_to_use(link: decoders.Link) -> bool:
    """Tell whether a link shows that a restore point can be used: it has been written."""
    is_mount = link.is_for("Create") and link.path.casefold().endswith("/mounts")
    is_restore = link.is_for("Restore") or link.is_for("Failover")
    return is_mount or is_restore or link.type.casefold().startswith("backupfile")


def uuid_of(resource: Any) -> str | None:
    """Return the UUID of a resource; None when it has none."""
    uuid = decoders.own_uuid(resource)
    return uuid if re.fullmatch(models.UUID, uuid) else None


def parse_restore_point(resource: Any, ref: models.RestorePointRef) -> models.RestorePoint | None:
    """Return the restore point that a resource describes; None when it describes none."""
    name = decoders.text(resource, "Name")
    if name is None and decoders.text(resource, "UID") is None:
        return None
    names = [decoders.text(resource, one) for one in ("VmDisplayName", "VmName", "ComputerName")]
    names.append((name or "").rpartition("@")[0] or name)
    return models.RestorePoint(
        ref=ref,
        name=name,
        machine_names=tuple(dict.fromkeys(name for name in names if name)),
        created_at=decoders.time(resource, "CreationTimeUTC", "CreationTime"),
        point_type=decoders.text(resource, "PointType"),
        backup_server=backup_servers.backup_server_name(resource),
        is_complete=any(map(_leads_to_use, decoders.links(resource))),
    )


class RestorePoints(Group):
    """The restore points of all families."""

    def get(self, ref: models.RestorePointRef, deadline: Deadline) -> models.RestorePoint:
        """Return a restore point. Raises RestorePointGone, AccessDenied."""
        return self._browse(lambda own: read_restore_point(own, ref), deadline)

    def find(self, wanted: Wanted, limit: int, deadline: Deadline) -> list[models.RestorePoint]:
        """Return at most `limit` restore points, the newest first; no further page is read."""
        return self._browse(
            lambda own: list(islice(find_restore_points(own, wanted), limit)), deadline
        )

    def latest(self, wanted: Wanted, deadline: Deadline) -> models.RestorePoint | None:
        """Return the newest restore point that has been written; None when there is none."""

        def find(own: SessionClient) -> models.RestorePoint | None:
            for found in find_restore_points(own, wanted):
                if found.is_complete:
                    return found
                log.info("passing over %s, which is still being written", found.name)
            return None

        return self._browse(find, deadline)
