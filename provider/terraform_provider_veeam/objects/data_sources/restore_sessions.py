"""The data source `veeam_restore_sessions`: what still holds disks."""

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


class RestoreSessionsDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_restore_sessions`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="The file-level restores on the backup servers that have not stopped, also "
            "those of mount points whose logon session is lost. Enterprise Manager's API can't "
            "stop them.",
            attributes=[
                ListNestedAttribute(
                    "restore_sessions",
                    [
                        computed("name", String(), "Name, as the backup server shows it."),
                        computed("machine_name", String(), "The machine that is restored from."),
                        computed("created_at", String(), "When it began, RFC 3339 in UTC."),
                        computed("backup_server", String(), "Name of the backup server."),
                        computed(
                            "restore_point_id",
                            String(),
                            "UUID of the restore point; null when Enterprise Manager does not say.",
                        ),
                    ],
                    "The file-level restores, the newest first.",
                    computed=True,
                ),
            ],
        )

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return what the backup servers show."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking restore sessions up")
        return {
            "restore_sessions": [
                {
                    "name": restore.name,
                    "machine_name": restore.machine_name,
                    "created_at": restore.created_at,
                    "backup_server": restore.backup_server,
                    "restore_point_id": restore.restore_points[0].id
                    if restore.restore_points
                    else None,
                }
                for restore in self.manager.running_restores(deadline)
            ]
        }
