"""`terraform-provider-veeam find`: the newest restore point that still has a file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from terraform_provider_veeam.cli import arguments, connection, description, lookup, output
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.em import models
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound
from terraform_provider_veeam.em.files import listing
from terraform_provider_veeam.em.files.left_out import LeftOut, concerns_all, in_lines
from terraform_provider_veeam.em.files.paths import on_volumes, parse_sought_path
from terraform_provider_veeam.em.inventory import restore_points
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.platforms import quoted_for_shell
from terraform_provider_veeam.text import counted

_WIDTHS = (20, -14, 20, 0)
_MOST_ADVISED = 5  # paths in a command that is proposed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    arguments.add_common(
        parser,
        arguments.BOUNDS,
        arguments.PATHS,
        "What begins with no volume is looked for on all of them: /etc/hosts there, Offer.docx in "
        "any folder.\n\n"
        "Each restore point is mounted and looked at, from the newest to older ones, until one has "
        "it.\nThe exit code is 1 when none has.\n",
        arguments.MOUNTED,
    )
    arguments.add_machine(parser)
    parser.add_argument(
        "path",
        type=arguments.checked(parse_sought_path),
        metavar="PATH",
        help="a file, a folder or a pattern",
    )
    arguments.add_bounds(parser)
    parser.add_argument("--all", action="store_true", help="look at all of them, for every version")
    arguments.add_os_kind(parser)


def run(options: argparse.Namespace) -> int:
    """Look for a path in the newest restore point, then in older ones; returns the exit code.

    It is 0 when something was found.
    """
    return connection.run(_find, options)


def _find(connected: connection.Connection, options: argparse.Namespace) -> int:
    points = lookup.written_restore_points(connected, options)
    output.say(f"{counted(len(points), 'restore point')} of {description.machine_of(points[0])}")
    search = _Search(connected, options)
    found: list[tuple[restore_points.FoundRestorePoint, listing.Entry]] = []
    if not options.json:
        output.print_row(("RESTORE POINT", "SIZE", "MODIFIED", "PATH"), _WIDTHS)
    for number, point in enumerate(points, 1):
        entries = search.look(point, f" ({number} of {len(points)})")
        if entries is not None and not options.json:
            for row in _versions(point, entries):
                output.print_row(row, _WIDTHS)
        found += [(point, entry) for entry in entries or ()]
        if found and not options.all:
            break
    if options.json:
        output.print_json(
            [
                {"restore_point": description.of_point(point)} | description.of_entry(entry)
                for point, entry in found
            ]
        )
    if search.left_out:
        output.say(f"These could not be looked through:\n{in_lines(list(search.left_out))}")
    looked_at = counted(search.looked_at, "restore point")
    if not found:
        output.say_error(f"{printable(options.path)} is in none of {looked_at}", search.near)
        return 1
    output.say(f"Found in {len({point.ref for point, _ in found})} of {looked_at} looked through.")
    newest = found[0][0]
    paths = [entry.path for point, entry in found if point is newest][:_MOST_ADVISED]
    if search.is_whole:
        paths = [options.path]
    output.say(f"To fetch it:\n  {_get(newest, paths, options)}")
    return 0


def _versions(
    point: restore_points.FoundRestorePoint, entries: list[listing.Entry]
) -> Iterator[tuple[str, str, str, str]]:
    created = shown_time(point.created_at)
    if not entries:
        yield created, "-", "", "not there"
    for entry in entries:
        size = "folder" if entry.is_folder else str("" if entry.size is None else entry.size)
        yield created, size, shown_time(entry.modified_at), entry.path


def _get(
    point: restore_points.FoundRestorePoint, paths: list[str], options: argparse.Namespace
) -> str:
    """Return the command that fetches some paths of a restore point that was found."""
    words = ["terraform-provider-veeam", "get"]
    words.append(f"{options.machine}@{shown_time(point.created_at)}")
    words += paths
    for option in ("type", "backup_server", "os_kind"):
        if value := getattr(options, option):
            words += [f"--{option.replace('_', '-')}", str(value)]
    return " ".join(map(quoted_for_shell, [*words, "--to", "."]))


class _Search:
    """Looks for a path in one restore point after the other."""

    def __init__(self, connected: connection.Connection, options: argparse.Namespace) -> None:
        self._connection = connected
        self._options = options
        self.looked_at = 0
        """How many restore points it has looked at."""
        self.is_whole = True
        """Whether the path names its volume."""
        self.near = ""
        """What is near the path where it was not found first, for a person."""
        self.left_out: dict[str, None] = {}
        """What could not be looked through."""

    def look(
        self, point: restore_points.FoundRestorePoint, number: str
    ) -> list[listing.Entry] | None:
        """Return what a restore point has at the path, or matching it.

        None, once it is told why, for one that can't be looked at. Raises what would happen with
        all others too.
        """
        try:
            with self._connection.mounted(point, self._options.os_kind, number=number) as mounted:
                entries = self._in(mounted)
        except EnterpriseManagerError as error:
            if concerns_all(error):
                raise
            output.say_error(
                f"{printable(point.name or point.ref.id)}: {error.summary}", error.detail
            )
            return None
        self.looked_at += 1
        return entries

    def _in(self, mounted: models.Mounted) -> list[listing.Entry]:
        files, _ = self._connection.files(mounted)
        path, roots = self._options.path, mounted.mount_point.file_system_roots
        deadline = self._connection.unlimited(f"Looking for {printable(path)}")
        sought = on_volumes(path, roots)
        self.is_whole = sought == [path]
        left_out: list[LeftOut] = []
        entries: list[listing.Entry] = []
        with output.waiting_for(deadline.operation):
            for one in sought:
                try:
                    entries += files.at(one, deadline, left_out)
                except NotFound:
                    continue
                except EnterpriseManagerError as error:
                    if self.is_whole or concerns_all(error):
                        raise
                    left_out.append(LeftOut.by(one, error))
            if not entries and not self.near:
                near = files.neighbours(path, deadline) if self.is_whole else ""
                self.near = near or description.of_volumes(roots)
        self.left_out |= dict.fromkeys(map(str, left_out))
        return entries
