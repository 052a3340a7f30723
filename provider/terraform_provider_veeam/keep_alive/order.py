"""What a keeper is told: which session to hold, for which mount points, and how long."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from terraform_provider_veeam.em.holding import DEFAULT_IDLE_LIMIT
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.settings import Settings


@dataclass(frozen=True, slots=True)
class Order:
    """One order. It holds the session's token: it goes through a pipe or a socket only."""

    settings: Settings
    session: LogonSession = field(repr=False)
    hrefs: tuple[str, ...]
    """Paths of the mount points below `/api`."""
    seconds: float
    idle_limit: float = DEFAULT_IDLE_LIMIT
    """Seconds."""

    def to_json(self) -> str:
        """Return the order in one line, without a user's password."""
        settings = replace(self.settings, username=None, password=None, session_token=None)
        return json.dumps(
            {
                "settings": asdict(settings),
                "session": list(self.session),
                "hrefs": list(self.hrefs),
                "seconds": self.seconds,
                "idle_limit": self.idle_limit,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what to_json wrote. Raises ValueError."""
        try:
            told: dict[str, Any] = json.loads(text)
            return cls(
                settings=Settings(**told["settings"]),
                session=LogonSession(*told["session"]),
                hrefs=tuple(told["hrefs"]),
                seconds=float(told["seconds"]),
                idle_limit=float(told["idle_limit"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no order: {error}") from error
