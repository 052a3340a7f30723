"""`terraform-provider-veeam ls`, `get` and `find`: files in restore points, mounted meanwhile."""

from __future__ import annotations

import argparse
from collections.abc import Generator, Iterator, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from terraform_provider_veeam.cli import terminal
from terraform_provider_veeam.cli.connection import Connection
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.cli.inventory import described
from terraform_provider_veeam.cli.lookup import machine_of, written_restore_points
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound, Stopped
from terraform_provider_veeam.em.files.left_out import LeftOut, concerns_all, in_lines
from terraform_provider_veeam.em.files.listing import Entry, Files
from terraform_provider_veeam.em.files.paths import PathPattern, on_volumes
from terraform_provider_veeam.em.files.places import Places
from terraform_provider_veeam.em.files.tally import Tally
from terraform_provider_veeam.em.files.transfer import Plan, Planned, Transfer
from terraform_provider_veeam.em.inventory.restore_points import FoundRestorePoint, Wanted
from terraform_provider_veeam.em.models import Mounted
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.platforms import quoted_for_shell
from terraform_provider_veeam.text import counted, readable_size

_FOREVER = float("inf")
_FIND_FORMAT = "{:<22}{:>14}  {:<22}{}"
_MOST_ADVISED = 5  # paths in a command that is proposed
_ADVICE = (
    "What is there already is left as it is. With --overwrite if-older it is replaced if it is "
    "older than the backup's, with --overwrite always in any case."
)

Result = TypeVar("Result")


def ls(connection: Connection, options: argparse.Namespace) -> int:
    """Print what a folder of a restore point holds; returns the exit code."""
    point = _restore_point(connection, options)
    path: str | None = options.path
    left_out: list[LeftOut] = []
    with connection.mounted(point, options.os_kind) as mounted:
        roots = mounted.mount_point.file_system_roots
        if path is None:
            entries = [Entry(root, root, is_folder=True) for root in roots]
        else:
            files, _ = connection.files(mounted)
            deadline = connection.deadline(f"Listing {printable(path)}", _FOREVER)
            with terminal.waiting_for(deadline.operation):
                entries = _listed(files, path, roots, deadline, left_out)
    entries.sort(key=lambda entry: (not entry.is_folder, entry.path.casefold()))
    if options.json:
        terminal.print_json([_described(entry) for entry in entries])
    else:
        is_pattern = path is not None and PathPattern.parse(path) is not None
        if entries:
            _print_entries(entries, whole_paths=is_pattern)
        terminal.say(_total(entries))
    if left_out:
        terminal.say(f"Left out:\n{in_lines(left_out)}")
    return 0


def _print_entries(entries: list[Entry], *, whole_paths: bool) -> None:
    terminal.print_table(
        ("MODIFIED", ">SIZE", "PATH" if whole_paths else "NAME"),
        [
            (
                shown_time(entry.modified_at),
                "" if entry.size is None else str(entry.size),
                (entry.path if whole_paths else entry.name) + ("/" if entry.is_folder else ""),
            )
            for entry in entries
        ],
    )


def _total(entries: list[Entry]) -> str:
    files = [entry for entry in entries if not entry.is_folder]
    size = readable_size(sum(entry.size or 0 for entry in files))
    return f"{counted(len(entries) - len(files), 'folder')}, {counted(len(files), 'file')}, {size}"


def get(connection: Connection, options: argparse.Namespace) -> int:
    """Download files and folders of a restore point; returns the exit code."""
    point = _restore_point(connection, options)
    with (
        Places(options.to, dry_run=options.dry_run) as places,
        connection.mounted(point, options.os_kind) as mounted,
    ):
        files, restores = connection.files(mounted)
        transfer = Transfer(
            files,
            restores,
            places,
            connection.deadline("Downloading files", _FOREVER),
            point=point.name,
            keep_folders=options.keep_folders,
            overwrite=options.overwrite,
            resume=True,
        )
        roots = mounted.mount_point.file_system_roots
        try:
            plans, is_all = _fetch(transfer, files, options.paths, roots)
        except EnterpriseManagerError as error:
            if transfer.tally.files:
                error.detail = _how_to_go_on(error, transfer.tally, point, options)
            raise
    if places.renamed:
        names = in_lines(places.renamed)
        terminal.say(
            f"These names are not possible on this machine, or mean another file here:\n{names}"
        )
    if transfer.replaced:
        terminal.say(f"Replaced:\n{in_lines([_replaced(one) for one in transfer.replaced])}")
    if transfer.left and options.overwrite is None:
        terminal.say(_ADVICE)
    elif transfer.left:
        terminal.say(f"Left as they are:\n{in_lines(transfer.left)}")
    if options.json:
        terminal.print_json(_result(transfer, plans, point, options))
    elif options.dry_run:
        _print_plans(plans)
    else:
        terminal.print_line(f"{transfer.tally}{_besides(transfer)}, in {options.to}")
    return 0 if is_all else 1


