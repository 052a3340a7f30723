"""A mount's logon session in its one serialised form: private state, plans, hand-over, orders."""

import json
from typing import Any, NamedTuple, Self

from terraform_provider_veeam.em.models import LogonSession


class SessionRecord(NamedTuple):
    """A logon session, the Enterprise Manager it belongs to, and the mount point in it."""

    base_url: str
    session: LogonSession
    href: str
    """Path of the mount point below `/api`."""
    imported: bool = False
    """Whether it was imported: which os_kind it was mounted for is then not known."""

    @property
    def fingerprint(self) -> str:
        """Tells the session from others, and gives no access to it."""
        return self.session.fingerprint

    def to_plain(self) -> dict[str, Any]:
        """Return what `from_plain` reads. It holds the token."""
        return {
            "api_url": self.base_url,
            "session_id": self.session.session_id,
            "token": self.session.token,
            "borrowed": self.session.borrowed,
            "href": self.href,
            "imported": self.imported,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Self:
        """Read what `to_plain` returned. Raises ValueError for what can't be read or used."""
        match plain:
            case {
                "api_url": str(url),
                "session_id": str() | None as session_id,
                "token": str(token),
                "borrowed": bool(borrowed),
                "href": str(href),
                "imported": bool(imported),
            } if token and all(map(_can_be_sent, (url, session_id or "", token, href))):
                return cls(url, LogonSession(session_id, token, borrowed), href, imported)
        raise ValueError("that is not a session")

    def to_bytes(self) -> bytes:
        """Return the record as Terraform's private state and files hold it."""
        return json.dumps(self.to_plain()).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Self | None:
        """Read what `to_bytes` returned; None for anything else."""
        try:
            return cls.from_plain(json.loads(text))
        except (ValueError, RecursionError):
            return None


def _can_be_sent(text: str) -> bool:
    return text.isascii() and text.isprintable()
