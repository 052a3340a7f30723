"""The data source `veeam_restore_sessions`: what still holds disks."""

from terraform_provider_veeam.em.inventory.restore_sessions import RestoreSession
from terraform_provider_veeam.em.times import Time
from terraform_provider_veeam.objects import backup_server, checks, search
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import computed, found, optional


class RestoreSessionsDataSource(backup_server.BackupServerReader, DataSource):
    """`veeam_restore_sessions`."""

    operation = "Looking restore sessions up"
    schema = block(
        "The file-level restores on the backup servers that have not stopped, also those of mount "
        "points whose logon session is lost. Enterprise Manager's API can't stop them.",
        optional(
            "machine_name",
            "Name of the machine that is restored from; `*` stands for anything.",
            check=checks.name,
        ),
        *search.time_and_server(),
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
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return what the backup servers show."""
        running = self.em.restore_sessions.running(deadline)
        bounds = config["created_after"], config["created_before"]
        within = (
            one
            for one in running
            if bounds == (None, None)
            or (one.created_at and Time.parse(one.created_at).is_within(*bounds))
        )
        there = self.matching(within, config, deadline, "machine_name")
        return {"restore_sessions": list(map(_described, there))}


def _described(restore: RestoreSession) -> State:
    ref = next(iter(restore.restore_points), None)
    return restore._asdict() | {
        "restore_point_id": ref and ref.id,
        "restore_point_type": ref and ref.type.value,
    }