def _fetch(
    transfer: Transfer, files: Files, paths: Sequence[str], roots: Sequence[str]
) -> tuple[list[Plan], bool]:
    """Find out what there is at all paths, then download it; returns whether all of it is here.

    Raises what would happen with all others too.
    """
    plans = []
    is_all = True
    with terminal.progress_of(transfer.tally):
        for path in paths:
            try:
                _check_volume(path, roots)
                plans.append(_result_of(transfer.plan(path)))
            except NotFound as error:
                near = files.neighbours(path, transfer.deadline) or _volumes(roots)
                is_all = _told(error.add(near))
            except EnterpriseManagerError as error:
                is_all = _told(error)
        for plan in plans:
            try:
                _result_of(transfer.fetch(plan))
            except EnterpriseManagerError as error:
                is_all = _told(error)
    return plans, is_all


def _how_to_go_on(
    error: EnterpriseManagerError,
    tally: Tally,
    point: FoundRestorePoint,
    options: argparse.Namespace,
) -> str:
    """Return the detail of an error that ended a download, with what is there and what to do."""
    at = f"{options.machine.name}@{shown_time(point.created_at)}"
    there = f"{tally.files_done} of {counted(tally.files, 'file')} are there."
    advice = f"{there} The same command with {printable(at)} goes on from here."
    return advice if isinstance(error, Stopped) else f"{error.detail}\n{advice}"


def _besides(transfer: Transfer) -> str:
    """Return what is to be said beside how much is here."""
    counts = {
        "were there already": transfer.tally.files_kept,
        "replaced": len(transfer.replaced),
        "not replaced": len(transfer.left),
    }
    told = "; ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f" ({told})" if told else ""


def _replaced(planned: Planned) -> str:
    return printable(f"{planned.place.path}, {planned.verdict.whose}")


def _print_plans(plans: Sequence[Plan]) -> None:
    planned = [one for plan in plans for one in plan.files]
    if planned:
        terminal.print_table(
            ("ACTION", ">SIZE", "PATH", "FILE", "THERE ALREADY"),
            [
                (
                    one.verdict.act.value,
                    "" if one.entry.size is None else str(one.entry.size),
                    one.entry.path,
                    str(one.place.path),
                    one.verdict.whose,
                )
                for one in planned
            ],
        )
    sizes = [file.entry.size or 0 for plan in plans for part in plan.parts for file in part.files]
    terminal.say(
        f"{counted(len(sizes), 'file')}, {readable_size(sum(sizes))} to fetch. Nothing is written."
    )


def _result(
    transfer: Transfer, plans: Sequence[Plan], point: FoundRestorePoint, options: argparse.Namespace
) -> dict[str, Any]:
    """Return what scripts are told of a download."""
    tally = transfer.tally
    planned = [one for plan in plans for one in plan.files] if options.dry_run else transfer.left
    return {
        "restore_point": described(point),
        "folder": str(options.to),
        "dry_run": options.dry_run,
        "files": tally.files,
        "files_done": tally.files_done,
        "files_kept": tally.files_kept,
        "bytes_done": tally.bytes_done,
        "downloaded": [
            {"file": str(one.destination), "size": one.size, "sha256": one.sha256}
            for one in transfer.downloaded
        ],
        "planned" if options.dry_run else "left": [
            {
                "path": one.entry.path,
                "file": str(one.place.path),
                "size": one.entry.size,
                "action": one.verdict.act.value,
                "there_already": one.verdict.whose or None,
            }
            for one in planned
        ],
    }


