"""The action `veeam_file_download`: files of a mount point come to this machine."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.errors import CannotWrite, EnterpriseManagerError, SomeLeftOut
from terraform_provider_veeam.em.files.left_out import (
    ONE_ADDRESS,
    LeftOut,
    concerns_all,
    in_lines,
)
from terraform_provider_veeam.em.files.paths import (
    address_of,
    parent_and_name,
    parse_guest_path,
    same_path,
)
from terraform_provider_veeam.objects.actions.base import (
    MountPointAction,
    timeout_attribute,
    validate_paths,
    validate_timeout,
)
from terraform_provider_veeam.objects.mount_reference import (
    reference_attributes,
    validate_reference,
)
from terraform_provider_veeam.plugin.interfaces import Attribute, Refused
from terraform_provider_veeam.plugin.schema import Schema
from terraform_provider_veeam.plugin.types import List, String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.files.listing import Entry, Files
    from terraform_provider_veeam.em.files.places import Places
    from terraform_provider_veeam.em.files.restore import FileRestores
    from terraform_provider_veeam.plugin.interfaces import ActionContext, State, ValidateContext

_DEFAULT_TIMEOUT = "1h"
_DEEPEST = 200  # levels of folders


class FileDownloadAction(MountPointAction):
    """`veeam_file_download`."""

    default_timeout = _DEFAULT_TIMEOUT

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="Downloads files and folders of a mount point to a folder of this "
            "machine. Each file is written beside its place and put there in one step, once it "
            "has the size that Enterprise Manager tells. What can't be fetched is listed in an "
            "error at the end, when all others are there.",
            attributes=[
                *reference_attributes(write_only=True),
                Attribute(
                    "paths",
                    List(String()),
                    "Files and folders, from the volume on: `E:/Docs/Offers.docx` becomes "
                    "`Offers.docx` in `folder`, and a folder comes with everything in it.",
                    required=True,
                ),
                Attribute(
                    "folder",
                    String(),
                    "Folder of this machine, made if it is not there. Nothing is ever written "
                    "outside of it. A name that this machine can't have, or takes for another's, "
                    "is replaced by one like it, and a warning tells both.",
                    required=True,
                ),
                timeout_attribute(_DEFAULT_TIMEOUT),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_reference(ctx, config)
        validate_paths(ctx, config)
        validate_timeout(ctx, config)
        if config["folder"] == "":
            ctx.diagnostics.add_error("Invalid folder", "It is empty.", path=["folder"])
        if not ctx.diagnostics.has_errors() and isinstance(config["paths"], list):
            _check_names(ctx, config["paths"])

    def invoke(self, ctx: ActionContext, config: State) -> Iterator[str]:
        """Download, path by path."""
        from pathlib import Path  # noqa: PLC0415 - not for the schema

        from terraform_provider_veeam.em.files.places import Places  # noqa: PLC0415

        self.validate(ctx, config)  # what was not known when it was planned
        if ctx.diagnostics.has_errors():
            return
        deadline = self.bound(ctx, config, "Downloading files")
        mount = self.find_mount(config, deadline)
        places = Places(Path(config["folder"]))
        try:
            places.make()
        except CannotWrite as error:
            raise Refused(error.summary, error.detail, path=["folder"]) from error
        download = _Download(*self.manager.files(mount.session, mount.href), places, deadline)
        yield from self.for_each_path(ctx, config, mount, deadline, download.of)
        if places.renamed:
            ctx.diagnostics.add_warning(
                "Some files have other names here",
                "These names are not possible on this machine, or mean another file here:\n"
                + in_lines(places.renamed),
                path=["folder"],
            )


class _Download:
    """Downloads files, and all that is in folders."""

    def __init__(
        self, files: Files, restores: FileRestores, places: Places, deadline: Deadline
    ) -> None:
        self._files = files
        self._restores = restores
        self._places = places
        self._deadline = deadline

    def of(self, path: str) -> Iterator[str]:
        """Download what is at a path, and tell of each file where it is.

        Where each goes is settled before anything is fetched. Raises SomeLeftOut at the end.
        """
        found = self._files.find(path, self._deadline)
        if not found.is_folder:
            yield f"Preparing {path}: 1 file"
            place = self._places.add(found.path, is_folder=False)
            targets = yield from self._prepare(found)
            yield self._fetch(found, _target(self._files, found, targets, is_only=True), place)
            return
        left_out: list[LeftOut] = []
        wanted = self._placed(found, left_out)
        yield f"Preparing {path}: {len(wanted)} file{'' if len(wanted) == 1 else 's'}"
        for one in left_out:
            yield f"Left out: {one}"
        targets = yield from self._prepare(found)
        for number, (entry, place) in enumerate(wanted):
            target = _target(self._files, entry, targets, is_only=False)
            try:
                yield self._fetch(entry, target, place)
            except EnterpriseManagerError as error:
                if concerns_all(error):
                    rest = in_lines([printable(other.path) for other, _ in wanted[number:]])
                    raise error.add(
                        f"Of {printable(path)} these were not downloaded:\n{rest}"
                    ) from error
                left_out.append(LeftOut.by(entry.path, error))
                yield f"Left out: {left_out[-1]}"
        if left_out:
            raise SomeLeftOut(
                "Not everything was downloaded",
                f"{printable(path)} came without:\n{in_lines(left_out)}",
            )

    def _placed(self, found: Entry, left_out: list[LeftOut]) -> list[tuple[Entry, Path]]:
        """Return the files below a folder, and where each of them goes."""
        below = list(self._files.walk(found.path, _DEEPEST, self._deadline, left_out))
        times = Counter(address_of(entry.path) for entry in below)
        deepest = found.path.count("/") + _DEEPEST
        places = {found.path: self._places.add(found.path, is_folder=True)}
        for entry in below:
            inside = places.get(parent_and_name(entry.path)[0])
            if inside is None:
                left_out.append(LeftOut(entry.path, "its folder is left out"))
            elif times[address_of(entry.path)] > 1:
                left_out.append(LeftOut(entry.path, f"it is there twice. {ONE_ADDRESS}"))
            elif entry.is_folder and entry.path.count("/") == deepest:
                left_out.append(LeftOut(entry.path, f"it is {_DEEPEST} folders deep"))
            else:
                try:
                    place = self._places.add(entry.path, is_folder=entry.is_folder, inside=inside)
                except CannotWrite as error:
                    if concerns_all(error):
                        raise
                    left_out.append(LeftOut.by(entry.path, error))
                else:
                    places[entry.path] = place
        return [
            (entry, places[entry.path])
            for entry in below
            if not entry.is_folder and entry.path in places
        ]

    def _prepare(self, found: Entry) -> Generator[str, None, list[str]]:
        targets: list[str] = []
        for progress in self._restores.prepare(self._files, found.path, self._deadline, targets):
            yield f"Still preparing {found.path} ({progress})"
        return targets

    def _fetch(self, entry: Entry, target: str, place: Path) -> str:
        done = self._restores.download(target, self._deadline, size=entry.size, destination=place)
        return f"{entry.path} is {done.destination}: {done.size} bytes, SHA-256 {done.sha256}"


def _target(files: Files, entry: Entry, targets: list[str], *, is_only: bool) -> str:
    """Return the address that the server gave for a file, or else the documented one."""
    from urllib.parse import unquote  # noqa: PLC0415 - not for the schema

    for target in targets:
        address = unquote(target.partition("?")[0])
        if same_path(address.rpartition("/mounts/")[2].partition("/")[2], entry.path):
            return target
    if is_only and len(targets) == 1:
        return targets[0]
    return f"{files.address(entry.path)}?action=download"


def _check_names(ctx: ValidateContext, paths: list[Any]) -> None:
    """Refuse paths that would end up in the same place."""
    seen: dict[str, str] = {}
    for number, text in enumerate(paths):
        if text is Unknown:
            continue
        parent, last = parent_and_name(parse_guest_path(text))
        name = (last if parent else last.rstrip(":")).lower()
        if name in seen:
            ctx.diagnostics.add_error(
                "Two paths of the same name",
                f"{seen[name]} and {text} would both become {name} in the folder. Download them "
                "with two actions, to two folders.",
                path=["paths", (number,)],
            )
        seen[name] = text
