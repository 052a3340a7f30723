"""The data source `veeam_hierarchy_object`: a VM or another object, by name."""

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.inventory.hierarchy import OBJECT_TYPES
from terraform_provider_veeam.objects import checks, hierarchy
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import computed, optional

_TYPES = sorted({kind for kinds in OBJECT_TYPES.values() for kind in kinds})


class HierarchyObjectDataSource(hierarchy.HierarchyReader, DataSource):
    """`veeam_hierarchy_object`."""

    operation = "Looking the object up"
    schema = block(
        "Finds a VM, or another object of the virtual infrastructure, by name, "
        "and returns the reference that jobs and backups know it by. Finding none is an "
        "error, and so is finding several.",
        checks.WHOLE_NAME,
        optional(
            "type",
            "Type of the object: `Vm` (default), `Folder`, `Host`, `Cluster`, `Tag`, "
            "`ResourcePool`, `Datastore`, `Datacenter`, `VmGroup` and the others that "
            "Enterprise Manager has.",
            check=checks.one_of(_TYPES, any_case=True),
            fallback=hierarchy.DEFAULT_TYPE,
            computed=True,
        ),
        hierarchy.root_attribute(computed=True),
        optional(
            "wait_up_to",
            "How long to wait for an object that is not there yet, like `10m`: Enterprise Manager "
            "may take a while to know a VM that was just made. Default: not at all. A plan waits, "
            "too, for an object that has gone; `terraform destroy -refresh=false` does not.",
            check=parse_duration,
        ),
        computed("ref", "Reference, `urn:PLATFORM:TYPE:ROOT.ID`.", hierarchy.HierarchyRef()),
        computed("backup_server", "Name of the backup server that knows its host."),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the one that is found."""
        patience = config["wait_up_to"] or 0.0
        found = self.find_by_name(config, config["type"], deadline, patience=patience)
        return {
            "type": found.type or config["type"],
            "ref": found.ref,
            "hierarchy_root": found.root and found.root.name,
            "backup_server": found.root and found.root.backup_server,
        }
