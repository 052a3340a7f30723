"""Holding a logon session open by reading its mount points, so that it never idles away.

Follows the vendor's page http_authentication: a session ends after 15 minutes without a request.
"""

from __future__ import annotations

import logging
import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import (
    AccessDenied,
    CertificateNotTrusted,
    EnterpriseManagerError,
    NotFound,
    SessionExpired,
    Stopped,
)
from terraform_provider_veeam.em.waiting import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.em.waiting import Clock

DEFAULT_IDLE_LIMIT = 900.0
"""Seconds after which Enterprise Manager ends an idle session."""
_REQUEST_SECONDS = 60.0
_AFTER_AN_ERROR = 0.25  # part of the usual pause
_FINAL = (CertificateNotTrusted, AccessDenied)  # waiting does not mend them

log = logging.getLogger(__name__)


class Ending(StrEnum):
    """Why a session is no longer held."""

    TIME_OVER = "the time is over"
    NO_MOUNT_LEFT = "no mount point is left"
    LOGGED_OUT = "the logon session was logged out, as a destroy of its last mount point does"
    SESSION_ENDED = "the logon session has ended"
    OUT_OF_REACH = "Enterprise Manager was out of reach for longer than a session lives"
    REFUSED = "Enterprise Manager can't be used"
    STOPPED = "it was stopped"


class SessionHolder:
    """Holds one logon session until the time is over or its last mount point is gone.

    One mount point is read at a third of the idle limit, however many there are.
    """

    def __init__(
        self,
        manager: EnterpriseManager,
        session: LogonSession,
        *,
        clock: Clock,
        idle_limit: float = DEFAULT_IDLE_LIMIT,
        report: Callable[[EnterpriseManagerError | None], None] = lambda _: None,
    ) -> None:
        """`report` is told when the session is held, by None, and what stands in the way of it."""
        self._manager = manager
        self._report = report
        self._session = session
        self._clock = clock
        self._idle_limit = idle_limit
        self._lock = threading.Lock()  # of what follows, never held while waiting
        self._ends: dict[str, float] = {}
        self._is_over = False
        self._answered = clock.monotonic()
        self._told: str | None = None
        self._gone: set[str] = set()
        self._wake = threading.Event()
        self._stop = threading.Event()

    def add(self, hrefs: Iterable[str], seconds: float) -> bool:
        """Hold these mount points for so many seconds from now, 0 to let go of them.

        Returns False when holding has ended: then nothing was taken.
        """
        with self._lock:
            if self._is_over:
                return False
            self._ends.update(dict.fromkeys(hrefs, self._clock.monotonic() + seconds))
        self._wake.set()
        return True

    def check(self) -> None:
        """Look now whether there is a mount point left."""
        self._wake.set()

    def stop(self) -> None:
        """Stop holding."""
        self._stop.set()
        self._wake.set()

    @property
    def mount_points(self) -> int:
        """How many mount points are held, as far as is known."""
        return len(self._ends)

    @property
    def remaining(self) -> float:
        """Seconds for which the session will yet be held."""
        with self._lock:
            return self._remaining()

    def run(self) -> Ending:
        """Hold, and return why it ended. The session is logged out if nothing is mounted in it."""
        try:
            return self._hold()
        finally:
            with self._lock:
                self._is_over = True

    def _hold(self) -> Ending:
        self._answered = self._clock.monotonic()
        while True:
            self._wake.clear()
            if self._stop.is_set():
                return Ending.STOPPED
            pause = self._idle_limit / 3
            try:
                if not self._has_mount_point() and self._takes_no_more():
                    self._manager.end_if_empty(self._session, self._gone, self._deadline())
                    return Ending.NO_MOUNT_LEFT
                self._answered = self._clock.monotonic()
                self._tell(None)
            except EnterpriseManagerError as error:
                if ending := self._ending_for(error):
                    return ending
                pause *= _AFTER_AN_ERROR
            if self._takes_no_more():
                return Ending.TIME_OVER
            self._clock.wait(self._wake, min(pause, self.remaining))

    def _ending_for(self, error: EnterpriseManagerError) -> Ending | None:
        """Return how an error ends the holding; None when it may be over in a moment."""
        log.info("%s: %s", self._session, error)
        idle = self._clock.monotonic() - self._answered
        if isinstance(error, SessionExpired):
            was_held = self._told == "" and idle < self._idle_limit
            return Ending.LOGGED_OUT if was_held else Ending.SESSION_ENDED
        if isinstance(error, Stopped):
            return Ending.STOPPED
        self._tell(error)
        if isinstance(error, _FINAL):
            return Ending.REFUSED
        return Ending.OUT_OF_REACH if idle > self._idle_limit else None

    def _tell(self, error: EnterpriseManagerError | None) -> None:
        """Report what has changed."""
        told = error.summary if error else ""
        if told != self._told:
            self._told = told
            self._report(error)

    def _has_mount_point(self) -> bool:
        """Tell whether a mount point is left; those that are gone are no longer asked for."""
        while href := next(iter(list(self._ends)), None):
            try:
                self._manager.touch(self._session, href, self._deadline())
            except NotFound:
                with self._lock:
                    self._ends.pop(href, None)
                    self._gone.add(href)
                continue
            return True
        return False

    def _takes_no_more(self) -> bool:
        """Tell whether there is nothing to be held, and if so take nothing more from now on."""
        with self._lock:
            self._is_over = self._remaining() == 0.0
            return self._is_over

    def _remaining(self) -> float:
        now = self._clock.monotonic()
        return max(0.0, max(self._ends.values(), default=now) - now)

    def _deadline(self) -> Deadline:
        return Deadline(
            operation="Holding the logon session",
            seconds=min(_REQUEST_SECONDS, self._idle_limit),
            stop=self._stop,
            clock=self._clock,
        )
