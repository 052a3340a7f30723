"""The data sources `veeam_repository`, exactly one, and `veeam_repositories`."""

from terraform_provider_veeam.objects import checks, selection
from terraform_provider_veeam.objects.backup_server import BackupServerReader, attribute
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import Attribute, computed, found, optional
from tfplugin.types import Number

_TYPES = "`WindowsLocal`, `LinuxLocal`, `CifsShare`, `Nfs`, `Extendable` (scale-out) and the like."
_BYTES = "Bytes; null without a limit, or when not known."
_FOUND = (
    computed("id", "UUID."),
    computed("capacity", _BYTES, Number()),
    computed("free_space", _BYTES, Number()),
)


def _search_attributes(*, computes: bool = False) -> list[Attribute]:
    return [
        optional("type", f"What it is: {_TYPES}", check=checks.name, computed=computes),
        attribute(computed=computes),
    ]


class RepositoryDataSource(BackupServerReader, DataSource):
    """`veeam_repository`."""

    operation = "Looking the repository up"
    schema = block(
        "Finds one backup repository, and the space that it has. Finding none is an error, and so "
        "is finding several.",
        checks.WHOLE_NAME,
        *_search_attributes(computes=True),
        *_FOUND,
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the one that is found."""
        there = self.em.repositories.list(deadline)
        return selection.only(
            self.matching(there, config, deadline, "name", "type"),
            config["name"],
            ("repository", "repositories"),
            lambda one: (one.id, one.name, one.type, one.backup_server),
            lambda: [one.name or one.id for one in there],
        )._asdict()


class RepositoriesDataSource(BackupServerReader, DataSource):
    """`veeam_repositories`."""

    operation = "Looking repositories up"
    schema = block(
        "The backup repositories, and the space that they have.",
        checks.PATTERN,
        *_search_attributes(),
        found(
            "repositories",
            "The repositories, by name; what Enterprise Manager does not tell is null.",
            computed("name", "Name."),
            computed("type", "What it is."),
            computed("backup_server", "Name of the backup server."),
            *_FOUND,
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the repositories, by name."""
        there = self.em.repositories.list(deadline)
        wanted = self.matching(there, config, deadline, "name", "type")
        by_name = sorted(wanted, key=lambda one: (one.name or "").casefold())
        return {"repositories": [one._asdict() for one in by_name]}
