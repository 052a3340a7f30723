"""The data source `veeam_backup_server`: exactly one."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects import backup_server, checks, selection
from terraform_provider_veeam.objects.base import DataSource, block
from tfplugin.contexts import Context, State


class BackupServerDataSource(DataSource):
    """`veeam_backup_server`."""

    operation = "Looking the backup server up"
    schema = block(
        "Finds one of the backup servers that Enterprise Manager knows. Finding none is an error.",
        checks.whole_name(),
        *backup_server.found_attributes(),
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
