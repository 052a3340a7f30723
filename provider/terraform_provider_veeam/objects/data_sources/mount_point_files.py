"""The data source `veeam_mount_point_files`: what is in a folder of a mount point."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import NotFound, RequestFailed, TokenRefused
from terraform_provider_veeam.em.files.left_out import LeftOut, in_lines
from terraform_provider_veeam.em.files.paths import parse_guest_path
from terraform_provider_veeam.em.patterns import name_matches
from terraform_provider_veeam.objects.mount_reference import (
    MountPointReader,
    reference_attributes,
    validate_reference,
)
from terraform_provider_veeam.objects.search import LOOK_UP_SECONDS, name_or_none, validate_counts
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, Refused, computed
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import Bool, Number, String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext

DEFAULT_LIMIT = 1000
_BAD_REQUEST = 400


class MountPointFilesDataSource(MountPointReader, interfaces.DataSource):
    """`veeam_mount_point_files`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="The files and folders in a folder of a mount point.",
            attributes=[
                *reference_attributes(),
                Attribute(
                    "path",
                    String(),
                    "The folder, from its volume on: `E:/Documentation 2014`, `Volume$0:/etc`. "
                    "`file_system_roots` of the mount point has the volumes.",
                    required=True,
                ),
                Attribute(
                    "depth",
                    Number(),
                    "How many levels of folders are looked into. Default `1`: the folder itself.",
                    optional=True,
                ),
                Attribute(
                    "name",
                    String(),
                    "Only files and folders of this name; `*` stands for anything, capitals do "
                    "not matter. It is matched here: Enterprise Manager sends all names.",
                    optional=True,
                ),
                Attribute(
                    "limit",
                    Number(),
                    f"How many to return at most; more are left out with a warning. "
                    f"Default `{DEFAULT_LIMIT}`.",
                    optional=True,
                ),
                ListNestedAttribute(
                    "files",
                    [
                        computed(
                            "path", String(), "Path from the volume on, as for `paths` of actions."
                        ),
                        computed("name", String(), "Name without its folder."),
                        computed("is_folder", Bool(), "Whether it is a folder."),
                        computed("size", Number(), "Size in bytes; null for a folder."),
                        computed("owner", String(), "Account that owns it; null for a folder."),
                        computed(
                            "modified_at",
                            String(),
                            "When it was last changed, RFC 3339 in UTC; null for a folder.",
                        ),
                    ],
                    "The files and folders that were found, by path.",
                    computed=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_reference(ctx, config)
        if config["path"] is not Unknown and config["path"] is not None:
            try:
                parse_guest_path(config["path"])
            except ValueError as error:
                ctx.diagnostics.add_error("Invalid path", str(error), path=["path"])
        validate_counts(ctx, config, "depth", "limit")
        if config["name"] is not None and config["name"] is not Unknown:
            try:
                name_or_none(config["name"])
            except ValueError as error:
                ctx.diagnostics.add_error("Invalid name", str(error), path=["name"])

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return what is found."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, f"Listing {config['path']}")
        mount = self.find_mount(config, deadline)
        files, _ = self.manager.files(mount.session, mount.href)
        path, pattern = (
            parse_guest_path(config["path"]),
            "*" if config["name"] is None else config["name"],
        )
        limit = int(config["limit"] or DEFAULT_LIMIT)
        left_out: list[LeftOut] = []
        walk = files.walk(path, int(config["depth"] or 1), deadline, left_out)
        try:
            found = list(
                islice((entry for entry in walk if name_matches(pattern, entry.name)), limit + 1)
            )
        except TokenRefused:
            self.check_mount(mount, deadline)
            raise
        except RequestFailed as error:
            if error.status != _BAD_REQUEST:
                raise
            raise Refused("This folder can't be listed", error.detail, path=["path"]) from error
        except NotFound as error:
            raise Refused(
                "Folder not found",
                f"{error.detail}\n{self.neighbours(mount, files, path, deadline)}",
                path=["path"],
            ) from error
        if len(found) > limit:
            ctx.diagnostics.add_warning(
                "Not all files are listed",
                f"There are more than {limit} in {path}. Raise limit, or narrow it with name or a "
                "smaller depth.",
                path=["limit"],
            )
        if left_out:
            ctx.diagnostics.add_warning(
                "Not all files can be listed",
                f"What {mount} has in {printable(path)} is listed without:\n{in_lines(left_out)}",
                path=["path"],
            )
        listed = sorted(found[:limit], key=lambda entry: entry.path)
        return config | {"files": [entry._asdict() for entry in listed]}
