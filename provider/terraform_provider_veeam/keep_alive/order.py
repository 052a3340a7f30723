"""An order to hold a session: which one, how it is reached, how long, and how often it is used."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any, Self

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.mount_sessions.record import SessionRecord

IDLE_LIMIT = "VEEAM_EM_IDLE_LIMIT"
NETWORK = (
    *("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"),
    *("NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""Variables that lead requests elsewhere, or decide whom they trust."""


def idle_limit(environment: Mapping[str, str] = os.environ) -> float:
    """Return after how many seconds Enterprise Manager ends an idle session. Raises ValueError."""
    try:
        return parse_duration(environment.get(IDLE_LIMIT) or "15m")
    except ValueError as error:
        raise ValueError(f"environment variable {IDLE_LIMIT}: {error}") from None


def network(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return how an environment leads requests to Enterprise Manager."""
    return {name: environment[name] for name in NETWORK if name in environment}


@lru_cache(16)  # those of a command are all the same
def _plain(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON has them, without a user's password."""
    return asdict(replace(settings, username=None, password=None, session_token=None))


@dataclass(frozen=True, slots=True)
class Order:
    """One order. It contains the session's token, so it only goes through a pipe or a socket."""

    settings: Settings
    record: SessionRecord
    idle_limit: float
    """Seconds after which Enterprise Manager ends an idle session."""
    seconds: float = math.inf
    terraform: int | None = None
    """The number of the process that it ends with, if it does."""
    name: str = ""
    """Of the restore point, for people."""
    at: float = 0.0
    """When it was given, by the clock that all processes share: the latest for a session counts."""
    used: float = -math.inf
    """When the session was last used, by the same clock."""
    network: dict[str, str] = field(default_factory=network)
    """See `network`."""

    def to_plain(self) -> dict[str, Any]:
        """Return what `from_plain` reads, without a user's password."""
        return {
            name: getattr(self, name)
            for name in ("idle_limit", "seconds", "terraform", "name", "at", "used", "network")
        } | {"settings": dict(_plain(self.settings)), "record": self.record.to_plain()}

    @classmethod
    def from_plain(cls, plain: Any) -> Self:
        """Read what `to_plain` returned. Raises ValueError."""
        try:
            terraform = plain["terraform"]
            return cls(
                settings=Settings(**plain["settings"]),
                record=SessionRecord.from_plain(plain["record"]),
                idle_limit=float(plain["idle_limit"]),
                seconds=float(plain["seconds"]),
                terraform=None if terraform is None else int(terraform),
                name=str(plain["name"]),
                at=float(plain["at"]),
                used=float(plain["used"]),
                network=dict(plain["network"]),
            )
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"that is no order: {error!r}") from error
