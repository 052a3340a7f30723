"""How a block says which mount point it means, and in which logon session that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from terraform_provider_veeam import handover
from terraform_provider_veeam.config import parse_session_token
from terraform_provider_veeam.em.models import LogonSession, RestorePointRef
from terraform_provider_veeam.identifiers import format_mount_point_id, parse_mount_point_id
from terraform_provider_veeam.plugin.interfaces import Attribute, Refused
from terraform_provider_veeam.plugin.types import String, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from terraform_provider_veeam.em.errors import NotFound, SessionExpired
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.waiting import Deadline
    from terraform_provider_veeam.plugin.interfaces import State, ValidateContext


_PARSERS: dict[str, Callable[[str], Any]] = {
    "mount_point_id": parse_mount_point_id,
    "session_token": parse_session_token,
}


class MountReference(NamedTuple):
    """A mount point, and the logon session that it is looked for in."""

    session: LogonSession
    restore_point: RestorePointRef
    mount_id: int

    def __str__(self) -> str:
        return format_mount_point_id(self.restore_point, self.mount_id)

    def missing(self, error: NotFound) -> Refused:
        """Return the error for a session that does not have the mount point."""
        return Refused(
            "Mount point not found",
            f"{error.detail}\nThere is no {self} in {self.session}. A mount point "
            "can only be reached in the session that made it: set session_id to the "
            "veeam_mount_point's own, or session_token.",
            path=["mount_point_id"],
        )

    def lost(self, error: SessionExpired) -> Refused:
        """Return the error for a session that has ended."""
        return Refused(
            f"Mount point {self} is gone: its logon session has ended",
            f"{error.detail}\nApply again: Terraform then sees that the mount point is gone and "
            "mounts anew.",
            path=["mount_point_id"],
        )


def reference_attributes(*, write_only: bool = False) -> list[Attribute]:
    """Return what a user writes to name a mount point; the token may be write-only."""
    found = [
        Attribute(
            "mount_point_id",
            String(),
            "Id of the mount point, `TYPE/RESTORE_POINT_UUID/MOUNT_ID`: `id` of a "
            "`veeam_mount_point`.",
            required=True,
        ),
        session_attribute(
            "the session of the managed mount point that has this id, else the provider's own"
        ),
    ]
    if write_only:
        found.append(
            Attribute(
                "session_token",
                String(),
                "Token of the logon session that has the mount point, when it is neither the "
                "provider's nor that of a managed mount in the same command. May be an ephemeral "
                "value; it is stored nowhere.",
                optional=True,
                write_only=True,
            )
        )
    return found


def session_attribute(default: str = "the provider's own") -> Attribute:
    """Return the attribute that names a logon session."""
    return Attribute(
        "session_id",
        String(),
        "Id of the logon session to look in: `session_id` of a `veeam_mount_point` of this "
        f"configuration. Default: {default}.",
        optional=True,
    )


def validate_reference(ctx: ValidateContext, config: State) -> None:
    """Check what can be checked without the server."""
    for name, parse in _PARSERS.items():
        value = config.get(name)
        if value is None or value is Unknown:
            continue
        try:
            parse(value)
        except ValueError as error:
            ctx.diagnostics.add_error(f"Invalid {name}", str(error), path=[name])


def find_mount(manager: EnterpriseManager, config: State, deadline: Deadline) -> MountReference:
    """Return the mount point that a block names, with its session. Raises Refused.

    The token of a managed mount's session is in private state: known is what this process has
    read or mounted, and what the plan of this command has read.
    """
    restore_point, mount_id = _parsed(config, "mount_point_id")
    known = manager.sessions_with(restore_point, mount_id)
    if config.get("session_token"):
        token = _parsed(config, "session_token")
        session = LogonSession(config["session_id"], token, borrowed=True)
    elif config["session_id"]:
        session = find_session(manager, config["session_id"], deadline)
    elif len(known) > 1:
        ids = ", ".join(str(session.session_id) for session in known)
        raise Refused(
            "Several logon sessions have that mount point",
            f"The numbers of mount points begin anew in each logon session, and {ids} each have "
            f"{config['mount_point_id']}. Set session_id.",
            path=["session_id"],
        )
    else:
        session = known[0] if known else manager.session(deadline)
    return MountReference(session, restore_point, mount_id)


def _parsed(config: State, name: str) -> Any:
    """Return what an attribute says, which may not have been known before. Raises Refused."""
    try:
        return _PARSERS[name](config[name])
    except ValueError as error:
        raise Refused(f"Invalid {name}", str(error), path=[name]) from error


def find_session(manager: EnterpriseManager, session_id: Any, deadline: Deadline) -> LogonSession:
    """Return the logon session of an id, the provider's own for None. Raises Refused."""
    if session_id is None:
        return manager.session(deadline)
    session = manager.known_session(session_id) or handover.find(session_id, manager.base_url)
    if session is None and manager.session_is_borrowed:
        own = manager.session(deadline)
        session = own if own.session_id in (None, session_id) else None
    if session is None:
        raise Refused(
            "The logon session is not at hand",
            f"Logon session {session_id} is that of no veeam_mount_point which this command has "
            "read or made, and its token is known nowhere else. A saved plan that is applied by "
            "another command does not read the mount point again: apply without a saved plan, "
            "or set session_token.",
            path=["session_id"],
        )
    return session
