"""The logon session that a mount point lives in: kept in private state, and what became of it.

A mount is never read or deleted through another session: there, its number may be another mount's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam import handover
from terraform_provider_veeam.em.errors import AccessDenied, EnterpriseManagerError
from terraform_provider_veeam.private_state import MountSession, carried_session

if TYPE_CHECKING:
    from terraform_provider_veeam.em.errors import SessionExpired
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.em.waiting import Deadline
    from terraform_provider_veeam.plugin.interfaces import (
        DeleteContext,
        ReadContext,
        State,
        UpdateContext,
    )


class SessionGone(Exception):
    """The mount's logon session no longer exists, and the mount went with it."""


class SessionOutOfReach(EnterpriseManagerError):
    """The mount's logon session may well live, but this configuration can't use it."""


def keep_own_session(ctx: DeleteContext, state: State) -> None:
    """Have private state hold the mount's own session, whatever happens after this.

    A mount that was planned as tainted comes with the sessions of all that the plan has read, and
    a delete that fails must leave the one that the next try needs.
    """
    carried = carried_session(ctx.private, state)
    if carried is not None:
        ctx.private = carried.to_private()


def find_session(
    manager: EnterpriseManager,
    ctx: ReadContext | UpdateContext | DeleteContext,
    state: State,
    deadline: Deadline,
) -> LogonSession:
    """Return the logon session that a mount was made in, from its private state.

    Raises SessionGone, or SessionOutOfReach when the token is missing or belongs to a server at
    another address. Sends nothing unless one of the two has to be told apart.
    """
    kept = MountSession.from_private(ctx.private) or carried_session(ctx.private, state)
    if kept is None:
        left = handover.find(state["session_fingerprint"], manager.base_url)
        kept = MountSession(manager.base_url, left) if left else None
    if kept is None:
        raise SessionOutOfReach(
            "The mount point's logon session can't be used",
            "The state holds no token of the logon session that made this mount point, perhaps "
            "because it was edited by hand, or because the mount point is tainted and the plan "
            "did not read it (-refresh=false). Import the mount point with session_token set in "
            "the provider, or remove it from the state (terraform state rm): Enterprise Manager "
            "drops it when its session has been idle for 15 minutes.",
        )
    if kept.base_url != manager.base_url and (
        not kept.session.session_id or manager.session_is_gone(kept.session.session_id, deadline)
    ):
        # The ids of sessions are GUIDs: were it known here, this would be the same server.
        raise SessionOutOfReach(
            "The mount point belongs to another Enterprise Manager",
            f"It was made through {kept.base_url}, the provider is set to {manager.base_url}, "
            "where its logon session is not known. Set url back to where it was. If that "
            "session has been idle for 15 minutes the mount point is gone, and can be removed "
            "from the state (terraform state rm).",
        )
    ctx.private = kept.to_private()
    return kept.session


def confirm_gone(
    manager: EnterpriseManager, session: LogonSession, refused: SessionExpired, deadline: Deadline
) -> None:
    """Return when a session whose token was refused is really gone; raise SessionOutOfReach else.

    Enterprise Manager is asked for it by its id, in a session of our own.
    """
    if session.session_id is None:
        manager.session(deadline)  # the server answers us, so its refusal can be believed
        return
    try:
        is_gone = manager.session_is_gone(session.session_id, deadline)
    except AccessDenied as error:
        raise SessionOutOfReach(
            "Enterprise Manager refuses the mount point's logon session",
            f"Whether {session} has ended can't be found out: "
            f"{error.detail}\nThe mount point stays in the state. If that session has been idle "
            "for 15 minutes the mount point is gone, and can be removed from the state (terraform "
            "state rm).",
        ) from refused
    if not is_gone:
        raise SessionOutOfReach(
            "Enterprise Manager refuses the mount point's logon session",
            f"It still lists {session} but refuses its token. "
            "The mount point stays in the state. Try again later: after 15 idle minutes the "
            "session ends, and the mount point with it.",
        ) from refused
