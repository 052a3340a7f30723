"""The data source `veeam_backup_servers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tf.schema import Attribute, Schema
from tf.types import List, String

from terraform_provider_veeam.configured import manager_or_defer
from terraform_provider_veeam.data_sources.search import deadline_of
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.types import Object

if TYPE_CHECKING:
    from terraform_provider_veeam.configured import Configured
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State

_NAMES = ("id", "name", "description", "address", "version")


class BackupServersDataSource(interfaces.DataSource):
    """`veeam_backup_servers`."""

    def __init__(self, provider: Configured) -> None:
        self._provider = provider

    @classmethod
    def get_name(cls) -> str:
        """Return the name after the provider's prefix."""
        return "backup_servers"

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="The backup servers that Enterprise Manager knows.",
            attributes=[
                Attribute(
                    "backup_servers",
                    List(Object(dict.fromkeys(_NAMES, String()))),
                    "Objects with `id` (UUID), `name`, `description`, `address` (IP or DNS name) "
                    "and `version`; what Enterprise Manager does not tell is null.",
                    computed=True,
                ),
            ],
        )

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return the backup servers."""
        manager = manager_or_defer(self._provider, ctx)
        if manager is None:
            return None
        deadline = deadline_of(self._provider, ctx, "Looking backup servers up")
        found = manager.backup_servers(deadline)
        return {"backup_servers": [server._asdict() for server in found]}
