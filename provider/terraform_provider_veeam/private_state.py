"""What Terraform keeps for a mount point in private state: the logon session that it lives in."""

from __future__ import annotations

import json
from typing import NamedTuple, Self

from terraform_provider_veeam.em.models import LogonSession


class MountSession(NamedTuple):
    """A mount's logon session and the Enterprise Manager that it belongs to."""

    base_url: str
    session: LogonSession

    def to_private(self) -> bytes:
        """Return what Terraform keeps for us, out of sight, beside the mount's state."""
        kept = {
            "api_url": self.base_url,
            "session_id": self.session.session_id,
            "token": self.session.token,
            "borrowed": self.session.borrowed,
            "first_task": self.session.first_task,
        }
        return json.dumps(kept).encode()

    @classmethod
    def from_private(cls, private: bytes) -> Self | None:
        """Read what to_private wrote; None when there is nothing that can be read."""
        try:
            kept = json.loads(private)
            session = LogonSession(
                session_id=kept["session_id"],
                token=kept["token"],
                borrowed=kept["borrowed"],
                first_task=kept.get("first_task"),
            )
            return cls(kept["api_url"], session)
        except (ValueError, KeyError, TypeError):
            return None
