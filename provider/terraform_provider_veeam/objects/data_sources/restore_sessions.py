"""The data source `veeam_restore_sessions`: what still holds disks."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.inventory.restore_sessions import RestoreSession
from terraform_provider_veeam.objects.base import DataSource, timeouts
from tfplugin.attribute import computed, found
from tfplugin.contexts import Context, State
from tfplugin.schema import Schema


class RestoreSessionsDataSource(DataSource):
    """`veeam_restore_sessions`."""

    operation = "Looking restore sessions up"
    schema = Schema(
        description="The file-level restores on the backup servers that have not stopped, also "
        "those of mount points whose logon session is lost. Enterprise Manager's API can't "
        "stop them.",
        attributes=[
            found(
                "restore_sessions",
                "The file-level restores, the newest first.",
                computed("id", "UUID."),
                computed("name", "Name, as the backup server shows it."),
                computed("machine_name", "The machine that is restored from."),
                computed("created_at", "When it began, RFC 3339 in UTC."),
                computed("backup_server", "Name of the backup server."),
                computed(
                    "restore_point_id",
                    "UUID of the restore point; null when Enterprise Manager does not say.",
                ),
                computed("restore_point_type", "`vm`, `replica` or `agent`; null with it."),
            ),
            timeouts(read="5m"),
        ],
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return what the backup servers show."""
        return {
            "restore_sessions": list(map(_described, self.em.restore_sessions.running(deadline)))
        }


def _described(restore: RestoreSession) -> State:
    ref = next(iter(restore.restore_points), None)
    return restore._asdict() | {
        "restore_point_id": ref and ref.id,
        "restore_point_type": ref and ref.type.value,
    }
