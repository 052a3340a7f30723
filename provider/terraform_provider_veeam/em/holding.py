"""Holding a logon session open by reading its mount points, so that it never idles away.

Follows the vendor's page http_authentication: a session ends after 15 minutes without a request.
"""

from __future__ import annotations

import logging
import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import (
    EnterpriseManagerError,
    NotFound,
    SessionExpired,
)
from terraform_provider_veeam.em.waiting import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.em.waiting import Clock

DEFAULT_IDLE_LIMIT = 900.0
"""Seconds after which Enterprise Manager ends an idle session."""
_REQUEST_SECONDS = 60.0
_AFTER_AN_ERROR = 0.25  # part of the usual pause

log = logging.getLogger(__name__)


class Ending(StrEnum):
    """Why a session is no longer held."""

    TIME_OVER = "the time is over"
    NO_MOUNT_LEFT = "no mount point is left"
    SESSION_ENDED = "the logon session has ended"
    OUT_OF_REACH = "Enterprise Manager was out of reach for longer than a session lives"
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
    ) -> None:
        self._manager = manager
        self._session = session
        self._clock = clock
        self._idle_limit = idle_limit
        self._lock = threading.Lock()
        self._hrefs: list[str] = []
        self._end = clock.monotonic()
        self._wake = threading.Event()
        self._stop = threading.Event()

    def add(self, hrefs: Iterable[str], seconds: float) -> None:
        """Hold these mount points too, and the session for so many seconds from now at least."""
        with self._lock:
            self._hrefs += [href for href in hrefs if href not in self._hrefs]
            self._end = max(self._end, self._clock.monotonic() + seconds)

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
        return len(self._hrefs)

    @property
    def remaining(self) -> float:
        """Seconds for which the session will yet be held."""
        return max(0.0, self._end - self._clock.monotonic())

    def run(self) -> Ending:
        """Hold, and return why it ended. The session is logged out if nothing is mounted in it."""
        answered = self._clock.monotonic()
        while True:
            self._wake.clear()
            pause = self._idle_limit / 3
            try:
                if self._stop.is_set():
                    return Ending.STOPPED
                if not self._has_mount_point():
                    self._manager.log_out(self._session, self._deadline())
                    return Ending.NO_MOUNT_LEFT
                answered = self._clock.monotonic()
            except SessionExpired:
                return Ending.SESSION_ENDED
            except EnterpriseManagerError as error:
                log.info("%s: %s", self._session.session_id, error)
                if self._clock.monotonic() - answered > self._idle_limit:
                    return Ending.OUT_OF_REACH
                pause *= _AFTER_AN_ERROR
            if self.remaining == 0.0:
                return Ending.TIME_OVER
            self._clock.wait(self._wake, min(pause, self.remaining))

    def _has_mount_point(self) -> bool:
        """Tell whether a mount point is left; those that are gone are no longer asked for."""
        while self._hrefs:
            href = self._hrefs[0]
            try:
                self._manager.touch(self._session, href, self._deadline())
            except NotFound:
                with self._lock:
                    self._hrefs.remove(href)
                continue
            return True
        return False

    def _deadline(self) -> Deadline:
        return Deadline(
            operation="Holding the logon session",
            seconds=min(_REQUEST_SECONDS, self._idle_limit),
            stop=self._stop,
            clock=self._clock,
        )
