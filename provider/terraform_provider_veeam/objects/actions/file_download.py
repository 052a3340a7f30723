"""The action `veeam_file_download`: files of a mount point come to this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.errors import CannotWrite, FileRestoreFailed
from terraform_provider_veeam.em.files.paths import parent_and_name, parse_guest_path, same_path
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.files.listing import Entry, Files
    from terraform_provider_veeam.em.files.restore import FileRestores
    from terraform_provider_veeam.plugin.interfaces import ActionContext, State, ValidateContext

_DEFAULT_TIMEOUT = "1h"
_DEEPEST = 200  # levels of folders


class FileDownloadAction(MountPointAction):
    """`veeam_file_download`."""

    default_timeout = _DEFAULT_TIMEOUT

    @classmethod
    def get_name(cls) -> str:
        """Return the name after the provider's prefix."""
        return "file_download"

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="Downloads files and folders of a mount point to a folder of this "
            "machine. Each file is written beside its place and moved there in one step, once it "
            "has the size that Enterprise Manager gives.",
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
                    "Folder on this machine, made if it is not there. Nothing is ever written "
                    "outside of it.",
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

        deadline = self.bound(ctx, config, "Downloading files")
        mount = self.find_mount(config, deadline)
        files, restores = self.manager.files(mount.session, mount.href)
        for number, text in enumerate(config["paths"]):
            path, where = parse_guest_path(text), ["paths", (number,)]
            with self.explained(mount, deadline, path, where):
                try:
                    yield from _download(files, restores, path, Path(config["folder"]), deadline)
                except CannotWrite as error:
                    raise Refused(error.summary, error.detail, path=["folder"]) from error
                except FileRestoreFailed as error:
                    raise Refused(error.summary, error.detail, path=where) from error


def _download(
    files: Files, restores: FileRestores, path: str, folder: Path, deadline: Deadline
) -> Iterator[str]:
    """Download a file, or all that is in a folder."""
    from terraform_provider_veeam.em.files.download import make_folder, place_for  # noqa: PLC0415 - not before

    found = files.find(path, deadline)
    below = list(files.walk(found.path, _DEEPEST, deadline)) if found.is_folder else []
    wanted = [entry for entry in below if not entry.is_folder] if found.is_folder else [found]
    yield f"Preparing {path}: {len(wanted)} file{'' if len(wanted) == 1 else 's'}"
    parent, _ = parent_and_name(found.path)
    for entry in (found, *below):
        if entry.is_folder:
            make_folder(folder, _names(entry.path, parent))
    targets: list[str] = []
    for progress in restores.prepare(files, found.path, deadline, targets):
        yield f"Still preparing {path} ({progress})"
    for entry in wanted:
        place = place_for(folder, _names(entry.path, parent))
        target = _target(files, entry, targets, is_only=not found.is_folder)
        done = restores.download(target, deadline, size=entry.size, destination=place)
        yield f"{entry.path} is now {done.destination}: {done.size} bytes, SHA-256 {done.sha256}"


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


def _names(path: str, parent: str) -> list[str]:
    """Return the parts of a path below a folder of the mount point."""
    return path[len(parent) + 1 if parent else 0 :].split("/")


def _check_names(ctx: ValidateContext, paths: list[Any]) -> None:
    """Refuse paths that would end up in the same place."""
    seen: dict[str, str] = {}
    for number, text in enumerate(paths):
        if text is Unknown:
            continue
        name = parent_and_name(parse_guest_path(text))[1].lower()
        if name in seen:
            ctx.diagnostics.add_error(
                "Two paths of the same name",
                f"{seen[name]} and {text} would both become {name} in the folder. Download them "
                "with two actions, to two folders.",
                path=["paths", (number,)],
            )
        seen[name] = text
