"""The data source `veeam_restore_points`: a search, the newest first."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects import checks, search, selection
from terraform_provider_veeam.objects.base import DataSource, block
from tfplugin.attribute import computed, found
from tfplugin.contexts import Context, State


class RestorePointsDataSource(search.RestorePointReader, DataSource):
    """`veeam_restore_points`."""

    operation = "Looking restore points up"
    schema = block(
        "Finds restore points. Enterprise Manager filters and sorts them; the newest comes first.",
        *search.search_attributes(),
        checks.limit(100, "; more are left out with a warning"),
        found(
            "restore_points",
            "The restore points that were found, the newest first.",
            *search.found_attributes(),
            computed("restore_point_type", "`vm`, `replica` or `agent`."),
            computed("machine_name", "Name of the VM or the computer."),
            computed("backup_server", "Name of the backup server."),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return what is found, at most as many as the limit says."""
        limit = config["limit"]
        wanted = self.wanted(config, deadline)
        points = self.em.restore_points.find(wanted, limit + 1, deadline)
        if not points:
            self.check_server(config, deadline)
        listed = selection.limited(ctx, points, limit, "restore points")
        return {"restore_points": [search.described(point) for point in listed]}
