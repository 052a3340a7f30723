"""The data source `veeam_file_versions`: which restore points have a file, told by the index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from terraform_provider_veeam.em.files.left_out import LeftOut, in_lines
from terraform_provider_veeam.em.files.paths import parse_sought_path
from terraform_provider_veeam.em.models import RestorePoint
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import checks, search
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import computed, found, required
from tfplugin.errors import Refused
from tfplugin.types import Bool, Number

_ALL = 1_000_000


def _machine_name(text: str) -> str:
    if "*" in text:
        raise ValueError(f'"{text}" is a pattern. Write the whole name of one VM.')
    return checks.needed_name(text)


class FileVersionsDataSource(search.RestorePointReader, DataSource):
    """`veeam_file_versions`."""

    operation = "Looking for {path} in the index"
    schema = block(
        "Finds which restore points of a VM have a file, without a mount: Enterprise "
        "Manager's index of guest files is asked, which has the VMs that are indexed when they "
        "are backed up. It can leave folders out, as the backup job says.",
        required("machine_name", "Name of the VM.", check=_machine_name),
        required(
            "path",
            "A file or folder from its volume on, like `E:/Documentation 2014/Contract.docx`, "
            "or a pattern: `*` stands for anything in a name, `?` for one character, `**` for "
            "folders. What begins with no volume is looked for on all of them, a name alone "
            "in every folder; that takes longer, and ends after a thousand folders of a "
            "restore point, with a warning.",
            check=parse_sought_path,
        ),
        *search.time_and_server(),
        checks.limit(100, ", the newest first; older ones are not looked for"),
        found(
            "file_versions",
            "What was found, the newest backup first; empty if no restore point that is "
            "indexed has it.",
            computed("restore_point_id", "UUID, for `veeam_mount_point`."),
            computed("restore_point_type", "`vm`."),
            computed("restore_point_created_at", "When the backup was created, RFC 3339 in UTC."),
            computed("path", "Path from the volume on, as for `paths` of actions."),
            computed("is_folder", "Whether it is a folder.", Bool()),
            computed("size", "Size in bytes; null for a folder.", Number()),
            computed("owner", "Account that owns it; null for a folder."),
            computed(
                "modified_at", "When it was last changed, RFC 3339 in UTC; null for a folder."
            ),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the versions, at most as many as the limit says."""
        points = self._points(config, deadline)
        indexed = self.em.index.points(points, deadline)
        name = printable(config["machine_name"])
        if not indexed:
            raise Refused(
                f"{name} is not in the index",
                f"None of its {len(points)} restore points that are asked for is in Enterprise "
                "Manager's index of guest files, as far as this account may see it, so where the "
                "file is can't be told. Only VMs whose backup job indexes them are, once that has "
                "run. `terraform-provider-veeam find` looks into the backups themselves.",
                path=["machine_name"],
            )
        known = {one.restore_point.ref for one in indexed}
        missing = [str(point.name) for point in points if point.ref not in known]
        if missing:
            ctx.diagnostics.add_warning(
                "Not all restore points are in the index",
                f"These are not, so they were not searched:\n"
                f"{in_lines(list(map(printable, missing)))}",
                path=["machine_name"],
            )
        left_out: list[LeftOut] = []
        with closing(
            self.em.index.versions(indexed, config["path"], deadline, left_out)
        ) as versions:
            found = list(islice(_rows(versions), config["limit"]))
        if left_out:
            ctx.diagnostics.add_warning(
                "Not everything could be searched", in_lines(left_out), path=["path"]
            )
        return {"file_versions": found}

    def _points(self, config: State, deadline: Deadline) -> list[RestorePoint]:
        wanted = self.wanted(config | {"restore_point_type": None}, deadline)
        name = printable(config["machine_name"])
        found = self.em.restore_points.find(wanted, _ALL, deadline)
        points = [point for point in found if point.is_complete]
        servers = sorted({point.backup_server for point in points if point.backup_server})
        if len(servers) > 1:
            raise Refused(
                f"{name} is the name of several machines",
                f"It has restore points on {', '.join(map(printable, servers))}: "
                "set backup_server.",
                path=["backup_server"],
            )
        if not points:
            self.check_server(config, deadline)
            raise Refused(
                "No restore point found",
                f"There is no restore point of the VM {name} that is written, of those that are "
                f"asked for.\n{self.em.suggestions.machines(wanted, deadline)}",
                path=["machine_name"],
            )
        return points


def _rows(versions: Iterator[Any]) -> Iterator[dict[str, Any]]:
    for point, entries in versions:
        for entry in entries or ():
            yield entry._asdict() | {
                "restore_point_id": point.ref.id,
                "restore_point_type": point.ref.type.value,
                "restore_point_created_at": point.created_at,
            }
