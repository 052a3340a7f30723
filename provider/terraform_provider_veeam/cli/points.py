"""`terraform-provider-veeam points`: the restore points of a machine."""

from __future__ import annotations

import argparse

from terraform_provider_veeam.cli import arguments, connection, lookup, output
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.text import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    arguments.add_common(parser, arguments.BOUNDS)
    arguments.add_machine(parser)


def run(connected: connection.Connection, options: argparse.Namespace) -> int:
    """Print the restore points of a machine, the newest first; returns the exit code."""
    found = lookup.find_restore_points(connected, options)
    if options.json:
        output.print_json(list(map(lookup.of_point, found)))
        return 0
    output.print_table(
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
    output.say(f"{counted(len(found), 'restore point')} of {lookup.machine_of(found[0])}")
    return 0
