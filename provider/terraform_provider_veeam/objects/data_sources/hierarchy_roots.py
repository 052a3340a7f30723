"""The data source `veeam_hierarchy_roots`."""

from terraform_provider_veeam.objects import backup_server, checks
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import computed, found, optional

_TYPES = "`VC`, `ESX`, `ESXi`, `HvServer`, `HvCluster`, `Scvmm` or `VcdSystem`."


class HierarchyRootsDataSource(backup_server.BackupServerReader, DataSource):
    """`veeam_hierarchy_roots`."""

    operation = "Looking hosts up"
    schema = block(
        "The hosts of the virtual infrastructure that backup servers know: vCenter "
        "Servers, ESX and Hyper-V hosts and their likes.",
        checks.PATTERN,
        optional("type", f"What it is: {_TYPES}", check=checks.name),
        backup_server.attribute(),
        found(
            "hierarchy_roots",
            "The hosts; what Enterprise Manager does not tell is null.",
            computed("id", "UUID."),
            computed("name", "Name, as for `hierarchy_root` of a search."),
            computed("type", _TYPES),
            computed("backup_server", "Name of the backup server."),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the hosts."""
        there = self.em.hierarchy.roots(deadline)
        roots = self.matching(there, config, deadline, "name", "type")
        return {"hierarchy_roots": [root._asdict() for root in roots]}
