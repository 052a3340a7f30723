"""The data source `veeam_backup_servers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.search import LOOK_UP_SECONDS
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, computed
from terraform_provider_veeam.plugin.schema import Schema
from terraform_provider_veeam.plugin.types import String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State


class BackupServersDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_backup_servers`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="The backup servers that Enterprise Manager knows.",
            attributes=[
                ListNestedAttribute(
                    "backup_servers",
                    [
                        computed("id", String(), "UUID."),
                        computed("name", String(), "Name, as for `backup_server` of a search."),
                        computed("description", String(), "Description, as it was written."),
                        computed("address", String(), "Its IP address or DNS name."),
                        computed("version", String(), "Version of Veeam Backup & Replication."),
                    ],
                    "The backup servers; what Enterprise Manager does not tell is null.",
                    computed=True,
                ),
            ],
        )

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return the backup servers."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking backup servers up")
        found = self.manager.backup_servers(deadline)
        return {"backup_servers": [server._asdict() for server in found]}
