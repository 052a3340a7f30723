"""The action `veeam_file_restore`: files go back to the machine that was backed up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import FileRestoreFailed
from terraform_provider_veeam.masking import conceal
from terraform_provider_veeam.objects import checks, mounted
from terraform_provider_veeam.objects.actions import paths
from terraform_provider_veeam.objects.base import Context, Deadline, State, block
from terraform_provider_veeam.text import as_meant
from tfplugin.attribute import NestedBlock, flag, required
from tfplugin.errors import Refused

if TYPE_CHECKING:
    from terraform_provider_veeam.em.files.restore import ToOriginalPlace


def _credential(text: str) -> str:
    return checks.needed_name(as_meant(text))


class FileRestoreAction(paths.MountPathsAction):
    """`veeam_file_restore`."""

    operation = "Restoring files"
    schema = block(
        "Restores files and folders of a mount point to their original place in "
        "the machine that was backed up.",
        *mounted.REFERENCE,
        mounted.TOKEN,
        paths.attribute(
            "Files and folders, from the volume on: `E:/Docs/Offers.docx`. They are "
            "restored one after the other."
        ),
        flag("overwrite", "Replace what is there. Default `false`: both are kept."),
        flag(
            "permissions_only",
            "Restore only the permissions of files that are still there; Windows only. "
            "Default `false`.",
        ),
        NestedBlock(
            "guest_credentials",
            "Account in the machine. Without it the account of the "
            "backup job's guest processing is used.",
            required("username", "User name, `DOMAIN\\USER`.", check=_credential),
            required(
                "password",
                "Its password. May be an ephemeral value. It is in no state, but Terraform "
                "keeps it in a plan that is saved.",
                check=_credential,
                write_only=True,
            ),
        ),
        invoke="1h",
    )

    def run(self, ctx: Context, config: State, deadline: Deadline) -> Iterator[str]:
        """Restore, path by path."""
        how = _how(config)
        mount = self.find_mount(config, deadline)
        files, restores = self.em.files(mount.session, mount.href)

        def restore(path: str) -> Iterator[str]:
            return paths.restoring(path, "", restores.restore(files, path, how, deadline))

        try:
            yield from self.for_each_path(ctx, config, self.explain_in(mount, deadline), restore)
        except FileRestoreFailed as error:
            raise _without_credentials(error, config) from error


def _how(config: State) -> ToOriginalPlace:
    from terraform_provider_veeam.em.files import restore  # noqa: PLC0415 - no validation needs it

    guest = config["guest_credentials"] or {"username": None, "password": None}
    if guest["password"]:
        conceal(guest["password"])
    return restore.ToOriginalPlace(
        overwrite=bool(config["overwrite"]),
        permissions_only=bool(config["permissions_only"]),
        **guest,
    )


def _without_credentials(error: FileRestoreFailed, config: State) -> Refused:
    has_guest = config["guest_credentials"] is not None
    advice = (
        "Check guest_credentials: the account must be one of the machine itself, or of its domain."
        if has_guest
        else "Write a block guest_credentials: the backup job has no account for guest processing."
    )
    path = ["guest_credentials", "password"] if has_guest else ["guest_credentials"]
    return Refused(error.summary, f"{error.detail}\n{advice}", path=path)
