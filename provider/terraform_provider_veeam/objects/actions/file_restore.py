"""The action `veeam_file_restore`: files go back to the machine that was backed up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import EnterpriseManagerError, FileRestoreFailed
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
from terraform_provider_veeam.plugin.interfaces import Attribute, Refused, SingleNestedBlock
from terraform_provider_veeam.plugin.schema import Block, Schema
from terraform_provider_veeam.plugin.types import Bool, List, String
from terraform_provider_veeam.secrets import conceal
from terraform_provider_veeam.texts import as_meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.em.files.restore import ToOriginalPlace
    from terraform_provider_veeam.plugin.interfaces import ActionContext, State, ValidateContext

_DEFAULT_TIMEOUT = "1h"


class FileRestoreAction(MountPointAction):
    """`veeam_file_restore`."""

    default_timeout = _DEFAULT_TIMEOUT

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="Restores files and folders of a mount point to their original place in "
            "the machine that was backed up.",
            attributes=[
                *reference_attributes(write_only=True),
                Attribute(
                    "paths",
                    List(String()),
                    "Files and folders, from the volume on: `E:/Docs/Offers.docx`. They are "
                    "restored one after the other.",
                    required=True,
                ),
                Attribute(
                    "overwrite",
                    Bool(),
                    "Replace what is there. Default `false`: both are kept.",
                    optional=True,
                ),
                Attribute(
                    "permissions_only",
                    Bool(),
                    "Restore only the permissions of files that are still there; Windows only. "
                    "Default `false`.",
                    optional=True,
                ),
                timeout_attribute(_DEFAULT_TIMEOUT),
            ],
            block_types=[
                SingleNestedBlock(  # type: ignore[abstract]  # tf marks what nobody calls
                    "guest_credentials",
                    Block(
                        description="Account in the machine. Without it the account of the "
                        "backup job's guest processing is used.",
                        attributes=[
                            Attribute(
                                "username",
                                String(),
                                "User name, `DOMAIN\\USER`.",
                                required=True,
                            ),
                            Attribute(
                                "password",
                                String(),
                                "Its password. May be an ephemeral value; it is stored nowhere.",
                                required=True,
                                write_only=True,
                            ),
                        ],
                    ),
                )
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_reference(ctx, config)
        validate_paths(ctx, config)
        validate_timeout(ctx, config)

    def invoke(self, ctx: ActionContext, config: State) -> Iterator[str]:
        """Restore, path by path."""
        self.validate(ctx, config)  # what was not known when it was planned
        if ctx.diagnostics.has_errors():
            return
        deadline = self.bound(ctx, config, "Restoring files")
        how = _how(config)
        mount = self.find_mount(config, deadline)
        files, restores = self.manager.files(mount.session, mount.href)

        def restore(path: str) -> Iterator[str]:
            yield f"Restoring {path} to its original place"
            for progress in restores.restore(files, path, how, deadline):
                yield (
                    f"Warning about {path}: {progress.warning}"
                    if progress.warning
                    else f"Still restoring {path} ({progress})"
                )
            yield f"Restored {path}"

        try:
            yield from self.for_each_path(ctx, config, mount, deadline, restore)
        except FileRestoreFailed as error:
            raise _without_credentials(error, config) from error

    def ends_all(self, error: EnterpriseManagerError) -> bool:
        """Tell whether an error at one path would be one at the others too."""
        needs = isinstance(error, FileRestoreFailed) and error.credentials_needed
        return needs or super().ends_all(error)


def _how(config: State) -> ToOriginalPlace:
    from terraform_provider_veeam.em.files.restore import (  # noqa: PLC0415 - not for the schema
        ToOriginalPlace,
    )

    given = config["guest_credentials"] or {"username": None, "password": None}
    guest = {name: as_meant(value) for name, value in given.items()}
    if guest["password"]:
        conceal(guest["password"])
    return ToOriginalPlace(
        overwrite=bool(config["overwrite"]),
        permissions_only=bool(config["permissions_only"]),
        username=guest["username"],
        password=guest["password"],
    )


def _without_credentials(error: FileRestoreFailed, config: State) -> Refused:
    """Return the error on the attribute that is to blame."""
    has_guest = config["guest_credentials"] is not None
    advice = (
        "Check guest_credentials: the account must be one of the machine itself, or of its domain."
        if has_guest
        else "Write a block guest_credentials: the backup job has no account for guest processing."
    )
    path = ["guest_credentials", "password"] if has_guest else ["guest_credentials"]
    return Refused(error.summary, f"{error.detail}\n{advice}", path=path)
