"""The data source `veeam_repositories`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.search import LOOK_UP_SECONDS
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, computed
from terraform_provider_veeam.plugin.schema import Schema
from terraform_provider_veeam.plugin.types import Number, String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State


class RepositoriesDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_repositories`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="The backup repositories, and the space that they have.",
            attributes=[
                ListNestedAttribute(
                    "repositories",
                    [
                        computed("id", String(), "UUID."),
                        computed("name", String(), "Name."),
                        computed(
                            "kind",
                            String(),
                            "What it is: `WindowsLocal`, `LinuxLocal`, `CifsShare`, `Nfs`, "
                            "`Extendable` (scale-out) and the like.",
                        ),
                        computed(
                            "capacity", Number(), "Bytes; null without a limit, or when not known."
                        ),
                        computed(
                            "free_space",
                            Number(),
                            "Bytes; null without a limit, or when not known.",
                        ),
                        computed("backup_server", String(), "Name of the backup server."),
                    ],
                    "The repositories, by name; what Enterprise Manager does not tell is null.",
                    computed=True,
                ),
            ],
        )

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return the repositories."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking repositories up")
        found = self.manager.repositories(deadline)
        return {
            "repositories": [
                one._asdict() for one in sorted(found, key=lambda one: (one.name or "").casefold())
            ]
        }
