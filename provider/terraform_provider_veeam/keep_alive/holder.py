"""Holding logon sessions by reading their mount points, so that they never idle away.

Follows the vendor's page http_authentication: a session ends after 15 minutes without a request.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import (
    CertificateNotTrusted,
    EnterpriseManagerError,
    MountGone,
    SessionGone,
    Stopped,
)
from terraform_provider_veeam.keep_alive.idle_limit import idle_limit

if TYPE_CHECKING:
    from collections.abc import Collection

    from terraform_provider_veeam.em.deadline import Clock
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.sessions.record import SessionRecord

_REQUEST_SECONDS = 60.0
_AFTER_AN_ERROR = 0.25  # part of the usual pause
_AT_ONCE = 8  # sessions that are read at the same time

log = logging.getLogger(__name__)


class Ending(StrEnum):
    """Why a session is no longer held."""

    TIME_OVER = "the time is over"
    NO_MOUNT_LEFT = "its mount point is gone"
    LOGGED_OUT = "the logon session was logged out, perhaps by a destroy of its mount point"
    SESSION_ENDED = "the logon session has ended"
    OUT_OF_REACH = "its mount point could not be read for longer than a session may be idle"
    REFUSED = "Enterprise Manager can't be used"
    STOPPED = "it was stopped"

    @property
    def is_loss(self) -> bool:
        """Whether a mount point that somebody wanted is lost, or may be."""
        return self in (Ending.SESSION_ENDED, Ending.OUT_OF_REACH, Ending.REFUSED)


class Held(NamedTuple):
    """A session that is held, as others are told of it."""

    record: SessionRecord
    name: str
    """Of its restore point; empty when nobody has said it."""
    remaining: float
    """Seconds for which it is still held."""


def _say_nothing(*_: object) -> None:
    """Report to nobody."""


Touch = Callable[["LogonSession", str, Deadline], None]
"""Reads what is at a path in a session, as `EnterpriseManager.touch` does."""

Report = Callable[["SessionRecord", "EnterpriseManagerError | Ending | None"], None]


class _Holding:
    """One session while it is held: when its mount point is read, and what came of it."""

    def __init__(
        self,
        record: SessionRecord,
        touch: Touch,
        *,
        clock: Clock,
        idle_limit: float,
        report: Report,
    ) -> None:
        self.record = record
        self.name = ""
        self._touch = touch
        self._clock = clock
        self._idle_limit = idle_limit
        self._report = report
        self.until = self.due = self._answered = clock.monotonic()
        self._told: str | None = None

    def last(self, seconds: float) -> None:
        """Be held for so many seconds from now."""
        self.until = self._clock.monotonic() + seconds

    def rest(self, unused: float = 0.0) -> None:
        """Be read when the usual pause is over; it was last used so many seconds ago."""
        self.due = self._clock.monotonic() + max(0.0, self._idle_limit / 3 - unused)

    def look(self, deadline: Deadline) -> Ending | None:
        """Read the mount point; return why its session need not be held any longer, or None."""
        self.rest()  # before the read: somebody may ask for another one meanwhile
        try:
            self._touch(self.record.session, self.record.href, deadline)
            self._answered = self._clock.monotonic()
            self._tell(None)
        except MountGone:
            return Ending.NO_MOUNT_LEFT
        except EnterpriseManagerError as error:
            if ending := self._ending_for(error):
                return ending
            self.due = self._clock.monotonic() + self._idle_limit / 3 * _AFTER_AN_ERROR
        return None

    def _ending_for(self, error: EnterpriseManagerError) -> Ending | None:
        """Return the Ending that an error means; None when it may be over in a moment."""
        log.info("holding %s: %s", self.record.session, error)
        idle = self._clock.monotonic() - self._answered
        if isinstance(error, SessionGone):
            was_held = self._told == "" and idle < self._idle_limit
            return Ending.LOGGED_OUT if was_held else Ending.SESSION_ENDED
        if isinstance(error, Stopped):
            return None
        self._tell(error)
        if isinstance(error, CertificateNotTrusted):
            return Ending.REFUSED
        return Ending.OUT_OF_REACH if idle > self._idle_limit else None

    def _tell(self, error: EnterpriseManagerError | None) -> None:
        """Report what has changed."""
        told = error.summary if error else ""
        if told != self._told:
            self._told = told
            self._report(self.record, error)


class Holder:
    """Holds sessions, each until its time is over or its mount point is gone.

    Each mount point is read once in a third of the idle limit. `report` is called with a session
    and None once it is held, with an error while one stands in the way, and with the Ending.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        idle_limit: float,
        report: Report = _say_nothing,
    ) -> None:
        self._clock = clock
        self._idle_limit = idle_limit
        self._report = report
        self._lock = threading.Lock()  # of what follows, never held while waiting
        self._held: dict[tuple[str, str], _Holding] = {}
        self._is_over = False
        self._wake = threading.Event()
        self._stop = threading.Event()

    def hold(
        self,
        record: SessionRecord,
        touch: Touch,
        seconds: float,
        *,
        name: str = "",
        unused: float = math.inf,
    ) -> bool:
        """Hold a session for that many seconds from now, whatever was asked for it before.

        `name` is that of its restore point, for people. It was last used `unused` seconds ago, and
        is read at a third of the idle limit. Returns False when this holder has ended: then it
        takes nothing more.
        """
        with self._lock:
            if self._is_over:
                return False
            holding = self._held.get(_key(record)) or _Holding(
                record,
                touch,
                clock=self._clock,
                idle_limit=self._idle_limit,
                report=self._report,
            )
            holding.name = name
            holding.last(seconds)
            holding.rest(unused)
            self._held[_key(record)] = holding
        self._wake.set()
        return True

    def look(self, record: SessionRecord, touch: Touch) -> None:
        """Read a mount point once. Raises what a request raises."""
        touch(record.session, record.href, self._deadline())

    def release(self, fingerprint: str, href: str | None = None) -> None:
        """Stop holding a session, or holding it for one mount point."""
        with self._lock:
            for key in [k for k in self._held if k[0] == fingerprint and href in (None, k[1])]:
                del self._held[key]
        self._wake.set()

    def stop(self) -> None:
        """Stop holding."""
        self._stop.set()
        self._wake.set()

    def held(self) -> list[Held]:
        """Return what is held."""
        now = self._clock.monotonic()
        with self._lock:
            return [Held(h.record, h.name, max(0.0, h.until - now)) for h in self._held.values()]

    def run(self) -> None:
        """Hold until nothing is left to hold."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="hold") as pool:
            while True:
                self._wake.clear()
                if self._stop.is_set():
                    break
                now = self._clock.monotonic()
                with self._lock:
                    due = [h for h in self._held.values() if h.due <= now < h.until]
                for holding, ending in zip(due, pool.map(self._look, due), strict=True):
                    if ending:
                        self._drop(holding, ending)
                pause = self._pause()
                if pause is None:
                    return
                self._clock.wait(self._wake, pause)
        for holding in self._take_no_more():
            self._report(holding.record, Ending.STOPPED)

    def _pause(self) -> float | None:
        """Return the seconds until the next session is due; None when there is none left."""
        now = self._clock.monotonic()
        with self._lock:
            over = [h for h in self._held.values() if h.until <= now]
        for holding in over:
            self._drop(holding, Ending.TIME_OVER)
        with self._lock:
            self._is_over = not self._held
            if self._is_over:
                return None
            return max(0.0, min(min(h.due, h.until) for h in self._held.values()) - now)

    def _drop(self, holding: _Holding, ending: Ending) -> None:
        with self._lock:
            if self._held.get(_key(holding.record)) is holding:
                del self._held[_key(holding.record)]
        self._report(holding.record, ending)

    def _take_no_more(self) -> Collection[_Holding]:
        with self._lock:
            self._is_over = True
            left, self._held = self._held, {}
        return left.values()

    def _look(self, holding: _Holding) -> Ending | None:
        return holding.look(self._deadline())

    def _deadline(self) -> Deadline:
        return Deadline(
            "Holding the logon session",
            min(_REQUEST_SECONDS, self._idle_limit),
            stop=self._stop,
            clock=self._clock,
        )


def _key(record: SessionRecord) -> tuple[str, str]:
    return record.fingerprint, record.href


class BackgroundHolder:
    """Holds the sessions that this process has made or read, on a thread, while it lives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._holder: Holder | None = None

    def hold(self, record: SessionRecord, touch: Touch, *, unused: float = 0.0) -> None:
        """Hold a session from now on; it was last used so many seconds ago."""
        with self._lock:
            if self._holder and self._holder.hold(record, touch, math.inf, unused=unused):
                return
            try:
                limit = idle_limit()
            except ValueError as error:
                log.warning("%s: sessions are not held while Terraform runs", error)
                return
            self._holder = Holder(clock=self._clock, idle_limit=limit)
            self._holder.hold(record, touch, math.inf, unused=unused)
            threading.Thread(target=self._holder.run, daemon=True, name="holder").start()

    def release(self, fingerprint: str, href: str) -> None:
        """Stop holding a session: its mount point is about to go."""
        with self._lock:
            if self._holder:
                self._holder.release(fingerprint, href)

    def stop(self) -> None:
        """Stop holding."""
        with self._lock:
            if self._holder:
                self._holder.stop()
