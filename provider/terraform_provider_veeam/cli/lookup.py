"""Which restore points a person means by a machine's name and a date, and what is told of them."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from terraform_provider_veeam.cli.connection import Connection
from terraform_provider_veeam.cli.dates import no_date, shown_time
from terraform_provider_veeam.cli.output import say, waiting_for
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound, RequestRefused
from terraform_provider_veeam.em.files.left_out import in_lines
from terraform_provider_veeam.em.files.listing import Entry
from terraform_provider_veeam.em.files.paths import on_volumes
from terraform_provider_veeam.em.inventory.machines import is_out_of_sight
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.models import RestorePoint, RestorePointType
from terraform_provider_veeam.em.times import Time
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import counted

_ALL = 1_000_000
_ID_LENGTH = 36
_NO_TIME = "0001-01-01T00:00:00Z"


def find_restore_points(connection: Connection, options: argparse.Namespace) -> list[RestorePoint]:
    """Return the restore points of the machine of a command's options, the newest first.

    Capitals in its name do not count. Raises NotFound, which names machines that may be meant, and
    EnterpriseManagerError when several are.
    """
    return _of_machine(
        connection,
        Wanted(
            machine_name=options.machine,
            created_after=options.after,
            created_before=options.before,
            backup_server=options.backup_server,
        ),
        options.type,
    )


def _of_machine(
    connection: Connection, wanted: Wanted, family: RestorePointType | None
) -> list[RestorePoint]:
    name = wanted.machine_name or ""
    operation = f"Looking up restore points of {printable(name)}"
    with waiting_for(operation):
        found = _find(connection.em, wanted, family, connection.deadline(operation))
    _check_that_it_is_one(found, name)
    return sorted(found, key=lambda one: Time.parse(one.created_at or _NO_TIME), reverse=True)


def _find(
    em: EnterpriseManager, wanted: Wanted, family: RestorePointType | None, deadline: Deadline
) -> list[RestorePoint]:
    name = wanted.machine_name or ""
    families = [family] if family else list(RestorePointType)
    if "*" in name:
        machines = em.machines.find(wanted, deadline, families).machines
        matching = in_lines([f"{printable(one.name)} ({one.type})" for one in machines])
        said = (
            f"It matches:\n{matching}" if machines else "No machine with restore points matches it."
        )
        raise EnterpriseManagerError(
            f"{printable(name)} is a pattern, not the whole name of a machine", said
        )
    found = _of_families(em, wanted, families, deadline)
    if found:
        return found
    known = em.machines.find(Wanted(), deadline)
    for machine in known.machines:
        # A server may tell capitals apart where a person does not.
        if machine.name != name and machine.name.casefold() == name.casefold():
            spelt = wanted._replace(machine_name=machine.name)
            found = _of_families(em, spelt, families, deadline)
            if found:
                return found
    bounds = {"after": wanted.created_after, "before": wanted.created_before}
    conditions = "".join(
        f", {word} {shown_time(str(time))}" for word, time in bounds.items() if time
    )
    of_type = f" of type {family}" if family else ""
    server = f" on {printable(wanted.backup_server)}" if wanted.backup_server else ""
    said = em.suggestions.machines(wanted, deadline, known)
    before, _, date = name.rpartition("@")
    if before:
        said += f"\nIf what follows @ is to be a date: {no_date(printable(date))}"
    raise NotFound(f"No restore point{of_type} of {printable(name)}{server}{conditions}", said)


def _check_that_it_is_one(found: list[RestorePoint], name: str) -> None:
    """Raise EnterpriseManagerError for restore points of several machines of a name."""
    known = Counter(
        (one.machine_name or name, str(one.ref.type), one.backup_server or "") for one in found
    )
    servers = {server.casefold() for *_, server in known if server}
    options = {
        "--type": len({family for _, family, _ in known}) > 1,
        "--backup-server": len(servers) > 1,
    }
    if any(options.values()) or len({spelt.casefold() for spelt, *_ in known}) > 1:
        lines = [
            f"{printable(spelt)}: {counted(count, 'restore point')} of type {family}"
            + (f", on {printable(server)}" if server else "")
            for (spelt, family, server), count in sorted(known.items())
        ]
        using = " and ".join(option for option, helps in options.items() if helps)
        raise EnterpriseManagerError(
            f"{printable(name)} is the name of several machines",
            f"There are:\n{in_lines(lines)}\nSay which is meant, with {using or 'its whole name'}.",
        )


def restore_point(connection: Connection, options: argparse.Namespace) -> RestorePoint:
    """Return the restore point of a command's options, and say which it is. Raises as above."""
    return _told(_restore_points(connection, options)[0])


