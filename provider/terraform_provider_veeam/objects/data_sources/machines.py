"""The data source `veeam_machines`: what has restore points, and from when to when."""

from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.objects import search
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import computed, found
from tfplugin.types import List, Number, String


class MachinesDataSource(search.RestorePointReader, DataSource):
    """`veeam_machines`."""

    operation = "Looking machines up"
    schema = block(
        "Lists the machines that have restore points: VMs, replicas and the computers of agents.",
        *search.search_attributes(family=None),
        found(
            "machines",
            "The machines by name; one that is backed up in two ways is in it twice.",
            computed("machine_name", "Name of the VM or the computer."),
            computed("restore_point_type", "`vm`, `replica` or `agent`."),
            computed(
                "restore_point_count",
                "How many of its restore points meet the conditions.",
                Number(),
            ),
            computed("oldest_at", "When the oldest was created, RFC 3339 in UTC."),
            computed("newest_at", "When the newest was created, RFC 3339 in UTC."),
            computed(
                "backup_servers", "Names of the backup servers that they are on.", List(String())
            ),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return what is found; a family that the account may not see is only warned of."""
        kind = config["restore_point_type"]
        families = tuple(RestorePointType) if kind is None else (kind,)
        machines, left_out = self.em.machines.find(
            self.wanted(config, deadline), deadline, families
        )
        if not machines:
            self.check_server(config, deadline)
        if left_out:
            names = " and ".join(f'"{family}"' for family in left_out)
            ctx.diagnostics.add_warning(
                "Not all machines are listed",
                f"Without restore_point_type all families are searched, but not {names}:\n"
                + "\n".join(error.detail for error in left_out.values()),
                path=["restore_point_type"],
            )
        return {
            "machines": [
                one._asdict() | {"machine_name": one.name, "restore_point_type": one.type}
                for one in machines
            ]
        }
