"""The data source `veeam_repositories`."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects.base import DataSource, timeouts
from tfplugin.attribute import computed, found
from tfplugin.contexts import Context, State
from tfplugin.schema import Schema
from tfplugin.types import Number

_BYTES = "Bytes; null without a limit, or when not known."


class RepositoriesDataSource(DataSource):
    """`veeam_repositories`."""

    operation = "Looking repositories up"
    schema = Schema(
        description="The backup repositories, and the space that they have.",
        attributes=[
            found(
                "repositories",
                "The repositories, by name; what Enterprise Manager does not tell is null.",
                computed("id", "UUID."),
                computed("name", "Name."),
                computed(
                    "type",
                    "What it is: `WindowsLocal`, `LinuxLocal`, `CifsShare`, `Nfs`, "
                    "`Extendable` (scale-out) and the like.",
                ),
                computed("capacity", _BYTES, Number()),
                computed("free_space", _BYTES, Number()),
                computed("backup_server", "Name of the backup server."),
            ),
            timeouts(read="5m"),
        ],
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the repositories."""
        there = self.em.repositories.list(deadline)
        by_name = sorted(there, key=lambda one: (one.name or "").casefold())
        return {"repositories": [one._asdict() for one in by_name]}
