"""What Terraform keeps for a mount point in private state: the logon session that it lives in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from terraform_provider_veeam.em.models import LogonSession

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ = "read"


class MountSession(NamedTuple):
    """A mount's logon session and the Enterprise Manager that it belongs to."""

    base_url: str
    session: LogonSession
    imported: bool = False
    """Whether somebody else mounted, so that what was asked for is not known: take it over."""

    def to_private(self) -> bytes:
        """Return what Terraform keeps for us, out of sight, beside the mount's state."""
        return json.dumps(_to_plain(self)).encode()

    @classmethod
    def from_private(cls, private: bytes) -> Self | None:
        """Read what to_private wrote; None when there is nothing that can be read or used."""
        try:
            return cls(*_from_plain(json.loads(private)))
        except (ValueError, KeyError, TypeError):
            return None


class ReadSessions:
    """The sessions of the mount points that this process has read, for plans to carry on.

    A tainted mount is planned as a create which is told nothing of what it replaces, and what
    that plan returns as private is all that the old mount's delete will get. So it returns these.
    """

    def __init__(self) -> None:
        self._kept: dict[str, MountSession] = {}

    def add(self, kept: MountSession) -> None:
        """Take note of the session that a mount point was read in."""
        self._kept[kept.session.fingerprint] = kept

    def to_private(self) -> bytes:
        """Return what the plan of a create carries; nothing when nothing was read."""
        kept = {key: _to_plain(one) for key, one in self._kept.copy().items()}
        return json.dumps({_READ: kept}).encode() if kept else b""


def carried_session(private: bytes, state: Mapping[str, Any]) -> MountSession | None:
    """Return the session of a mount out of what ReadSessions wrote; None when it is not there."""
    try:
        return MountSession(*_from_plain(json.loads(private)[_READ][state["session_fingerprint"]]))
    except (ValueError, KeyError, TypeError):
        return None


def _to_plain(kept: MountSession) -> dict[str, Any]:
    return {
        "api_url": kept.base_url,
        "session_id": kept.session.session_id,
        "token": kept.session.token,
        "borrowed": kept.session.borrowed,
        "first_task": kept.session.first_task,
        "imported": kept.imported,
    }


def _from_plain(plain: Any) -> tuple[str, LogonSession, bool]:
    """Return the parts of a MountSession. Raises ValueError, KeyError or TypeError."""
    token = plain["token"]
    if not isinstance(token, str) or not (token and token.isascii() and token.isprintable()):
        raise ValueError("that is no token")  # no request could be sent with it
    session = LogonSession(
        session_id=plain["session_id"],
        token=token,
        borrowed=plain["borrowed"],
        first_task=plain["first_task"],
    )
    return plain["api_url"], session, plain["imported"]
