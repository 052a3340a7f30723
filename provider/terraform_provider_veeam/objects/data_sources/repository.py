"""The data source `veeam_repository`: exactly one."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects import checks, repositories, selection
from terraform_provider_veeam.objects.base import DataSource, block
from tfplugin.contexts import Context, State


class RepositoryDataSource(repositories.RepositoryReader, DataSource):
    """`veeam_repository`."""

    operation = "Looking the repository up"
    schema = block(
        "Finds one backup repository, and the space that it has. Finding none is an "
        "error, and so is finding several.",
        checks.whole_name(),
        *repositories.search_attributes(computes=True),
        *repositories.found_attributes(),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the one that is found."""
        return selection.only(
            self.repositories(config, deadline),
            config["name"],
            ("repository", "repositories"),
            lambda one: (one.id, one.name, one.type, one.backup_server),
            lambda: [one.name or one.id for one in self.em.repositories.list(deadline)],
        )._asdict()
