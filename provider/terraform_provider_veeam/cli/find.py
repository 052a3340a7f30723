"""`terraform-provider-veeam find`: the newest restore point that still has a file.

The index of guest files is asked first; what is not in it is mounted, in the order that
`find_order` says.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

from terraform_provider_veeam.cli import arguments, connection, lookup, output
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.cli.find_order import EveryOne, FewOnes
from terraform_provider_veeam.em import index, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound
from terraform_provider_veeam.em.files import listing
from terraform_provider_veeam.em.files.left_out import LeftOut, concerns_all, in_lines
from terraform_provider_veeam.em.files.paths import has_volume, on_volumes, parse_sought_path
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.platforms import quoted_for_shell
from terraform_provider_veeam.text import counted, whole_number

_WIDTHS = (20, -14, 20, 0)
_MOST_ADVISED = 5  # paths in a command that is proposed
_MOST_AT_ONCE = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    arguments.add_common(
        parser,
        arguments.BOUNDS,
        arguments.PATHS,
        "What begins with no volume is looked for on all of them: /etc/hosts there, Offer.docx in "
        "any folder.\n\n"
        "VMs that are indexed when they are backed up are looked up in Enterprise Manager's index, "
        "in\nall restore points, and nothing is mounted. Others are mounted: the newest restore "
        "point, then\nthose 1, 2, 4, 8 ... back, then halves between the last without the file and "
        "the first with it.\nThe exit code is 1 when none has it.\n",
        arguments.MOUNTED,
    )
    arguments.add_machine(parser)
    parser.add_argument(
        "path",
        type=arguments.checked(parse_sought_path),
        metavar="PATH",
        help="a file, a folder or a pattern",
    )
    parser.add_argument("--all", action="store_true", help="look at all of them, for every version")
    parser.add_argument(
        "--every",
        action="store_true",
        help="mount one after the other, from the newest on, and pass over none",
    )
    parser.add_argument(
        "--parallelism",
        type=arguments.checked(partial(whole_number, most=_MOST_AT_ONCE)),
        default=3,
        metavar="N",
        help=f"how many are mounted at the same time, 1 to {_MOST_AT_ONCE} (default 3)",
    )
    arguments.add_mounting(parser)


def run(connected: connection.Connection, options: argparse.Namespace) -> int:
    """Look for a path in restore points, the newest first; returns 0 when something was found."""
    points = lookup.written(lookup.find_restore_points(connected, options))
    output.say(f"{counted(len(points), 'restore point')} of {lookup.machine_of(points[0])}")
    search = _Search(connected, options, points)
    if not options.json:
        output.print_row(("RESTORE POINT", "SIZE", "MODIFIED", "PATH"), _WIDTHS)
    return search.run()


class _Search:
    """Looks for a path in the restore points of one machine."""

    def __init__(
        self,
        connected: connection.Connection,
        options: argparse.Namespace,
        points: Sequence[models.RestorePoint],
    ) -> None:
        self._connected = connected
        self._options = options
        self._points = points
        self._looked_at: dict[models.RestorePointRef, bool] = {}
        """Whether it has the file, of each restore point that was looked at."""
        self._indexed = 0
        """How many of them the index has."""
        self._mounts = False
        """Whether restore points were mounted."""
        self._is_whole = has_volume(options.path)
        """Whether the path names its volume."""
        self._near = ""
        """What is near the path where it was not found first, for a person."""
        self._left_out: dict[str, None] = {}
        """What could not be searched."""
        self._found: list[tuple[models.RestorePoint, listing.Entry]] = []

    def run(self) -> int:
        """Look in the index, then into mounts if need be; returns the exit code."""
        if not self._options.no_index:
            self._in_index()
        if not self._found and self._not_looked_at():
            self._in_mounts()
        return self._conclude()

    def _not_looked_at(self) -> list[models.RestorePoint]:
        return [point for point in self._points if point.ref not in self._looked_at]

    def _in_index(self) -> None:
        """Ask the index, which may have none of the restore points."""
        stop = self._connected.new_stop()
        operation = f"Looking for {printable(self._options.path)} in the index"
        looks = []
        with self._connected.index(operation, stop) as (known, deadline):
            looks = self._look_in_index(known, deadline, stop)
        for point, entries in looks:
            self._tell(point, entries)
        if looks and not self._found and self._not_looked_at():
            output.say("The index has it in no restore point. What is not in the index is mounted:")

    def _look_in_index(
        self, known: index.Index, deadline: Deadline, stop: threading.Event
    ) -> list[tuple[models.RestorePoint, list[listing.Entry] | None]]:
        path = self._options.path
        indexed = known.points(self._points, deadline)
        left_out: list[LeftOut] = []
        looks = []
        versions = known.versions(indexed, path, deadline, left_out)
        try:
            for point, entries in versions:
                looks.append((point, entries))
                if entries and not self._options.all:
                    return looks
            if indexed and not any(entries for _, entries in looks):
                self._near = known.neighbours(indexed[0], path, deadline)
        finally:
            stop.set()
            versions.close()
            self._indexed = len(indexed)
            self._left_out |= dict.fromkeys(map(str, left_out))
        return looks

    def _in_mounts(self) -> None:
        """Mount restore points that were not looked at, and look into them."""
        options, points = self._options, self._not_looked_at()
        self._mounts = True
        order: FewOnes | EveryOne = FewOnes(len(points), options.parallelism)
        if options.every or options.all:
            order = EveryOne(len(points), to_the_end=options.all)
        held: dict[int, list[listing.Entry] | None] = {}
        """What is told once nothing newer is under way."""
        running: dict[Future[list[listing.Entry] | None], tuple[int, threading.Event]] = {}

        def begin() -> bool:
            """Begin as many as may be under way; tell whether any is."""
            while len(running) < options.parallelism and (number := order.take()) is not None:
                output.say_begin(f"Mounting {points[number].name} {_of(number, points)}")
                stop = self._connected.new_stop()
                running[pool.submit(self._mounted, points[number], stop)] = number, stop
            return bool(running)

        with ThreadPoolExecutor(options.parallelism, thread_name_prefix="find") as pool:
            try:
                while begin():
                    names = ", ".join(_of(number, points) for number, _ in running.values())
                    with output.waiting_for(f"Looking into restore points {names}"):
                        done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        (number, _), entries = running.pop(future), future.result()
                        held[number] = entries
                        order.told[number] = None if entries is None else bool(entries)
                    newest = min((number for number, _ in running.values()), default=len(points))
                    for number in sorted(number for number in held if number < newest):
                        self._tell(points[number], held.pop(number))
                    for number, stop in running.values():
                        if not order.needs(number):
                            stop.set()
            finally:
                for _, stop in running.values():
                    stop.set()

    def _mounted(
        self, point: models.RestorePoint, stop: threading.Event
    ) -> list[listing.Entry] | None:
        """Return what a restore point has at the path, or matching it.

        None, once it is told why, for one that can't be looked at, or need not any more. Raises
        what would happen with all others too.
        """
        name = printable(point.name or point.ref.id)
        try:
            with self._connected.mounted(point, self._options.os_kind, stop) as mounted:
                return self._in(mounted, stop)
        except EnterpriseManagerError as error:
            if stop.is_set() and self._connected.signal is None:
                output.say(f"{name} is no longer needed. {error.detail}")
                return None
            if concerns_all(error):
                raise
            output.say_error(f"{name}: {error.summary}", error.detail)
            return None

    def _in(self, mounted: models.Mounted, stop: threading.Event) -> list[listing.Entry]:
        files, _ = self._connected.em.files(mounted.session, mounted.mount_point.href)
        path, roots = self._options.path, mounted.mount_point.file_system_roots
        deadline = self._connected.unlimited(f"Looking for {printable(path)}", stop)
        sought = on_volumes(path, roots)
        self._is_whole = sought == [path]
        entries: list[listing.Entry] = []
        left_out: list[LeftOut] = []
        for one in sought:
            try:
                entries += files.at(one, deadline, left_out)
            except NotFound:
                continue
            except EnterpriseManagerError as error:
                if self._is_whole or concerns_all(error):
                    raise
                left_out.append(LeftOut.by(one, error))
        if not entries and not self._near:
            near = files.neighbours(path, deadline) if self._is_whole else ""
            self._near = near or lookup.of_volumes(roots)
        self._left_out |= dict.fromkeys(map(str, left_out))
        return entries

    def _tell(self, point: models.RestorePoint, entries: list[listing.Entry] | None) -> None:
        """Take note of what a restore point has, and print it; None: it can't be looked at."""
        if entries is None:
            return
        self._looked_at[point.ref] = bool(entries)
        self._found += [(point, entry) for entry in entries]
        if not self._options.json:
            created = shown_time(point.created_at)
            if not entries:
                output.print_row((created, "-", "", "not there"), _WIDTHS)
            for entry in entries:
                size = (
                    "folder" if entry.is_folder else str("" if entry.size is None else entry.size)
                )
                row = (created, size, shown_time(entry.modified_at), entry.path)
                output.print_row(row, _WIDTHS)

    def _conclude(self) -> int:
        """Tell what it comes to; returns the exit code."""
        options = self._options
        newest = next((point for point in self._points if self._looked_at.get(point.ref)), None)
        if options.json:
            output.print_json(
                [
                    {"restore_point": lookup.of_point(point)} | lookup.of_entry(entry)
                    for point, entry in self._found
                    if options.all or point is newest
                ]
            )
        if self._left_out:
            output.say(f"These could not be searched:\n{in_lines(list(self._left_out))}")
        looked_at = counted(len(self._looked_at), "restore point")
        source = "" if self._mounts or not self._indexed else ", from the index"
        if newest is None:
            output.say_error(
                f"{printable(options.path)} is in none of {looked_at}{source}",
                "\n".join([self._near, *self._advice(newest)]).strip(),
            )
            return 1
        count = sum(self._looked_at.values())
        output.say(f"Found in {count} of {looked_at} searched{source}.")
        for line in self._advice(newest):
            output.say(line)
        paths = [entry.path for point, entry in self._found if point is newest][:_MOST_ADVISED]
        if self._is_whole:
            paths = [options.path]
        name = f"{options.machine}@{shown_time(newest.created_at)}"
        output.say(f"To fetch it:\n  {_command('get', name, paths, options)} --to .")
        if source:
            restore = _command("restore", name, paths, options)
            output.say(f"To put it back into the machine, over what is there:\n  {restore}")
        return 0

    def _advice(self, newest: models.RestorePoint | None) -> Iterator[str]:
        """Tell what is not known, and how it would be."""
        options, missing = self._options, self._not_looked_at()
        if newest and not options.all:
            newer = self._points[: self._points.index(newest)]
            missing = [point for point in newer if point in missing]
            if self._mounts and missing and self._looked_at.get(newer[-1].ref) is False:
                yield (
                    f"{shown_time(newest.created_at)} has it, and the next, "
                    f"{shown_time(newer[-1].created_at)}, no longer does."
                )
        if missing:
            how = ", as they are not in the index: --no-index mounts them"
            if self._mounts:
                how = "" if options.every or options.all else ": --every mounts each"
            yield f"Not looked at: {counted(len(missing), 'other restore point')}{how}."
        if self._indexed and newest is None:
            yield (
                "The index may leave folders out, as the backup job says. --no-index looks into "
                "the backups themselves."
            )


def _of(number: int, points: Sequence[models.RestorePoint]) -> str:
    return f"({number + 1} of {len(points)})"


def _command(command: str, name: str, paths: list[str], options: argparse.Namespace) -> str:
    """Return a command for some paths of a restore point that was found."""
    words = ["terraform-provider-veeam", command, name, *paths]
    for option in ("type", "backup_server", *(["os_kind"] if command == "get" else [])):
        if value := getattr(options, option):
            words += [f"--{option.replace('_', '-')}", str(value)]
    return " ".join(map(quoted_for_shell, words))
