"""`terraform-provider-veeam machines`: the machines that have restore points."""

from __future__ import annotations

import argparse

from terraform_provider_veeam.cli import arguments, connection, output
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.em.errors import NotFound
from terraform_provider_veeam.em.inventory import restore_points
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    arguments.add_common(parser)
    parser.add_argument(
        "pattern",
        nargs="?",
        type=arguments.text,
        metavar="PATTERN",
        help="only those, like 'oracle*'",
    )


def run(connected: connection.Connection, options: argparse.Namespace) -> int:
    """Print the machines that have restore points; returns the exit code."""
    families = [options.type] if options.type else list(RestorePointType)
    deadline = connected.deadline("Listing machines")
    wanted = restore_points.Wanted(
        machine_name=options.pattern, backup_server=options.backup_server
    )
    with output.waiting_for("Listing machines"):
        found = connected.em.machines.find(wanted, deadline, families)
    if options.json:
        output.print_json(
            [
                {
                    "name": one.name,
                    "type": one.type.value,
                    "restore_points": one.restore_point_count,
                    "oldest": one.oldest_at,
                    "newest": one.newest_at,
                    "backup_servers": list(one.backup_servers),
                }
                for one in found.machines
            ]
        )
    elif found.machines:
        output.print_table(
            ("NAME", "TYPE", ">POINTS", "OLDEST", "NEWEST"),
            [
                (
                    one.name,
                    one.type.value,
                    str(one.restore_point_count),
                    shown_time(one.oldest_at),
                    shown_time(one.newest_at),
                )
                for one in found.machines
            ],
            dispensable=("OLDEST", "POINTS", "TYPE"),
        )
        output.say(counted(len(found.machines), "machine"))
    for one in found.machines:
        if len(one.backup_servers) > 1:
            output.say(
                f"{one.name} is on {' and '.join(one.backup_servers)}: these are two machines, "
                "which --backup-server tells apart, or one whose backups were moved."
            )
    for family, error in found.left_out.items():
        output.say(f"Left out: restore points of type {family}. {error.summary}.")
    if found.machines:
        return 0
    of_type = f" of type {options.type}" if options.type else ""
    server = f" on {printable(options.backup_server)}" if options.backup_server else ""
    called = f" is called {printable(options.pattern)}" if options.pattern else ""
    raise NotFound(
        f"No machine with restore points{of_type}{server}{called}",
        connected.em.suggestions.machines(wanted, deadline),
    )
