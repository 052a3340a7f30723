"""A mount's session that can't be used: what a person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import (
    AccessDenied,
    EnterpriseManagerError,
    SessionOutOfReach,
)
from terraform_provider_veeam.em.models import IDLE_LIMIT, RestorePointRef
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.mount_sessions.record import SessionRecord

if TYPE_CHECKING:
    from terraform_provider_veeam.em.client import EnterpriseManager


def check_server(em: EnterpriseManager, record: SessionRecord, deadline: Deadline) -> None:
    """Raise SessionOutOfReach for a session of an Enterprise Manager that is not configured."""
    if record.base_url == em.base_url:
        return
    # Ids of sessions are secret GUIDs: a server that lists this one is the same server.
    session_id = record.session.session_id
    why = "where its logon session is not listed"
    try:
        if session_id is not None and em.sessions.lists(session_id, deadline):
            return
    except AccessDenied:
        why = "where this account may not list logon sessions"
    raise SessionOutOfReach(
        "The mount point belongs to another Enterprise Manager",
        f"It was made through {record.base_url}, the provider is set to {em.base_url}, {why}. "
        f"Set url back to where it was. If that session has been idle for {IDLE_LIMIT} the mount "
        "point is gone, and can be removed from the state (terraform state rm).",
    )


def no_token() -> SessionOutOfReach:
    """Return the error for a mount point whose session is not at hand."""
    return SessionOutOfReach(
        "The mount point's logon session can't be used",
        "Terraform has sent no token of the logon session that made this mount point.\nA tainted "
        "mount point has to be read before it is replaced: run the command again without "
        "-refresh=false.\nA state that was edited by hand may have lost the token: then remove the "
        "mount point from the state (terraform state rm). Enterprise Manager drops it when its "
        f"session has been idle for {IDLE_LIMIT}. Or import it with the token of its session as "
        "session_token in the provider.",
    )


def disks_of(em: EnterpriseManager, ref: RestorePointRef, deadline: Deadline) -> str:
    """Return what the backup server shows of a mount point whose session is lost."""
    try:
        running = [
            restore
            for restore in em.restore_sessions.running(deadline)
            if ref in restore.restore_points
        ]
    except EnterpriseManagerError as error:
        return (
            "Whether the backup server still holds its disks could not be found out: "
            f"{error.summary}."
        )
    if not running:
        return "The backup server shows no file-level restore of it that is still running."
    names = ", ".join(printable(restore.name) for restore in running)
    return (
        f"The backup server still shows a working file-level restore of it ({names}), which may "
        "hold its disks. Enterprise Manager's API can't stop it: it ends by itself when it has "
        "been idle, or in the console of Veeam Backup & Replication (Stop Session)."
    )
