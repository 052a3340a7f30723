"""The action `veeam_file_download`: files of a mount point come to this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import CannotWrite, SomeLeftOut
from terraform_provider_veeam.em.files.left_out import in_lines
from terraform_provider_veeam.em.files.paths import PathPattern, local_name
from terraform_provider_veeam.objects import checks, mounted
from terraform_provider_veeam.objects.actions import paths
from terraform_provider_veeam.objects.base import Context, Deadline, State, block
from tfplugin.attribute import flag, optional, required
from tfplugin.errors import Refused
from tfplugin.types import Number

if TYPE_CHECKING:
    from terraform_provider_veeam.em.files.plan import Plan
    from terraform_provider_veeam.em.files.transfer import Transfer

_ADVICE = (
    'What is there already is left as it is. With overwrite = "if-older" it is replaced if it is '
    'older than the backup\'s, with "always" in any case.'
)


def _folder(text: str) -> str:
    folder = os.path.expanduser(checks.needed_name(text))  # noqa: PTH111 - pathlib takes longer to import
    if text.startswith("~") and folder == text:  # there is no such user, or no home
        raise ValueError(f"There is no home folder for {text}.")
    return folder


class FileDownloadAction(paths.MountPathsAction):
    """`veeam_file_download`."""

    operation = "Downloading files"
    schema = block(
        "Downloads files and folders of a mount point to a folder of this machine. Each file is "
        "written beside its place and put there in one step, once it has the size that Enterprise "
        "Manager tells, and keeps its time of modification. What an earlier download has put there "
        "is kept if it is from the same restore point, and else replaced, unless it was changed "
        "since; a file in the folder, `.terraform-provider-veeam.jsonl`, notes where each is from. "
        "Anything else that is there is left as it is, unless `overwrite` says more. A download "
        "that breaks off goes on where it was, as far as the server can do that. What is left, or "
        "can't be fetched, is listed in an error at the end, when all others are there.",
        *mounted.REFERENCE,
        mounted.TOKEN,
        paths.attribute(
            "Files and folders, from the volume on: `E:/Docs/Offers.docx` becomes `Offers.docx` in "
            "`folder`, and a folder comes with everything in it. In a name, `*` stands for "
            "anything and `?` for one character; `**` stands for any number of folders: "
            "`E:/Docs/**/*.docx`. What matches goes where it is below the last folder that is "
            "named without them. A name that is there as it is written is meant as it is written."
        ),
        required(
            "folder",
            "Folder of this machine, made if it is not there; `~` is the home folder. "
            "Nothing is ever written outside of it, so no link in it is followed. A name "
            "that this machine can't have, or takes for another's, is replaced by one like "
            "it, and a warning tells both.",
            check=_folder,
        ),
        flag(
            "keep_folders",
            "Put each file where its whole path leads: `E:/Docs/Offers.docx` becomes "
            "`E/Docs/Offers.docx` in `folder`. Default `false`.",
        ),
        optional(
            "overwrite",
            "Which files that are in the way are replaced: `never`, `if-older` than the "
            "backup's, or `always`. What is left then is no error. Default: those of an "
            "earlier download that nobody has changed.",
            check=checks.one_of(("never", "if-older", "always")),
        ),
        optional(
            "parallelism",
            "How many files are downloaded at the same time, from 1 to 32. Default `8`.",
            Number(),
            check=checks.count_to(32),
            fallback=8,
        ),
        flag(
            "dry_run", "Tell what would be done, file by file, and write nothing. Default `false`."
        ),
        invoke="1h",
    )

    def validate(self, ctx: Context, config: State) -> None:
        """Check that patterns have a volume, and no two paths end up in the same place."""
        super().validate(ctx, config)
        if ctx.diagnostics.has_errors():
            return
        seen: dict[str, str] = {}
        for number, path in paths.known_paths(config):
            try:
                pattern = PathPattern.parse(path)
            except ValueError as error:
                where = ["paths", (number,)]
                ctx.diagnostics.add_error(f"Invalid paths[{number}]", str(error), path=where)
                continue
            if pattern or config["keep_folders"] not in (False, None):
                continue
            name = local_name(path).lower()
            if name in seen:
                ctx.diagnostics.add_error(
                    "Two paths of the same name",
                    f"{seen[name]} and {path} would both become {name} in the folder. Set "
                    "keep_folders = true, or download them with two actions to two folders.",
                    path=["paths", (number,)],
                )
            seen[name] = path

    def run(self, ctx: Context, config: State, deadline: Deadline) -> Iterator[str]:
        """Find out what there is to download, then download it."""
        from pathlib import Path  # noqa: PLC0415 - no validation needs these

        from terraform_provider_veeam.em.files.destination import Destination  # noqa: PLC0415
        from terraform_provider_veeam.em.files.overwrite import Overwrite  # noqa: PLC0415
        from terraform_provider_veeam.em.files.transfer import Transfer  # noqa: PLC0415

        mount = self.find_mount(config, deadline)
        with ExitStack() as stack:
            try:
                destination = stack.enter_context(
                    Destination(Path(config["folder"]), dry_run=config["dry_run"] is True)
                )
            except CannotWrite as error:
                raise Refused(error.summary, error.detail, path=["folder"]) from error
            transfer = stack.enter_context(
                Transfer(
                    *self.em.files(mount.session, mount.href),
                    destination,
                    deadline,
                    keep_folders=config["keep_folders"] is True,
                    overwrite=config["overwrite"] and Overwrite(config["overwrite"]),
                    parallelism=config["parallelism"],
                )
            )
            yield from self._download(ctx, config, mount, transfer)
        if destination.renamed:
            ctx.diagnostics.add_warning(
                "Some files have other names here",
                "These names are not possible on this machine, or mean another file here:\n"
                + in_lines(destination.renamed),
                path=["folder"],
            )

    def _download(
        self, ctx: Context, config: State, mount: mounted.MountReference, transfer: Transfer
    ) -> Iterator[str]:
        plans: dict[str, Plan] = {}

        def plan(path: str) -> Iterator[str]:
            plans[path] = yield from transfer.plan(path)

        def fetch(path: str) -> Iterator[str]:
            yield from _told_before(plans[path], dry_run=config["dry_run"] is True)
            try:
                yield from transfer.fetch(plans[path])
            except SomeLeftOut as error:
                is_left = any(one in transfer.left for one in plans[path].files)
                raise error.add(_ADVICE) if is_left and not config["overwrite"] else error from None
            if not config["dry_run"]:
                yield _told_after(plans[path], transfer)

        yield from self.for_each_path(
            ctx, config, self.explain_in(mount, transfer.deadline), plan, fetch
        )


def _told_before(plan: Plan, *, dry_run: bool) -> Iterator[str]:
    """Return what would be done about each file, or what will be done about those in the way."""
    for entry, place, _, verdict in plan.files:
        there = f"; there already, {verdict.whose}" if verdict.whose else ""
        if dry_run or verdict.whose:
            yield (
                f"{'Would' if dry_run else 'Will'} {verdict.act.value} {entry.path}: {place.path}, "
                f"{entry.size} bytes{there}"
            )
    if plan.parts and not dry_run:
        yield f"Downloading {plan.path}: {plan.size}"


def _told_after(plan: Plan, transfer: Transfer) -> str:
    if plan.is_file:
        file = transfer.downloaded[-1]
        return f"{plan.path} is {file.destination}: {file.size} bytes, SHA-256 {file.sha256}"
    kept = transfer.progress.files_kept
    there = f" ({kept} were there already)" if kept else ""
    return f"Downloaded {plan.path}: {transfer.progress}{there}"
