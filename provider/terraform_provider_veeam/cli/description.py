"""What people and scripts are told of restore points and of what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from terraform_provider_veeam.em.errors import NotFound
from terraform_provider_veeam.em.files import listing
from terraform_provider_veeam.em.files.paths import on_volumes
from terraform_provider_veeam.em.inventory import restore_points
from terraform_provider_veeam.masking import printable


def machine_of(point: restore_points.FoundRestorePoint) -> str:
    """Return the machine of a restore point, and where its backups are, for people."""
    server = f" on {printable(point.backup_server)}" if point.backup_server else ""
    return f"{printable(point.machine_name or 'a machine without a name')}{server}"


def of_point(point: restore_points.FoundRestorePoint) -> dict[str, object]:
    """Return what scripts are told of a restore point."""
    return {
        "id": point.ref.id,
        "type": point.ref.type.value,
        "machine": point.machine_name,
        "created_at": point.created_at,
        "point_type": point.point_type,
        "backup_server": point.backup_server,
        "is_complete": point.is_complete,
    }


def of_entry(entry: listing.Entry) -> dict[str, object]:
    """Return what scripts are told of a file or folder."""
    return {
        "path": entry.path,
        "name": entry.name,
        "type": "folder" if entry.is_folder else "file",
        "size": entry.size,
        "owner": entry.owner,
        "modified_at": entry.modified_at,
    }


def of_volumes(roots: Sequence[str]) -> str:
    """Return which volumes a mount point has, for people."""
    return f"Its volumes are: {', '.join(map(printable, roots))}."


def check_volume(path: str, roots: Sequence[str]) -> None:
    """Raise NotFound for a path that does not begin with a volume of a mount point."""
    if on_volumes(path, roots) != [path]:
        raise NotFound(
            f"{printable(path)} begins with no volume of this backup",
            f"{of_volumes(roots)} `find` looks on all of them.",
            status=HTTPStatus.NOT_FOUND,
        )
