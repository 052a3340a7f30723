"""`terraform-provider-veeam machines` and `points`: what there is to restore from."""

from __future__ import annotations

import argparse
from http import HTTPStatus

from terraform_provider_veeam.cli import terminal
from terraform_provider_veeam.cli.connection import Connection
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.cli.lookup import find_restore_points, machine_of
from terraform_provider_veeam.em.errors import NotFound
from terraform_provider_veeam.em.inventory.restore_points import FoundRestorePoint, Wanted
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import counted


def machines(connection: Connection, options: argparse.Namespace) -> int:
    """Print the machines that have restore points. Raises NotFound, which names similar ones."""
    families = [options.type] if options.type else list(RestorePointType)
    deadline = connection.deadline("Listing machines")
    wanted = Wanted(machine_name=options.pattern, backup_server=options.backup_server)
    with terminal.waiting_for("Listing machines"):
        found = connection.manager.machines(wanted, deadline, families)
    if options.json:
        terminal.print_json(
            [
                {
                    "name": one.name,
                    "type": one.type.value,
                    "restore_points": one.restore_point_count,
                    "oldest": one.oldest,
                    "newest": one.newest,
                    "backup_servers": list(one.backup_servers),
                }
                for one in found.machines
            ]
        )
    elif found.machines:
        terminal.print_table(
            ("NAME", "TYPE", ">POINTS", "OLDEST", "NEWEST"),
            [
                (
                    one.name,
                    one.type.value,
                    str(one.restore_point_count),
                    shown_time(one.oldest),
                    shown_time(one.newest),
                )
                for one in found.machines
            ],
            dispensable=("OLDEST", "POINTS", "TYPE"),
        )
        terminal.say(counted(len(found.machines), "machine"))
    for one in found.machines:
        if len(one.backup_servers) > 1:
            terminal.say(
                f"{one.name} is on {' and '.join(one.backup_servers)}: these are two machines, "
                "which --backup-server tells apart, or one whose backups were moved."
            )
    for family, error in found.left_out.items():
        terminal.say(f"Left out: restore points of type {family}. {error.summary}.")
    if found.machines:
        return 0
    of_type = f" of type {options.type}" if options.type else ""
    server = f" on {printable(options.backup_server)}" if options.backup_server else ""
    called = f" is called {printable(options.pattern)}" if options.pattern else ""
    raise NotFound(
        f"No machine with restore points{of_type}{server}{called}",
        connection.manager.near_misses(wanted, deadline),
        status=HTTPStatus.NOT_FOUND,
    )


def points(connection: Connection, options: argparse.Namespace) -> int:
    """Print the restore points of a machine, the newest first; returns the exit code."""
    wanted = Wanted(
        machine_name=options.machine,
        created_after=options.after,
        created_before=options.before,
        backup_server=options.backup_server,
    )
    found = find_restore_points(connection, wanted, options.type)
    if options.json:
        terminal.print_json([described(point) for point in found])
        return 0
    terminal.print_table(
        ("CREATED", "TYPE", "KIND", "BACKUP SERVER", "ID"),
        [
            (
                shown_time(point.created_at),
                point.ref.type.value,
                (point.point_type or "") if point.is_complete else "being written",
                point.backup_server or "",
                point.ref.id,
            )
            for point in found
        ],
        dispensable=("BACKUP SERVER", "TYPE", "KIND"),
    )
    terminal.say(f"{counted(len(found), 'restore point')} of {machine_of(found[0])}")
    return 0


def described(point: FoundRestorePoint) -> dict[str, object]:
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
