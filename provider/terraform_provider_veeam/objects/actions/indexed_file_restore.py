"""The action `veeam_indexed_file_restore`: files go back to their machine without a mount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound
from terraform_provider_veeam.em.files.paths import PathPattern, parse_guest_path
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects.actions import paths
from terraform_provider_veeam.objects.base import Context, Deadline, State, block
from terraform_provider_veeam.objects.identifiers import UuidOrUrn, restore_point_uid
from tfplugin.attribute import required
from tfplugin.errors import Refused

if TYPE_CHECKING:
    from terraform_provider_veeam.em.index import IndexedPoint

_MOUNT_IT = (
    "Mount it with veeam_mount_point, and restore its files with veeam_file_restore, which can "
    "keep what is there, too."
)


def _vm_point(text: str) -> str:
    uid = restore_point_uid(text)
    if uid.type not in (None, RestorePointType.VM):
        raise ValueError(
            f"It is the URN of a {uid.entity}, and only VMs are in the index. {_MOUNT_IT}"
        )
    return uid.uuid


def _whole_path(text: str) -> str:
    path = parse_guest_path(text)
    if PathPattern.parse(path):
        raise ValueError(f'"{text}" is a pattern. Name in full what is to be replaced.')
    return path


class IndexedFileRestoreAction(paths.PathsAction):
    """`veeam_indexed_file_restore`."""

    operation = "Restoring files from the index"
    schema = block(
        "Restores files and folders of a VM to their original place without a mount, "
        "if the VM is indexed when it is backed up: what Enterprise Manager calls a 1-click "
        "restore. What is there is replaced, always; `veeam_file_restore` can keep it, takes an "
        "account of the machine, and needs a mount point. Any role in Enterprise Manager may do "
        "it, for the machines in its scope.",
        required(
            "restore_point_id",
            "UUID of the restore point, or its URN, `urn:veeam:VmRestorePoint:UUID`: of "
            "`veeam_file_versions`, or of `veeam_restore_point`.",
            UuidOrUrn(),
            check=_vm_point,
        ),
        paths.attribute(
            "Files and folders, from the volume on: `E:/Docs/Offers.docx`. They replace what "
            "is there, a folder with all that is in it. They are restored one after the "
            "other; none is asked for twice.",
            check=_whole_path,
        ),
        invoke="1h",
    )

    def look_ahead(self, config: State, deadline: Deadline) -> None:
        """Look the restore point up in the index."""
        self._point(config, deadline)

    def run(self, ctx: Context, config: State, deadline: Deadline) -> Iterator[str]:
        """Restore, path by path."""
        point = self._point(config, deadline)
        name = printable(point.restore_point.name or point.restore_point.ref.id)

        def restore(path: str) -> Iterator[str]:
            steps = self.em.index.restore(point, path, deadline)
            return paths.restoring(path, f" of {name}", steps)

        def explain(path: str, error: EnterpriseManagerError) -> None:
            if isinstance(error, NotFound):
                error.summary = paths.NOT_FOUND
                error.add(self.em.index.neighbours(point, path, deadline))

        yield from self.for_each_path(ctx, config, explain, restore)

    def _point(self, config: State, deadline: Deadline) -> IndexedPoint:
        from terraform_provider_veeam.em.inventory.restore_points import Wanted  # noqa: PLC0415 - no validation needs it

        ref = RestorePointRef(RestorePointType.VM, config["restore_point_id"])
        found = self.em.restore_points.find(Wanted(id=ref.id), 1, deadline)
        if not found:
            raise self._missing(ref, deadline)
        indexed = self.em.index.points(found, deadline)
        if not indexed:
            point = found[0]
            raise Refused(
                "The restore point is not in the index",
                f"{printable(point.name or ref.id)} of {printable(str(point.machine_name))} is not "
                "in Enterprise Manager's index of guest files, as far as this account may see it, "
                "so its files can't be restored without a mount. Only VMs whose backup job indexes "
                f"them are, once that has run. {_MOUNT_IT}",
                path=["restore_point_id"],
            )
        return indexed[0]

    def _missing(self, ref: RestorePointRef, deadline: Deadline) -> Refused:
        other = self.em.suggestions.restore_point(ref, deadline)
        if other:
            said = f'It is {printable(other.name or "one")} of type "{other.ref.type}", and only '
            said += f"VMs are in the index. {_MOUNT_IT}"
        else:
            said = "Check the id; a restore point also goes when its retention is over."
        return Refused(
            "Restore point not found",
            f"There is no restore point {ref.id} of a VM that this account may read. {said}",
            path=["restore_point_id"],
        )
