"""An order to the keeper: which session to hold, and for how long."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.sessions.record import SessionRecord


@dataclass(frozen=True, slots=True)
class Order:
    """One order. It contains the session's token, so it only goes through a pipe or a socket."""

    settings: Settings
    record: SessionRecord
    seconds: float
    idle_limit: float
    """Seconds after which Enterprise Manager ends an idle session."""
    name: str = ""
    """Of the restore point, for people."""

    def to_plain(self) -> dict[str, Any]:
        """Return what `from_plain` reads, without a user's password."""
        settings = replace(self.settings, username=None, password=None, session_token=None)
        return {
            "settings": asdict(settings),
            "record": self.record.to_plain(),
            "seconds": self.seconds,
            "idle_limit": self.idle_limit,
            "name": self.name,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Self:
        """Read what `to_plain` returned. Raises ValueError."""
        try:
            return cls(
                settings=Settings(**plain["settings"]),
                record=SessionRecord.from_plain(plain["record"]),
                seconds=float(plain["seconds"]),
                idle_limit=float(plain["idle_limit"]),
                name=str(plain["name"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"that is no order: {error!r}") from error
