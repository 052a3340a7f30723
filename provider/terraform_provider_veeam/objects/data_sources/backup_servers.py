"""The data sources `veeam_backup_server`, exactly one, and `veeam_backup_servers`."""

from terraform_provider_veeam.objects import checks, selection
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import computed, found

_FOUND = (
    computed("id", "UUID."),
    computed("description", "Description, as it was written."),
    computed("address", "Its IP address or DNS name."),
    computed("version", "Version of Veeam Backup & Replication."),
)


class BackupServerDataSource(DataSource):
    """`veeam_backup_server`."""

    operation = "Looking the backup server up"
    schema = block(
        "Finds one of the backup servers that Enterprise Manager knows. Finding none is an error.",
        checks.WHOLE_NAME,
        *_FOUND,
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the one that is found."""
        servers = self.em.backup_servers.list(deadline)
        return selection.only(
            selection.matching(servers, {"name": config["name"]}),
            config["name"],
            ("backup server", "backup servers"),
            lambda one: (one.id, one.name, one.address),
            lambda: [one.name or one.id for one in servers],
        )._asdict()


class BackupServersDataSource(DataSource):
    """`veeam_backup_servers`."""

    operation = "Looking backup servers up"
    schema = block(
        "The backup servers that Enterprise Manager knows.",
        checks.PATTERN,
        found(
            "backup_servers",
            "The backup servers; what Enterprise Manager does not tell is null.",
            computed("name", "Name, as for `backup_server` of a search."),
            *_FOUND,
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the backup servers."""
        servers = self.em.backup_servers.list(deadline)
        wanted = selection.matching(servers, {"name": config["name"]})
        return {"backup_servers": [server._asdict() for server in wanted]}
