"""The data source `veeam_backup_servers`."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects import backup_server, checks, selection
from terraform_provider_veeam.objects.base import DataSource, block
from tfplugin.attribute import computed, found
from tfplugin.contexts import Context, State


class BackupServersDataSource(DataSource):
    """`veeam_backup_servers`."""

    operation = "Looking backup servers up"
    schema = block(
        "The backup servers that Enterprise Manager knows.",
        checks.pattern(),
        found(
            "backup_servers",
            "The backup servers; what Enterprise Manager does not tell is null.",
            computed("name", "Name, as for `backup_server` of a search."),
            *backup_server.found_attributes(),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the backup servers."""
        servers = self.em.backup_servers.list(deadline)
        wanted = selection.matching(servers, {"name": config["name"]})
        return {"backup_servers": [server._asdict() for server in wanted]}