def find(connection: Connection, options: argparse.Namespace) -> int:
    """Look for a path in the newest restore point, then in older ones; returns the exit code.

    It is 0 when something was found.
    """
    wanted = Wanted(
        machine_name=options.machine,
        created_after=options.after,
        created_before=options.before,
        backup_server=options.backup_server,
    )
    points = written_restore_points(connection, wanted, options.type)
    terminal.say(f"{counted(len(points), 'restore point')} of {machine_of(points[0])}")
    search = _Search(connection, options)
    found: list[tuple[FoundRestorePoint, Entry]] = []
    if not options.json:
        terminal.print_line(_FIND_FORMAT.format("RESTORE POINT", "SIZE", "MODIFIED", "PATH"))
    for number, point in enumerate(points, 1):
        entries = search.look(point, f" ({number} of {len(points)})")
        if entries is not None and not options.json:
            for line in _versions(point, entries):
                terminal.print_line(line)
        found += [(point, entry) for entry in entries or ()]
        if found and not options.all:
            break
    if options.json:
        terminal.print_json(
            [{"restore_point": described(point)} | _described(entry) for point, entry in found]
        )
    if search.left_out:
        terminal.say(f"These could not be looked through:\n{in_lines(list(search.left_out))}")
    looked_at = counted(search.looked_at, "restore point")
    if not found:
        terminal.say_error(f"{printable(options.path)} is in none of {looked_at}", search.near)
        return 1
    terminal.say(
        f"Found in {len({point.ref for point, _ in found})} of {looked_at} looked through."
    )
    newest = found[0][0]
    paths = [entry.path for point, entry in found if point is newest][:_MOST_ADVISED]
    terminal.say(
        f"To fetch it:\n  {_get(newest, [options.path] if search.is_whole else paths, options)}"
    )
    return 0


def _get(point: FoundRestorePoint, paths: Sequence[str], options: argparse.Namespace) -> str:
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

    def __init__(self, connection: Connection, options: argparse.Namespace) -> None:
        self._connection = connection
        self._options = options
        self.looked_at = 0
        """How many restore points it has looked at."""
        self.is_whole = True
        """Whether the path names its volume."""
        self.near = ""
        """What is near the path where it was not found first, for a person."""
        self.left_out: dict[str, None] = {}
        """What could not be looked through."""

    def look(self, point: FoundRestorePoint, number: str) -> list[Entry] | None:
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
            terminal.say_error(
                f"{printable(point.name or point.ref.id)}: {error.summary}", error.detail
            )
            return None
        self.looked_at += 1
        return entries

    def _in(self, mounted: Mounted) -> list[Entry]:
        files, _ = self._connection.files(mounted)
        path, roots = self._options.path, mounted.mount_point.file_system_roots
        deadline = self._connection.deadline(f"Looking for {printable(path)}", _FOREVER)
        sought = on_volumes(path, roots)
        self.is_whole = sought == [path]
        left_out: list[LeftOut] = []
        entries: list[Entry] = []
        with terminal.waiting_for(deadline.operation):
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
                self.near = near or _volumes(roots)
        self.left_out |= dict.fromkeys(map(str, left_out))
        return entries


def _restore_point(connection: Connection, options: argparse.Namespace) -> FoundRestorePoint:
    name, time = options.machine
    wanted = Wanted(machine_name=name, created_before=time, backup_server=options.backup_server)
    point = written_restore_points(connection, wanted, options.type)[0]
    terminal.say(f"Restore point of {machine_of(point)}, {shown_time(point.created_at)}")
    return point


def _listed(
    files: Files, path: str, roots: Sequence[str], deadline: Deadline, left_out: list[LeftOut]
) -> list[Entry]:
    """Return what a folder holds, or what else there is at a path. Raises NotFound."""
    _check_volume(path, roots)
    try:
        found = files.at(path, deadline, left_out)
        if PathPattern.parse(path) is None and found[0].is_folder:
            return list(files.folder(path, deadline, left_out))
    except NotFound as error:
        raise error.add(files.neighbours(path, deadline) or _volumes(roots)) from error
    return found


def _check_volume(path: str, roots: Sequence[str]) -> None:
    """Raise NotFound for a path that does not begin with a volume of a mount point."""
    if on_volumes(path, roots) != [path]:
        raise NotFound(
            f"{printable(path)} begins with no volume of this backup",
            f"{_volumes(roots)} `find` looks on all of them.",
            status=HTTPStatus.NOT_FOUND,
        )


def _volumes(roots: Sequence[str]) -> str:
    return f"Its volumes are: {', '.join(map(printable, roots))}."


def _versions(point: FoundRestorePoint, entries: list[Entry]) -> Iterator[str]:
    created = shown_time(point.created_at)
    if not entries:
        yield _FIND_FORMAT.format(created, "-", "", "not there").rstrip()
    for entry in entries:
        size = "folder" if entry.is_folder else str("" if entry.size is None else entry.size)
        modified = shown_time(entry.modified_at)
        yield _FIND_FORMAT.format(created, size, modified, entry.path)


def _result_of(work: Generator[str, None, Result]) -> Result:
    """Run work that reports its progress; return its result, and drop the reports."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result


def _told(error: EnterpriseManagerError) -> bool:
    """Tell of an error that concerns one path alone; returns False. Raises any other."""
    if concerns_all(error):
        raise error
    terminal.say_error(error.summary, error.detail)
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
