"""`terraform-provider-veeam ls`, `get` and `find`: files in restore points, mounted meanwhile."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, TypeVar

from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.cli.inventory import described
from terraform_provider_veeam.cli.lookup import written_restore_points
from terraform_provider_veeam.cli.terminal import (
    print_json,
    print_line,
    print_table,
    progress_of,
    say,
    say_error,
)
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound, Stopped
from terraform_provider_veeam.em.files.left_out import LeftOut, concerns_all, in_lines
from terraform_provider_veeam.em.files.listing import Entry
from terraform_provider_veeam.em.files.paths import PathPattern
from terraform_provider_veeam.em.files.places import Places
from terraform_provider_veeam.em.files.transfer import Transfer
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Iterator

    from terraform_provider_veeam.cli.connection import Connection
    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.files.listing import Files
    from terraform_provider_veeam.em.files.transfer import Tally
    from terraform_provider_veeam.em.inventory.restore_points import FoundRestorePoint
    from terraform_provider_veeam.em.models import Mounted

_LIST_SECONDS = 600.0
_FRAME_SECONDS = 0.1
_FOREVER = float("inf")
_FIND_FORMAT = "{:<22}{:>14}  {:<22}{}"

Result = TypeVar("Result")


def ls(connection: Connection, options: argparse.Namespace) -> int:
    """Print what a folder of a restore point holds; returns the exit code."""
    point = _restore_point(connection, options)
    left_out: list[LeftOut] = []
    with connection.mounted(point, options.os_kind) as mounted:
        files, _ = connection.files(mounted)
        if options.path is None:
            roots = mounted.mount_point.file_system_roots
            entries = [Entry(root, root, is_folder=True) for root in roots]
        else:
            deadline = connection.deadline(f"Listing {options.path}", _LIST_SECONDS)
            try:
                entries = _listed(files, options.path, deadline, left_out)
            except NotFound as error:
                raise error.add(_near(mounted, files, options.path, deadline)) from error
    entries.sort(key=lambda entry: (not entry.is_folder, entry.path.casefold()))
    if options.json:
        print_json([_described(entry) for entry in entries])
    elif entries:
        is_pattern = options.path is not None and PathPattern.parse(options.path) is not None
        print_table(
            ("MODIFIED", ">SIZE", "PATH" if is_pattern else "NAME"),
            (
                (
                    shown_time(entry.modified_at),
                    "" if entry.size is None else str(entry.size),
                    (entry.path if is_pattern else entry.name) + ("/" if entry.is_folder else ""),
                )
                for entry in entries
            ),
        )
    if left_out:
        say(f"Left out:\n{in_lines(left_out)}")
    return 0


def get(connection: Connection, options: argparse.Namespace) -> int:
    """Download files and folders of a restore point; returns the exit code."""
    point = _restore_point(connection, options)
    places = Places(options.to)
    places.make()
    with connection.mounted(point, options.os_kind) as mounted:
        files, restores = connection.files(mounted)
        deadline = connection.deadline("Downloading files", _FOREVER)
        transfer = Transfer(
            files, restores, places, deadline, keep_folders=options.keep_folders, resume=True
        )
        try:
            is_all = _fetch(
                transfer, options.paths, lambda path: _near(mounted, files, path, deadline)
            )
        except EnterpriseManagerError as error:
            if transfer.tally.files:
                error.detail = _how_to_go_on(error, transfer.tally, point, options)
            raise
    if places.renamed:
        names = in_lines(places.renamed)
        say(f"These names are not possible on this machine, or mean another file here:\n{names}")
    tally = transfer.tally
    if options.json:
        print_json(
            {
                "restore_point": described(point),
                "folder": str(options.to),
                "files": tally.files,
                "files_done": tally.files_done,
                "files_kept": tally.files_kept,
                "bytes_done": tally.bytes_done,
                "downloaded": [
                    {"file": str(one.destination), "size": one.size, "sha256": one.sha256}
                    for one in transfer.downloaded
                ],
            }
        )
    else:
        kept = f" ({tally.files_kept} were there already)" if tally.files_kept else ""
        print_line(f"{tally}{kept}, in {options.to}")
    return 0 if is_all else 1


def _fetch(transfer: Transfer, paths: list[str], near: Callable[[str], str]) -> bool:
    """Find out what there is at all paths, then download it; returns whether all of it is here.

    `near` tells what is near a path that leads nowhere. Raises what would happen with all others
    too.
    """
    plans = []
    is_all = True
    with progress_of(transfer.tally) as show:
        for path in paths:
            try:
                plans.append(_watched(transfer.plan(path, _FRAME_SECONDS), show))
            except NotFound as error:
                is_all = _told(error.add(near(path)))
            except EnterpriseManagerError as error:
                is_all = _told(error)
        for plan in plans:
            try:
                _watched(transfer.fetch(plan, _FRAME_SECONDS), show)
            except EnterpriseManagerError as error:
                is_all = _told(error)
    return is_all


def _how_to_go_on(
    error: EnterpriseManagerError,
    tally: Tally,
    point: FoundRestorePoint,
    options: argparse.Namespace,
) -> str:
    """Return the detail of an error that ended a download, with what is there and what to do."""
    at = f"{options.machine.name}@{shown_time(point.created_at)}"
    there = f"{tally.files_done} of {tally.files} files are there."
    advice = f"{there} The same command with {printable(at)} goes on from here."
    return advice if isinstance(error, Stopped) else f"{error.detail}\n{advice}"


def find(connection: Connection, options: argparse.Namespace) -> int:
    """Look for a path in the newest restore point, then in older ones; returns the exit code.

    It is 0 when something was found.
    """
    wanted = Wanted(
        machine_name=options.machine, created_after=options.after, created_before=options.before
    )
    points = written_restore_points(connection, wanted, options.type)
    search = _Search(connection, options)
    found: list[tuple[FoundRestorePoint, Entry]] = []
    if not options.json:
        print_line(_FIND_FORMAT.format("RESTORE POINT", "SIZE", "MODIFIED", "PATH"))
    for point in points:
        entries = search.look(point)
        if entries is not None and not options.json:
            for line in _versions(point, entries):
                print_line(line)
        found += [(point, entry) for entry in entries or ()]
        if found and not options.all:
            break
    if options.json:
        print_json(
            [{"restore_point": described(point)} | _described(entry) for point, entry in found]
        )
    if not found:
        where = f"none of {search.looked_at} restore points"
        say_error(f"{printable(options.path)} is in {where}", search.near)
        return 1
    at = f"{options.machine}@{shown_time(found[0][0].created_at)}"
    say(
        f"To fetch it:\n  terraform-provider-veeam get {shlex.quote(at)} "
        f"{shlex.quote(options.path)} --to ."
    )
    return 0


class _Search:
    """Looks for a path in one restore point after the other."""

    def __init__(self, connection: Connection, options: argparse.Namespace) -> None:
        self._connection = connection
        self._options = options
        self.looked_at = 0
        """How many restore points it has looked at."""
        self.near = ""
        """What is near the path where it was not found first, for a person."""

    def look(self, point: FoundRestorePoint) -> list[Entry] | None:
        """Return what a restore point has at the path, or matching it.

        None, once it is told why, for one that can't be looked at. Raises what would happen with
        all others too.
        """
        try:
            with self._connection.mounted(point, self._options.os_kind) as mounted:
                files, _ = self._connection.files(mounted)
                entries = self._in(mounted, files)
        except EnterpriseManagerError as error:
            if concerns_all(error):
                raise
            say_error(f"{printable(point.name or point.ref.id)}: {error.summary}", error.detail)
            return None
        self.looked_at += 1
        return entries

    def _in(self, mounted: Mounted, files: Files) -> list[Entry]:
        path = self._options.path
        deadline = self._connection.deadline(f"Looking for {printable(path)}", _LIST_SECONDS)
        try:
            return _matching(files, path, deadline, [])
        except NotFound:
            self.near = self.near or _near(mounted, files, path, deadline)
            return []


def _restore_point(connection: Connection, options: argparse.Namespace) -> FoundRestorePoint:
    name, time = options.machine
    wanted = Wanted(machine_name=name, created_before=time)
    point = written_restore_points(connection, wanted, options.type)[0]
    say(f"Restore point of {name}, {shown_time(point.created_at)}")
    return point


def _listed(files: Files, path: str, deadline: Deadline, left_out: list[LeftOut]) -> list[Entry]:
    """Return what a folder holds, or what else there is at a path. Raises NotFound."""
    found = _matching(files, path, deadline, left_out)
    if PathPattern.parse(path) is None and found[0].is_folder:
        return list(files.folder(path, deadline, left_out))
    return found


def _near(mounted: Mounted, files: Files, path: str, deadline: Deadline) -> str:
    """Return, for a person, what there is near a path that leads nowhere."""
    volumes = ", ".join(map(printable, mounted.mount_point.file_system_roots))
    return files.neighbours(path, deadline) or f"Its volumes are: {volumes}."


def _matching(files: Files, path: str, deadline: Deadline, left_out: list[LeftOut]) -> list[Entry]:
    """Return what is at a path, or what matches a pattern. Raises NotFound for a path."""
    if pattern := PathPattern.parse(path):
        return list(files.matching(pattern, deadline, left_out))
    return [files.find(path, deadline)]


def _versions(point: FoundRestorePoint, entries: list[Entry]) -> Iterator[str]:
    created = shown_time(point.created_at)
    if not entries:
        yield _FIND_FORMAT.format(created, "-", "", "not there").rstrip()
    for entry in entries:
        size = "folder" if entry.is_folder else str("" if entry.size is None else entry.size)
        modified = shown_time(entry.modified_at)
        yield _FIND_FORMAT.format(created, size, modified, entry.path)


def _watched(work: Generator[str, None, Result], show: Callable[[], None]) -> Result:
    """Return the result of what tells how far it is, shown meanwhile."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
        show()


def _told(error: EnterpriseManagerError) -> bool:
    """Tell of an error that concerns one path alone; returns False. Raises any other."""
    if concerns_all(error):
        raise error
    say_error(error.summary, error.detail)
    return False


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "path": entry.path,
        "name": entry.name,
        "type": "folder" if entry.is_folder else "file",
        "size": entry.size,
        "owner": entry.owner,
        "modified_at": entry.modified_at,
    }
