"""How a block says which restore points it wants, and what it is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import backup_server, checks
from tfplugin.attribute import Attribute, computed, optional
from tfplugin.contexts import State

if TYPE_CHECKING:
    from terraform_provider_veeam.em.inventory.restore_points import FoundRestorePoint, Wanted

_CONDITIONS = ("machine_name", "created_after", "created_before", "backup_server")


def search_attributes(
    *, computes: bool = False, family: RestorePointType | None = RestorePointType.VM
) -> list[Attribute]:
    """Return what a user writes to say which restore points are wanted.

    With `computes` the same attributes also hold the result, so what is not written is computed.
    Without a `family` to fall back to, all are meant.
    """
    default = f"`{family}`" if family else "all three"
    return [
        optional(
            "restore_point_type",
            f"Family of the restore points: `vm`, `replica` or `agent`. Default: {default}.",
            check=checks.one_of(RestorePointType),
            fallback=family,
            computed=computes,
        ),
        optional(
            "machine_name",
            "Name of the VM, or of the computer of an agent. With `*` it is a pattern: Enterprise "
            "Manager's API has none, so everything that meets the other conditions is read.",
            check=checks.name,
            computed=computes,
        ),
        *time_and_server(computes=computes),
    ]


def time_and_server(*, computes: bool = False) -> list[Attribute]:
    """Return what a user writes to narrow the restore points of a machine."""
    return [
        optional("created_after", "Earliest time of creation, RFC 3339.", check=checks.moment),
        optional("created_before", "Latest time of creation, RFC 3339.", check=checks.moment),
        backup_server.attribute(computed=computes),
    ]


def found_attributes() -> list[Attribute]:
    """Return the attributes that describe a restore point that was found."""
    return [
        computed("id", "UUID, for `restore_point_id` of a `veeam_mount_point`."),
        computed("name", "Name, as Enterprise Manager shows it."),
        computed("created_at", "When it was created, RFC 3339 in UTC."),
        computed("point_type", "`Full`, `Increment` or `ReverseIncrement`."),
    ]


class RestorePointReader(backup_server.BackupServerReader):
    """An object that looks restore points up."""

    def wanted(self, config: State, deadline: Deadline) -> Wanted:
        """Return what the block asks for. Raises Refused for a backup server that is not there."""
        from terraform_provider_veeam.em.inventory import restore_points  # noqa: PLC0415 - no validation needs it

        conditions = {name: config[name] for name in _CONDITIONS}
        conditions["backup_server"] = self.server_name(config, deadline)
        return restore_points.Wanted(
            type=config["restore_point_type"] or RestorePointType.VM, **conditions
        )


def conditions(written: State) -> str:
    """Return what a block asks for, as it is spelt, as a part of a sentence."""
    names = ("restore_point_type", *_CONDITIONS)
    asked = {name: written[name] for name in names if written[name] is not None}
    *first, last = (
        f'{name} = "{printable(value)}"'
        for name, value in {"restore_point_type": RestorePointType.VM, **asked}.items()
    )
    return f"{', '.join(first)} and {last}" if first else last


def described(found: FoundRestorePoint) -> dict[str, Any]:
    """Return the values that describe a restore point that was found."""
    return found._asdict() | {
        "id": found.ref.id,
        "restore_point_type": found.ref.type.value,
        "machine_name": found.machine_name,
    }
