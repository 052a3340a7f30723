"""The data source `veeam_hierarchy_roots`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.search import LOOK_UP_SECONDS
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, computed
from terraform_provider_veeam.plugin.schema import Schema
from terraform_provider_veeam.plugin.types import String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State


class HierarchyRootsDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_hierarchy_roots`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="The hosts of the virtual infrastructure that backup servers know: vCenter "
            "Servers, ESX and Hyper-V hosts and their likes.",
            attributes=[
                ListNestedAttribute(
                    "hierarchy_roots",
                    [
                        computed("id", String(), "UUID."),
                        computed("name", String(), "Name, as for `hierarchy_root` of a search."),
                        computed(
                            "type",
                            String(),
                            "`VC`, `ESX`, `ESXi`, `HvServer`, `HvCluster`, `Scvmm` or `VcdSystem`.",
                        ),
                        computed("backup_server", String(), "Name of the backup server."),
                    ],
                    "The hosts; what Enterprise Manager does not tell is null.",
                    computed=True,
                ),
            ],
        )

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return the hosts."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking hosts up")
        roots = self.manager.hierarchy_roots(deadline)
        return {"hierarchy_roots": [root._asdict() for root in roots]}
