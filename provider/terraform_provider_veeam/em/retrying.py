"""When a request is tried again, and after how long."""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PASSING_STATUSES = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter; a server's own wish (Retry-After) comes first."""

    max_retries: int
    random: Callable[[], float]
    first: float = 0.5
    """Seconds; doubled each time."""
    longest: float = 15.0
    """Seconds."""

    def pause(self, retries: int, retry_after: float | None = None) -> float | None:
        """Return the seconds before the next try, after so many retries; None to give up."""
        if retries >= self.max_retries:
            return None
        if retry_after is not None:
            return retry_after
        bound = min(self.longest, self.first * 2.0**retries)
        return bound * (0.5 + self.random() / 2)


def retry_after_seconds(value: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds that a Retry-After header asks for; None when it says nothing usable."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - now())
