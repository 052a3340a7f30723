"""The data source `veeam_hierarchy_roots`."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects.base import DataSource, timeouts
from tfplugin.attribute import computed, found
from tfplugin.contexts import Context, State
from tfplugin.schema import Schema


class HierarchyRootsDataSource(DataSource):
    """`veeam_hierarchy_roots`."""

    operation = "Looking hosts up"
    schema = Schema(
        description="The hosts of the virtual infrastructure that backup servers know: vCenter "
        "Servers, ESX and Hyper-V hosts and their likes.",
        attributes=[
            found(
                "hierarchy_roots",
                "The hosts; what Enterprise Manager does not tell is null.",
                computed("id", "UUID."),
                computed("name", "Name, as for `hierarchy_root` of a search."),
                computed(
                    "type", "`VC`, `ESX`, `ESXi`, `HvServer`, `HvCluster`, `Scvmm` or `VcdSystem`."
                ),
                computed("backup_server", "Name of the backup server."),
            ),
            timeouts(read="5m"),
        ],
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the hosts."""
        roots = self.em.hierarchy.roots(deadline)
        return {"hierarchy_roots": [root._asdict() for root in roots]}
