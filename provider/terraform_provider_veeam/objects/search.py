"""How a block says which restore points it wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.objects import backup_server, checks
from tfplugin.attribute import Attribute, optional
from tfplugin.contexts import State

if TYPE_CHECKING:
    from terraform_provider_veeam.em.inventory.restore_points import Wanted

CONDITIONS = ("machine_name", "created_after", "created_before", "backup_server")


def search_attributes(
    *, computes: bool = False, family: RestorePointType | None = RestorePointType.VM
) -> list[Attribute]:
    """Return what a user writes to say which restore points are wanted.

    With `computes` they also hold the result. Without a `family` to fall back to, all are meant.
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


class RestorePointReader(backup_server.BackupServerReader):
    """An object that looks restore points up."""

    def wanted(self, config: State, deadline: Deadline) -> Wanted:
        """Return what the block asks for. Raises Refused for a backup server that is not there."""
        from terraform_provider_veeam.em.inventory import restore_points  # noqa: PLC0415 - no validation needs it

        conditions = {name: config[name] for name in CONDITIONS}
        conditions["backup_server"] = self.server_name(config, deadline)
        return restore_points.Wanted(
            type=config["restore_point_type"] or RestorePointType.VM, **conditions
        )
