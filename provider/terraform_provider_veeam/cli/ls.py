"""`terraform-provider-veeam ls`: a folder in a restore point, from the index or from a mount."""

from __future__ import annotations

import argparse

from terraform_provider_veeam.cli import arguments, connection, lookup, output
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.em import models
from terraform_provider_veeam.em.errors import NotFound
from terraform_provider_veeam.em.files import listing
from terraform_provider_veeam.em.files.left_out import LeftOut, in_lines
from terraform_provider_veeam.em.files.paths import PathPattern, has_volume
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import counted, readable_size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    arguments.add_common(
        parser,
        arguments.DATES,
        arguments.PATHS,
        """
What a VM has in Enterprise Manager's index is listed from there, and nothing is mounted. Else the
restore point is.
""",
        arguments.MOUNTED,
    )
    arguments.add_machine_at(parser)
    parser.add_argument(
        "path",
        nargs="?",
        type=arguments.guest_path,
        metavar="PATH",
        help="a folder; without one, the volumes",
    )
    arguments.add_mounting(parser)


def run(connected: connection.Connection, options: argparse.Namespace) -> int:
    """Print what a folder of a restore point holds; returns the exit code."""
    point = lookup.restore_point(connected, options)
    path: str | None = options.path
    left_out: list[LeftOut] = []
    entries = None if options.no_index else _from_index(connected, point, path)
    source = ", from the index" if entries else ""
    if not entries:
        entries = _from_mount(connected, point, options, left_out)
    entries.sort(key=lambda entry: (not entry.is_folder, entry.path.casefold()))
    if options.json:
        output.print_json([lookup.of_entry(entry) for entry in entries])
    else:
        if entries:
            whole_paths = path is not None and PathPattern.parse(path)
            output.print_table(
                ("MODIFIED", ">SIZE", "PATH" if whole_paths else "NAME"),
                [
                    (
                        shown_time(one.modified_at),
                        "" if one.size is None else str(one.size),
                        (one.path if whole_paths else one.name) + ("/" if one.is_folder else ""),
                    )
                    for one in entries
                ],
            )
        sizes = [entry.size or 0 for entry in entries if not entry.is_folder]
        counts = counted(len(entries) - len(sizes), "folder"), counted(len(sizes), "file")
        output.say(f"{', '.join(counts)}, {readable_size(sum(sizes))}{source}")
    if left_out:
        output.say(f"Left out:\n{in_lines(left_out)}")
    return 0


def _from_index(
    connected: connection.Connection, found: models.RestorePoint, path: str | None
) -> list[listing.Entry]:
    """Return what the index has in a folder or at a path.

    Nothing, too, where it may lack something: its empty folder may be one that was left out of it.
    """
    left_out: list[LeftOut] = []
    entries: list[listing.Entry] = []
    with connected.index() as (index, deadline):
        for point in index.points([found], deadline):
            if path is None:
                entries = index.folder(point, "", deadline, left_out)
            elif has_volume(path):
                entries = index.look(point, path, deadline, left_out)
                if PathPattern.parse(path) is None and any(one.is_folder for one in entries):
                    entries = index.folder(point, path, deadline, left_out)
    return [] if left_out else entries


def _from_mount(
    connected: connection.Connection,
    point: models.RestorePoint,
    options: argparse.Namespace,
    left_out: list[LeftOut],
) -> list[listing.Entry]:
    """Return what a restore point has in a folder or at a path. Raises NotFound."""
    with connected.mounted(point, options.os_kind) as mounted:
        roots = mounted.mount_point.file_system_roots
        if options.path is None:
            return [listing.Entry(root, root, is_folder=True) for root in roots]
        files, _ = connected.em.files(mounted.session, mounted.mount_point.href)
        path, deadline = options.path, connected.unlimited(f"Listing {printable(options.path)}")
        with output.waiting_for(deadline.operation):
            lookup.check_volume(path, roots)
            try:
                found = files.at(path, deadline, left_out)
                if PathPattern.parse(path) is None and found[0].is_folder:
                    return list(files.folder(path, deadline, left_out))
            except NotFound as error:
                near = files.neighbours(path, deadline) or lookup.of_volumes(roots)
                raise error.add(near) from error
            return found
