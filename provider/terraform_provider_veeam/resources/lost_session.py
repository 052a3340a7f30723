"""What a person is told of a mount point whose logon session has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import EnterpriseManagerError

if TYPE_CHECKING:
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.models import RestorePointRef
    from terraform_provider_veeam.em.waiting import Deadline
    from terraform_provider_veeam.plugin.interfaces import Context, State


def warn_of_lost_session(ctx: Context, state: State, consequence: str, disks: str) -> None:
    """Warn that a mount point went with its session, and say what became of its disks."""
    ctx.diagnostics.add_warning(
        f"Mount point {state['id']} is gone: its logon session has ended",
        f"Enterprise Manager ends a logon session after 15 idle minutes, and its mount points "
        f"with it. It no longer knows logon session {state['session_fingerprint']}, in which "
        f"{state['restore_point_name'] or state['restore_point_id']} was mounted. {consequence}\n"
        + disks,
    )


def disks_of(manager: EnterpriseManager, ref: RestorePointRef, deadline: Deadline) -> str:
    """Return what the backup server shows of a mount point whose session is lost."""
    try:
        working = [
            restore
            for restore in manager.working_restores(deadline)
            if ref in restore.restore_points
        ]
    except EnterpriseManagerError as error:
        return (
            "Whether the backup server still holds its disks could not be found out: "
            f"{error.summary}."
        )
    if not working:
        return "The backup server shows no working file-level restore of it: its disks are free."
    names = ", ".join(restore.name for restore in working)
    return (
        f"The backup server still shows a working file-level restore of it ({names}), which may "
        "hold its disks. Enterprise Manager's API can't stop it: it ends by itself when it has "
        "been idle, or in the console of Veeam Backup & Replication (Stop Session)."
    )
