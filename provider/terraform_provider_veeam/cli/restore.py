"""`terraform-provider-veeam restore`: files of an indexed VM go back into it, without a mount."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence

from terraform_provider_veeam.cli import arguments, connection, lookup, output
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.em import index, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound, Stopped
from terraform_provider_veeam.em.files import listing
from terraform_provider_veeam.em.files.left_out import LeftOut, balance, concerns_all, in_lines
from terraform_provider_veeam.em.files.paths import address_of
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import readable_size

_YES = "yes"
_ANSWER_BYTES = 4096
_SLICE = 0.1  # seconds between two looks at whether to stop, while a person thinks
_NOTHING = "Nothing was restored."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    arguments.add_common(
        parser,
        arguments.DATES,
        arguments.PATHS,
        """
Only VMs that are indexed when they are backed up take files back like this. Nothing is mounted, and
any role in Enterprise Manager may do it. What is there is replaced, a folder with all that is in
it; a person is asked before. Nothing is asked of Enterprise Manager twice.
""",
    )
    arguments.add_machine_at(parser)
    parser.add_argument(
        "paths", nargs="+", type=arguments.guest_path, metavar="PATH", help="files and folders"
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask; needed where there is no terminal"
    )


def run(connected: connection.Connection, options: argparse.Namespace) -> int:
    """Put files and folders back to their original place; returns the exit code."""
    found = lookup.restore_point(connected, options)
    point = _indexed(connected, found)
    entries = _look(connected, point, options.paths)
    if entries is None:
        output.say(_NOTHING)
        return 1
    output.say(
        f"The backup of {shown_time(found.created_at)} replaces what is on "
        f"{printable(found.machine_name or 'the machine')} now:\n"
        f"{in_lines([_shown(entry) for entry in entries])}"
    )
    if not options.yes and not _is_wanted(connected.unlimited("Waiting for an answer")):
        output.say(_NOTHING)
        return 1
    restored: list[dict[str, object]] = []
    try:
        for number, entry in enumerate(entries):
            try:
                restored.append(_put_back(connected, point, entry, as_json=options.json))
            except EnterpriseManagerError as error:
                if concerns_all(error):
                    done = [str(one["path"]) for one in restored]
                    error.add(balance(done, [one.path for one in entries[number:]]))
                    raise
                output.say_error(error.summary, error.detail)
    finally:
        if options.json:
            output.print_json({"restore_point": lookup.of_point(found), "restored": restored})
    return 0 if len(restored) == len(entries) else 1


def _indexed(connected: connection.Connection, found: models.RestorePoint) -> index.IndexedPoint:
    """Return a restore point in the index. Raises NotFound."""
    deadline = connected.deadline("Looking the restore point up in the index")
    with output.waiting_for(deadline.operation):
        indexed = connected.em.index.points([found], deadline)
    if not indexed:
        raise NotFound(
            f"{printable(found.name or found.ref.id)} is not in the index",
            "Enterprise Manager's index of guest files does not have it, as far as this account "
            "may see it. Only VMs whose backup job indexes them are in it, once that has run. "
            "From a mount `get` fetches files to this machine, and Terraform's action "
            "veeam_file_restore puts them back.",
        )
    return indexed[0]


def _look(
    connected: connection.Connection, point: index.IndexedPoint, paths: Sequence[str]
) -> list[listing.Entry] | None:
    """Return what there is at all paths; None, once it is told, if anything is not there."""
    known = connected.em.index
    deadline = connected.unlimited("Looking for files in the index")
    found: dict[str, listing.Entry] = {}
    left_out: list[LeftOut] = []
    is_all = True
    with output.waiting_for(deadline.operation):
        volumes = [one.path for one in known.folder(point, "", deadline, [])]
        for path in paths:
            try:
                lookup.check_volume(path, volumes)
                entries = known.look(point, path, deadline, left_out)
                if not entries:
                    raise NotFound(
                        f"The index has no {printable(path)} in this backup",
                        known.neighbours(point, path, deadline),
                    )
                for entry in entries:
                    found.setdefault(address_of(entry.path), entry)
            except EnterpriseManagerError as error:
                if concerns_all(error):
                    raise
                output.say_error(error.summary, error.detail)
                is_all = False
    if left_out:
        output.say(f"These could not be searched:\n{in_lines(left_out)}")
    return list(found.values()) if is_all and not left_out else None


def _shown(entry: listing.Entry) -> str:
    if entry.is_folder:
        return printable(f"{entry.path}, a folder with all that is in it")
    size = "" if entry.size is None else f", {readable_size(entry.size)}"
    changed = f", of {shown_time(entry.modified_at)}" if entry.modified_at else ""
    return printable(f"{entry.path}{size}{changed}")


def _is_wanted(deadline: Deadline) -> bool:
    """Ask a person. Raises EnterpriseManagerError where there is none, and Stopped."""
    if not sys.stdin.isatty():
        raise EnterpriseManagerError(
            "There is no terminal to ask whether to replace it", f"{_NOTHING} Give --yes to go on."
        )
    output.say(f"Write {_YES} to go on:")
    answers: list[str] = []

    def read() -> None:
        # Not by sys.stdin, which could not be closed while somebody reads from it.
        answers.append(os.read(sys.stdin.fileno(), _ANSWER_BYTES).decode(errors="replace"))

    reader = threading.Thread(target=read, daemon=True, name="answer")
    reader.start()
    try:
        while reader.is_alive():
            deadline.check()
            reader.join(_SLICE)
    except Stopped as error:
        raise error.add(_NOTHING) from error
    return bool(answers) and answers[0].strip().lower() == _YES


def _put_back(
    connected: connection.Connection,
    point: index.IndexedPoint,
    entry: listing.Entry,
    *,
    as_json: bool,
) -> dict[str, object]:
    """Restore a file or folder to its end; returns what scripts are told of it."""
    path, warning = printable(entry.path), None
    deadline = connected.unlimited(f"Restoring {path}")
    with output.waiting_for(deadline.operation, at_once=True) as shown:
        for progress in connected.em.index.restore(point, entry.path, deadline):
            shown.percent = progress.percent
            warning = progress.warning or warning
    if warning:
        output.say(f"Warning about {path}: {printable(warning)}")
    if not as_json:
        output.print_line(f"Restored {path}")
    return lookup.of_entry(entry) | {"warning": warning}
