"""The machines that have restore points: Enterprise Manager lists none, so their points are read.

Follows the vendor's pages get_query_vmrestorepoint, get_query_vmreplicapoint and
get_query_agentrestorepoint.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from terraform_provider_veeam.em import errors, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory.restore_points import Wanted, find_restore_points
from terraform_provider_veeam.em.logon import Group
from terraform_provider_veeam.em.times import Time

log = logging.getLogger(__name__)

_PAGE_SIZE = 500  # there may be tens of thousands, and all are read
# What a version that does not know a family of restore points may answer.
_UNKNOWN_FAMILY = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.NOT_IMPLEMENTED)


class Machine(NamedTuple):
    """A VM, a replica or an agent's computer, and the restore points that it has."""

    name: str
    type: models.RestorePointType
    restore_point_count: int
    oldest_at: str | None  # RFC 3339 in UTC; None when no time is told
    newest_at: str | None
    backup_servers: tuple[str, ...]  # where its restore points are, as far as it is told


class FoundMachines(NamedTuple):
    """Machines by name, then by family, and the families that could not be searched."""

    machines: list[Machine]
    left_out: Mapping[models.RestorePointType, errors.RequestRefused]  # unseen, or unknown


def find_machines(
    client: SessionClient, wanted: Wanted, families: Sequence[models.RestorePointType]
) -> FoundMachines:
    """Return the machines of families with points as wanted. Raises when all families refuse."""
    machines: list[Machine] = []
    left_out: dict[models.RestorePointType, errors.RequestRefused] = {}
    for family in families:
        asked = wanted._replace(type=family)
        try:
            machines += _grouped(find_restore_points(client, asked, _PAGE_SIZE))
        except errors.RequestRefused as error:
            if not is_out_of_sight(error):
                raise
            log.info("restore points of type %s are left out: %s", family, error)
            left_out[family] = error
    if len(left_out) == len(families):
        raise next(iter(left_out.values()))
    return FoundMachines(
        sorted(machines, key=lambda one: (one.name.casefold(), one.type)), left_out
    )


def is_out_of_sight(error: errors.RequestRefused) -> bool:
    """Tell whether a family of restore points is not there for this account or this server."""
    return isinstance(error, errors.AccessDenied) or error.status in _UNKNOWN_FAMILY


def _grouped(points: Iterable[models.RestorePoint]) -> list[Machine]:
    """Return the machines of restore points; names that differ in capitals alone mean the same."""
    by_name: dict[str, list[models.RestorePoint]] = {}
    for point in points:
        if point.machine_name is None:
            log.info("restore point %s does not tell its machine", point.ref.id)
        else:
            by_name.setdefault(point.machine_name.casefold(), []).append(point)
    return [_machine(same) for same in by_name.values()]


def _machine(points: list[models.RestorePoint]) -> Machine:
    told = (point.created_at for point in points if point.created_at)
    times: list[str | None] = [*sorted(told, key=Time.parse)] or [None]
    servers = {point.backup_server for point in points if point.backup_server}
    return Machine(
        name=points[0].machine_name or "",
        type=points[0].ref.type,
        restore_point_count=len(points),
        oldest_at=times[0],
        newest_at=times[-1],
        backup_servers=tuple(sorted(servers, key=str.casefold)),
    )


class Machines(Group):
    """The machines that have restore points."""

    def find(
        self,
        wanted: Wanted,
        deadline: Deadline,
        families: Sequence[models.RestorePointType] = tuple(models.RestorePointType),
    ) -> FoundMachines:
        """Return the machines that have restore points like those wanted, of any type."""
        return self._browse(lambda own: find_machines(own, wanted, families), deadline)
