"""Which restore points a person means by a machine's name and a date."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound, RequestRefused
from terraform_provider_veeam.em.inventory.machines import is_out_of_sight
from terraform_provider_veeam.em.inventory.near_misses import near_misses
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.em.times import Time
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from terraform_provider_veeam.cli.connection import Connection
    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.inventory.restore_points import FoundRestorePoint
    from terraform_provider_veeam.em.manager import EnterpriseManager

_ALL = 1_000_000
_NO_TIME = "0001-01-01T00:00:00Z"


def find_restore_points(
    connection: Connection, wanted: Wanted, family: RestorePointType | None
) -> list[FoundRestorePoint]:
    """Return the restore points of a machine, the newest first, of one family or of all.

    The type of `wanted` does not count, nor do capitals in the machine's name. Raises NotFound,
    which names machines that may be meant.
    """
    name = wanted.machine_name or ""
    deadline = connection.deadline(f"Looking up restore points of {printable(name)}")
    families = [family] if family else list(RestorePointType)
    found = _of_families(connection.manager, wanted, families, deadline)
    if found:
        return sorted(found, key=_time, reverse=True)
    known = connection.manager.machines(Wanted(), deadline)
    for machine in known.machines:
        # A server may tell capitals apart where a person does not.
        if machine.name != name and machine.name.casefold() == name.casefold():
            spelt = wanted._replace(machine_name=machine.name)
            found = _of_families(connection.manager, spelt, families, deadline)
            if found:
                return sorted(found, key=_time, reverse=True)
    bounds = {"after": wanted.created_after, "before": wanted.created_before}
    conditions = "".join(
        f", {word} {shown_time(str(time))}" for word, time in bounds.items() if time
    )
    of_type = f" of type {family}" if family else ""
    raise NotFound(
        f"No restore point{of_type} of {printable(name)}{conditions}",
        near_misses(wanted, known),
        status=HTTPStatus.NOT_FOUND,
    )


def written_restore_points(
    connection: Connection, wanted: Wanted, family: RestorePointType | None
) -> list[FoundRestorePoint]:
    """Return those restore points of one machine that can be mounted, the newest first.

    Raises NotFound, and EnterpriseManagerError when machines of several families have the name.
    """
    found = find_restore_points(connection, wanted, family)
    families = {point.ref.type for point in found}
    if len(families) > 1:
        raise EnterpriseManagerError(
            f"{printable(wanted.machine_name or '')} is the name of several machines",
            f"There are restore points of type {' and '.join(sorted(families))}. Say with --type "
            "which are meant.",
        )
    written = [point for point in found if point.is_complete]
    if not written:
        raise NotFound(
            f"No restore point of {printable(wanted.machine_name or '')} can be mounted yet",
            f"{printable(found[0].name or found[0].ref.id)} is still being written. Try again "
            "later.",
            status=HTTPStatus.NOT_FOUND,
        )
    return written


def _of_families(
    manager: EnterpriseManager,
    wanted: Wanted,
    families: list[RestorePointType],
    deadline: Deadline,
) -> list[FoundRestorePoint]:
    """Return the restore points of those families that the account may see.

    Raises a RequestRefused when it may see none of them.
    """
    found: list[FoundRestorePoint] = []
    refused: list[RequestRefused] = []
    for family in families:
        try:
            found += manager.restore_points(wanted._replace(type=family), _ALL, deadline)
        except RequestRefused as error:
            if not is_out_of_sight(error):
                raise
            refused.append(error)
    if len(refused) == len(families):
        raise refused[0]
    return found


def _time(point: FoundRestorePoint) -> Time:
    return Time.parse(point.created_at or _NO_TIME)
