"""The data source `veeam_machines`: what has restore points, and from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.search import (
    LOOK_UP_SECONDS,
    families,
    search_attributes,
    validate_search,
    wanted,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, computed
from terraform_provider_veeam.plugin.schema import Schema
from terraform_provider_veeam.plugin.types import List, Number, String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext


class MachinesDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_machines`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="Lists the machines that have restore points: VMs, replicas and the "
            "computers of agents.",
            attributes=[
                *search_attributes(default_family="all three"),
                ListNestedAttribute(
                    "machines",
                    [
                        computed("name", String(), "Name, as for `machine_name` of a search."),
                        computed("restore_point_type", String(), "`vm`, `replica` or `agent`."),
                        computed(
                            "restore_point_count",
                            Number(),
                            "How many of its restore points meet the conditions.",
                        ),
                        computed(
                            "oldest", String(), "When the oldest was created, RFC 3339 in UTC."
                        ),
                        computed(
                            "newest", String(), "When the newest was created, RFC 3339 in UTC."
                        ),
                        computed(
                            "backup_servers",
                            List(String()),
                            "Names of the backup servers that they are on.",
                        ),
                    ],
                    "The machines by name; one that is backed up in two ways is in it twice.",
                    computed=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_search(ctx, config)

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return what is found; a family that the account may not see is only warned of."""
        if self.is_deferred(ctx):
            return None
        found = self.manager.machines(
            wanted(config),
            self.deadline(ctx, LOOK_UP_SECONDS, "Looking machines up"),
            families(config),
        )
        if found.left_out:
            names = " and ".join(f'"{family}"' for family in found.left_out)
            ctx.diagnostics.add_warning(
                "Not all machines are listed",
                f"Without restore_point_type all families are looked through, but not {names}:\n"
                + "\n".join(error.detail for error in found.left_out.values()),
                path=["restore_point_type"],
            )
        return config | {
            "machines": [
                {
                    "name": machine.name,
                    "restore_point_type": machine.type.value,
                    "restore_point_count": machine.restore_point_count,
                    "oldest": machine.oldest,
                    "newest": machine.newest,
                    "backup_servers": list(machine.backup_servers),
                }
                for machine in found.machines
            ]
        }