def restore_point_with(
    connection: Connection, options: argparse.Namespace, paths: Sequence[str]
) -> RestorePoint:
    """Return the restore point of a command's options, and say which it is. Raises as above.

    Where they name no date, it is the newest that has all paths, if the index knows of one.
    """
    newest, *older = _restore_points(connection, options)
    if not paths or not older or options.machine.time or options.no_index:
        return _told(newest)
    found: RestorePoint | None = None
    with connection.index() as (index, deadline):
        indexed = index.points([newest, *older], deadline)
        if indexed and indexed[0].restore_point is newest:  # else nobody knows what it has
            found = index.newest_with(indexed[:1], paths, deadline)
            found = found or index.newest_with(indexed[1:], paths, deadline)
    if found not in (None, newest):
        say(
            f"By the index, the newest restore point, {shown_time(newest.created_at)}, does not "
            "have what is asked for. This is the newest that does:"
        )
    return _told(found or newest)


def _restore_points(connection: Connection, options: argparse.Namespace) -> list[RestorePoint]:
    """Return the restore points that may be meant and can be mounted, the newest first."""
    name, time, beginning = options.machine
    wanted = Wanted(backup_server=options.backup_server)
    if beginning:
        found = _of_id(connection, beginning, wanted, options.type)
    else:
        wanted = wanted._replace(machine_name=name, created_before=time)
        found = _of_machine(connection, wanted, options.type)
    return written(found)


def _told(point: RestorePoint) -> RestorePoint:
    say(f"Restore point of {machine_of(point)}, {shown_time(point.created_at)}")
    return point


def _of_id(
    connection: Connection, beginning: str, wanted: Wanted, family: RestorePointType | None
) -> list[RestorePoint]:
    """Return the restore point whose id begins so. Raises EnterpriseManagerError if several do."""
    if len(beginning) == _ID_LENGTH:
        wanted = wanted._replace(id=beginning)
    operation = f"Looking up restore point {beginning}"
    with waiting_for(operation):
        deadline = connection.deadline(operation)
        families = [family] if family else list(RestorePointType)
        known = _of_families(connection.em, wanted, families, deadline)
    found = [point for point in known if point.ref.id.startswith(beginning)]
    if not found:
        raise NotFound(
            f"No restore point has an id that begins with {beginning}"
            if wanted.id is None
            else f"There is no restore point {beginning}",
            "`terraform-provider-veeam points MACHINE` prints the ids of those that there are.",
        )
    if len(found) > 1:
        lines = [f"{one.ref.id}  {machine_of(one)}, {shown_time(one.created_at)}" for one in found]
        raise EnterpriseManagerError(
            f"{counted(len(found), 'restore point')} have an id that begins with {beginning}",
            f"There are:\n{in_lines(lines)}\nGive more of the id.",
        )
    return found


def written(found: list[RestorePoint]) -> list[RestorePoint]:
    """Return those that can be mounted. Raises NotFound when there are none."""
    written = [point for point in found if point.is_complete]
    if not written:
        raise NotFound(
            f"No restore point of {printable(found[0].machine_name or '')} can be mounted yet",
            f"{printable(found[0].name or found[0].ref.id)} is still being written. Try again "
            "later.",
        )
    return written


def _of_families(
    em: EnterpriseManager, wanted: Wanted, families: list[RestorePointType], deadline: Deadline
) -> list[RestorePoint]:
    """Return the restore points that the account may see. Raises RequestRefused if it sees none."""
    found: list[RestorePoint] = []
    refused: list[RequestRefused] = []
    for family in families:
        try:
            found += em.restore_points.find(wanted._replace(type=family), _ALL, deadline)
        except RequestRefused as error:
            if not is_out_of_sight(error):
                raise
            refused.append(error)
    if len(refused) == len(families):
        raise refused[0]
    return found


def machine_of(point: RestorePoint) -> str:
    """Return the machine of a restore point, and where its backups are, for people."""
    server = f" on {printable(point.backup_server)}" if point.backup_server else ""
    return f"{printable(point.machine_name or 'a machine without a name')}{server}"


def of_point(point: RestorePoint) -> dict[str, object]:
    """Return what scripts are told of a restore point."""
    return {
        "id": point.ref.id,
        "type": point.ref.type.value,
        "machine": point.machine_name,
        "created_at": point.created_at,
        "point_type": point.point_type,
        "backup_server": point.backup_server,
        "is_complete": point.is_complete,
    }


def of_entry(entry: Entry) -> dict[str, object]:
    """Return what scripts are told of a file or folder."""
    return {
        "path": entry.path,
        "name": entry.name,
        "type": "folder" if entry.is_folder else "file",
        "size": entry.size,
        "owner": entry.owner,
        "modified_at": entry.modified_at,
    }


def of_volumes(roots: Sequence[str]) -> str:
    """Return which volumes a mount point has, for people."""
    return f"Its volumes are: {', '.join(map(printable, roots))}."


def check_volume(path: str, roots: Sequence[str]) -> None:
    """Raise NotFound for a path that does not begin with a volume of a mount point."""
    if on_volumes(path, roots) != [path]:
        raise NotFound(
            f"{printable(path)} begins with no volume of this backup",
            f"{of_volumes(roots)} `find` looks on all of them.",
        )
