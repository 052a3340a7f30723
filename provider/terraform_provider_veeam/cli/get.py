"""`terraform-provider-veeam get`: files and folders of a restore point, mounted meanwhile."""

from __future__ import annotations

import argparse
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, TypeVar

from terraform_provider_veeam.cli import arguments, connection, lookup, output
from terraform_provider_veeam.cli.dates import shown_time
from terraform_provider_veeam.em import models
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound, Stopped
from terraform_provider_veeam.em.files import destination, listing, plan, transfer
from terraform_provider_veeam.em.files.left_out import concerns_all, in_lines
from terraform_provider_veeam.em.files.overwrite import Overwrite
from terraform_provider_veeam.em.files.paths import PathPattern, has_volume
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import counted, readable_size, whole_number

_ADVICE = (
    "What is there already is left as it is. With --overwrite if-older it is replaced if it is "
    "older than the backup's, with --overwrite always in any case."
)

Result = TypeVar("Result")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    arguments.add_common(
        parser,
        arguments.DATES,
        arguments.PATHS,
        """
Without a DATE, of a VM that is in Enterprise Manager's index: the newest restore point that has all
that is named without a pattern.

""",
        arguments.MOUNTED,
        """
Files keep their time of modification. What an earlier get has put in its place is not fetched again
if it is from the same restore point, and else replaced, unless it was changed since. Anything else
that is there is left as it is, and told, unless --overwrite says more. A file that broke off goes
on where it was.
""",
    )
    arguments.add_machine_at(parser)
    parser.add_argument(
        "paths", nargs="+", type=arguments.guest_path, metavar="PATH", help="files and folders"
    )
    parser.add_argument(
        "--to",
        type=arguments.file_path,
        required=True,
        metavar="DIR",
        help="where they go; made if need be",
    )
    parser.add_argument(
        "--keep-folders",
        action="store_true",
        help="put each file where its whole path leads: E:/Docs/a becomes E/Docs/a in DIR",
    )
    arguments.add_choice(
        parser,
        "--overwrite",
        Overwrite,
        "which files that are in the way are replaced: none, those older than the backup's, "
        "or all (default: those of an earlier get that nobody has changed)",
    )
    parser.add_argument(
        "--parallelism",
        type=arguments.checked(partial(whole_number, most=32)),
        default=8,
        metavar="N",
        help="how many files are fetched at the same time, from 1 to 32 (default: 8)",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would be done, file by file, and do nothing",
    )
    arguments.add_mounting(parser)


def run(connected: connection.Connection, options: argparse.Namespace) -> int:
    """Download files and folders of a restore point; returns the exit code."""
    whole = [path for path in options.paths if has_volume(path) and not PathPattern.parse(path)]
    point = lookup.restore_point_with(connected, options, whole)
    with (
        destination.Destination(options.to, dry_run=options.dry_run) as folder,
        connected.mounted(point, options.os_kind) as mounted,
    ):
        files, restores = connected.em.files(mounted.session, mounted.mount_point.href)
        work = transfer.Transfer(
            files,
            restores,
            folder,
            connected.unlimited("Downloading files"),
            point=point.name,
            keep_folders=options.keep_folders,
            overwrite=options.overwrite,
            resume=True,
            parallelism=options.parallelism,
        )
        roots = mounted.mount_point.file_system_roots
        try:
            with work:
                plans, is_all = _fetch(work, files, options.paths, roots)
        except EnterpriseManagerError as error:
            if work.progress.files:
                error.detail = _how_to_go_on(error, work, point, options)
            raise
    if folder.renamed:
        names = in_lines(folder.renamed)
        output.say(
            f"These names are not possible on this machine, or mean another file here:\n{names}"
        )
    if work.replaced:
        told = [printable(f"{one.place.path}, {one.verdict.whose}") for one in work.replaced]
        output.say(f"Replaced:\n{in_lines(told)}")
    if work.left and options.overwrite is None:
        output.say(_ADVICE)
    elif work.left:
        output.say(f"Left as they are:\n{in_lines(work.left)}")
    if options.json:
        output.print_json(_result(work, plans, point, options))
    elif options.dry_run:
        _print_plans(plans)
    else:
        counts = {
            "were there already": work.progress.files_kept,
            "replaced": len(work.replaced),
            "not replaced": len(work.left),
        }
        besides = "; ".join(f"{count} {what}" for what, count in counts.items() if count)
        besides = f" ({besides})" if besides else ""
        output.print_line(f"{work.progress}{besides}, in {options.to}")
    return 0 if is_all else 1


def _fetch(
    work: transfer.Transfer, files: listing.Files, paths: Sequence[str], roots: Sequence[str]
) -> tuple[list[plan.Plan], bool]:
    """Find out what there is at all paths, then download it; returns whether all of it is here.

    Raises what would happen with all others too.
    """
    plans = []
    is_all = True
    with output.progress_of(work.progress):
        for path in paths:
            try:
                lookup.check_volume(path, roots)
                plans.append(_result_of(work.plan(path)))
            except NotFound as error:
                near = files.neighbours(path, work.deadline) or lookup.of_volumes(roots)
                is_all = _reported(error.add(near))
            except EnterpriseManagerError as error:
                is_all = _reported(error)
        for plan in plans:
            try:
                _result_of(work.fetch(plan))
            except EnterpriseManagerError as error:
                is_all = _reported(error)
    return plans, is_all


def _how_to_go_on(
    error: EnterpriseManagerError,
    work: transfer.Transfer,
    point: models.RestorePoint,
    options: argparse.Namespace,
) -> str:
    """Return the detail of an error that ended a download, with what is there and what to do."""
    name = options.machine.name
    at = f"{name}@{shown_time(point.created_at)}" if name else f"@{point.ref.id}"
    there = f"{work.progress.files_done} of {counted(work.progress.files, 'file')} are there."
    advice = f"{there} The same command with {printable(at)} goes on from here."
    return advice if isinstance(error, Stopped) else f"{error.detail}\n{advice}"


def _print_plans(plans: Sequence[plan.Plan]) -> None:
    planned = [one for plan in plans for one in plan.files]
    if planned:
        output.print_table(
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
    output.say(
        f"{counted(len(sizes), 'file')}, {readable_size(sum(sizes))} to fetch. Nothing is written."
    )


def _result(
    work: transfer.Transfer,
    plans: Sequence[plan.Plan],
    point: models.RestorePoint,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Return what scripts are told of a download."""
    progress = work.progress
    planned = [one for plan in plans for one in plan.files] if options.dry_run else work.left
    return {
        "restore_point": lookup.of_point(point),
        "folder": str(options.to),
        "dry_run": options.dry_run,
        "files": progress.files,
        "files_done": progress.files_done,
        "files_kept": progress.files_kept,
        "bytes_done": progress.bytes_done,
        "downloaded": [
            {"file": str(one.destination), "size": one.size, "sha256": one.sha256}
            for one in work.downloaded
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


def _result_of(steps: Generator[str, None, Result]) -> Result:
    """Run work that reports its progress; return its result, and drop the reports."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result


def _reported(error: EnterpriseManagerError) -> bool:
    """Tell of an error that concerns one path alone; returns False. Raises any other."""
    if concerns_all(error):
        raise error
    output.say_error(error.summary, error.detail)
    return False
