"""How long an operation may take, and the clock behind it. A stop ends every wait at once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from terraform_provider_veeam.em.errors import DeadlinePassed, Stopped

_SLICE = 0.05  # seconds between two looks at a lock
_SILENCE = 1.0  # seconds without an answer, after which nobody waits who was told to stop


Thing = TypeVar("Thing")


class Clock(Protocol):
    """Time, handed in so that tests of waiting need not wait."""

    def monotonic(self) -> float:
        """Return seconds since some moment in the past."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, at most that many seconds; tell whether it is."""
        return event.wait(seconds)


class _SystemClock(Clock):
    """The computer's own clock."""


SYSTEM_CLOCK = _SystemClock()


class _Silence:
    """Since when a server has not answered somebody who waits for the end, by the world's clock."""

    since: float | None = None


class Deadline:
    """How long an operation may take, which a stop may end; `setting` would allow more."""

    def __init__(
        self,
        operation: str,
        seconds: float,
        *,
        stop: threading.Event,
        clock: Clock = SYSTEM_CLOCK,
        setting: str | None = None,
    ) -> None:
        self.operation = operation
        self.seconds = seconds
        self.clock = clock
        self.setting = setting
        self.stop = stop
        self._end = clock.monotonic() + seconds
        self._asked: threading.Event | None = None
        self._silence = _Silence()

    def part(self, seconds: float, operation: str | None = None) -> "Deadline":
        """Return the deadline of a part of the operation, which is no later than its own."""
        left = min(seconds, self.remaining())
        part = Deadline(operation or self.operation, left, stop=self.stop, clock=self.clock)
        part._asked, part._silence = self._asked, self._silence
        return part

    def unstoppable(self, operation: str, seconds: float) -> "Deadline":
        """Return a deadline for work that must be finished once begun.

        It ignores a stop as long as the server answers, and ends at a silence after it.
        """
        bound = Deadline(operation, seconds, stop=threading.Event(), clock=self.clock)
        bound._asked, bound._silence = self._asked or self.stop, self._silence
        return bound

    @property
    def hurries(self) -> bool:
        """Whether somebody waits for the end of what must be finished."""
        return self._asked is not None and self._asked.is_set()

    def progress(self) -> None:
        """Take note of an answer."""
        self._silence.since = None

    def remaining(self) -> float:
        """Return the seconds that are left, never less than zero."""
        left = self._end - self.clock.monotonic()
        if self.hurries:
            self._silence.since = self._silence.since or time.monotonic()
            left = min(left, self._silence.since + _SILENCE - time.monotonic())
        return max(0.0, left)

    def check(self) -> None:
        """Raise Stopped when a stop was asked for, DeadlinePassed when the time is over."""
        if self.stop.is_set():
            raise Stopped(f"{self.operation} was interrupted")
        if self.remaining() == 0.0:
            more = f" Set {self.setting} to allow more." if self.setting else ""
            raise DeadlinePassed(
                f"{self.operation} took too long",
                f"It was not done after {_readable(self.seconds)}.{more}",
            )

    def wait(self, seconds: float) -> None:
        """Wait that long, and no longer than the deadline; raises as check does."""
        self.check()
        self.clock.wait(self.stop, min(seconds, self.remaining()))
        self.check()

    @contextmanager
    def holding(self, lock: threading.Lock) -> Iterator[None]:
        """Hold the lock. Raises as `check` does, while it waits for it."""
        self.check()
        while not lock.acquire(timeout=_SLICE):
            self.check()
        try:
            yield
        finally:
            lock.release()


def _readable(seconds: float) -> str:
    whole = round(seconds)
    if seconds < 60 or whole % 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:g} seconds"
    minutes = whole // 60
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
