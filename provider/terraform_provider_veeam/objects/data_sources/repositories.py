"""The data source `veeam_repositories`."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects import checks, repositories
from terraform_provider_veeam.objects.base import DataSource, block
from tfplugin.attribute import computed, found
from tfplugin.contexts import Context, State


class RepositoriesDataSource(repositories.RepositoryReader, DataSource):
    """`veeam_repositories`."""

    operation = "Looking repositories up"
    schema = block(
        "The backup repositories, and the space that they have.",
        checks.pattern(),
        *repositories.search_attributes(),
        found(
            "repositories",
            "The repositories, by name; what Enterprise Manager does not tell is null.",
            computed("name", "Name."),
            computed("type", "What it is."),
            computed("backup_server", "Name of the backup server."),
            *repositories.found_attributes(),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the repositories, by name."""
        there = self.repositories(config, deadline)
        by_name = sorted(there, key=lambda one: (one.name or "").casefold())
        return {"repositories": [one._asdict() for one in by_name]}
