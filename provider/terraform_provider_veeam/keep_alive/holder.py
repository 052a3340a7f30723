"""Holding logon sessions by reading their mount points, so that they never idle away.

Follows the vendor's page http_authentication: a session ends after 15 minutes without a request.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Clock, Deadline
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.keep_alive.order import Order, idle_limit
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from tfplugin.process.processes import is_alive

if TYPE_CHECKING:
    from terraform_provider_veeam.em.client import EnterpriseManager

_REQUEST_SECONDS = 60.0
_AFTER_AN_ERROR = 0.25  # part of the usual pause
_LOOK_SECONDS = 1.0  # between two looks at whether Terraform lives
_AT_ONCE = 8  # sessions that are read at the same time

log = logging.getLogger(__name__)


class Ending(StrEnum):
    """Why a session is no longer held."""

    TIME_OVER = "the time is over"
    TERRAFORM_ENDED = "the command of Terraform has ended"
    NO_MOUNT_LEFT = "it no longer has the mount point"
    LOGGED_OUT = (
        "Enterprise Manager no longer accepts its token, although it was not idle: it was logged "
        "out, perhaps by a destroy of its mount point, or Enterprise Manager was restarted"
    )
    SESSION_ENDED = "it has ended"
    SHUT_OUT = "Enterprise Manager refuses its token"
    OUT_OF_REACH = "its mount point could not be read for longer than a session may be idle"
    REFUSED = "Enterprise Manager can't be used"
    RELEASED = "its mount point was unmounted on this machine, or keep-alive stop named it"
    REPLACED = "there is a newer order for it"
    STOPPED = "it was stopped"

    @property
    def is_loss(self) -> bool:
        """Whether a mount point that somebody wanted is lost, or may be."""
        return self in (Ending.SESSION_ENDED, Ending.SHUT_OUT, Ending.OUT_OF_REACH, Ending.REFUSED)


class Held(NamedTuple):
    """A session that is held."""

    order: Order
    remaining: float
    """Seconds for which it is still held; infinite while its Terraform lives."""


def _say_nothing(*_: object) -> None:
    """Report to nobody."""


Touch = Callable[[LogonSession, str, Deadline], None]
"""Reads what is at a path in a session, as `Mounts.touch` does."""

Report = Callable[[SessionRecord, errors.EnterpriseManagerError | Ending | None], None]


class _Holding:
    """One session while it is held: when its mount point is read, and what came of it."""

    def __init__(self, order: Order, touch: Touch, *, clock: Clock, report: Report) -> None:
        self.order = order
        record = order.record
        self.key = record.fingerprint, record.href, order.terraform
        """What there is one order for: of each Terraform, and of all that ask for a time."""
        self.ending: Ending | None = None
        """Why it is not to be held, though nobody has dropped it yet."""
        self._touch = touch
        self._clock = clock
        self._report = report
        now = clock.monotonic()
        self.until = now + order.seconds
        self.due = max(now, order.used + order.idle_limit / 3)
        self._has_answered = order.used > -math.inf
        self.used = order.used if self._has_answered else now
        self._refused_since: float | None = None
        self._told: str | None = None

    def read(self, deadline: Deadline) -> None:
        """Read the mount point. Raises what a request raises."""
        self.due = self._clock.monotonic() + self.order.idle_limit / 3
        self._touch(self.order.record.session, self.order.record.href, deadline)
        self.used = self._clock.monotonic()
        self._has_answered, self._refused_since = True, None

    def look(self, deadline: Deadline) -> Ending | None:
        """Read the mount point; return why its session need not be held any longer, or None."""
        try:
            self.read(deadline)
            self._tell(None)
        except errors.MountGone:
            return Ending.NO_MOUNT_LEFT
        except errors.EnterpriseManagerError as error:
            self.due = self._clock.monotonic() + self.order.idle_limit / 3 * _AFTER_AN_ERROR
            return self._ending_for(error)
        return None

    def _ending_for(self, error: errors.EnterpriseManagerError) -> Ending | None:
        """Return the Ending that an error means; None when it may be over in a moment."""
        log.info("holding %s: %s", self.order.record.session, error)
        if isinstance(error, errors.Stopped):
            return None
        now, limit = self._clock.monotonic(), self.order.idle_limit
        if isinstance(error, errors.SessionGone):
            was_held = self._has_answered and now - self.used < limit
            return Ending.LOGGED_OUT if was_held else Ending.SESSION_ENDED
        self._tell(error)
        if isinstance(error, errors.Unsettled) and isinstance(error.refused, errors.TokenRefused):
            # Only the token is at hand, so whether the session has ended can't be asked.
            self._refused_since = self._refused_since or now
            if now - self._refused_since < limit / 3:
                return None
            was_held = self._has_answered and self._refused_since - self.used < limit
            return Ending.LOGGED_OUT if was_held else Ending.SHUT_OUT
        if isinstance(error, errors.CertificateNotTrusted):
            return Ending.REFUSED
        return Ending.OUT_OF_REACH if now - self.used > limit else None

    def _tell(self, error: errors.EnterpriseManagerError | None) -> None:
        """Report what has changed."""
        told = error.summary if error else ""
        if told != self._told:
            self._told = told
            self._report(self.order.record, error)


class Holder:
    """Holds sessions, each until its time or its Terraform is over, or its mount point is gone.

    Each mount point is read once in a third of the idle limit. `report` is called with a session
    and None once it is held, with an error while one stands in the way, and with the Ending.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        report: Report = _say_nothing,
        is_alive: Callable[[int], bool] = is_alive,
        patience: float = 0.0,
    ) -> None:
        """Take also for how many seconds to wait for a first order."""
        self._clock = clock
        self._report = report
        self._is_alive = is_alive
        self._lock = threading.Lock()  # of what follows, never held while waiting
        self._held: dict[tuple[str, str, int | None], _Holding] = {}
        self._coming: list[_Holding] = []  # which are read for the first time
        self._patient_until = clock.monotonic() + patience
        self._is_over = False
        self._next = math.inf
        """When this looks again, if nobody wakes it."""
        self._wake = threading.Event()
        self._stop = threading.Event()

    def hold(self, order: Order, touch: Touch) -> bool:
        """Hold a session from now on; False when this holder has ended, and takes nothing more."""
        with self._lock:
            if self._is_over:
                return False
            holding = self._holding(order, touch)
            self._put(holding)
            is_next = self._look_at(holding) < self._next
        if is_next:
            self._wake.set()
        return True

    def take(self, order: Order, touch: Touch) -> bool:
        """Read a mount point, and hold its session from then on; False when this holder has ended.

        Raises what the read raises, and Stopped when the session was released meanwhile.
        """
        holding = self._holding(order, touch)
        with self._lock:
            if self._is_over:
                return False
            self._coming.append(holding)
            self._patient_until = -math.inf
        try:
            holding.read(self._deadline(order))
            with self._lock:
                if holding.ending is None:
                    self._put(holding)
        finally:
            with self._lock:
                self._coming.remove(holding)
            self._wake.set()
        if holding.ending in (None, Ending.REPLACED):
            return True
        raise errors.Stopped("The logon session is not held", f"Meanwhile {holding.ending}.")

    def release(
        self, fingerprint: str, href: str | None = None, *, before: float = math.inf
    ) -> None:
        """Stop holding a session, or holding it for one mount point.

        With `before` only for a time that was asked for before that moment.
        """
        with self._lock:
            dropped = []
            for holding in (*self._held.values(), *self._coming):
                order = holding.order
                if holding.key[0] != fingerprint or href not in (None, holding.key[1]):
                    continue
                if before == math.inf:
                    holding.ending = Ending.RELEASED
                elif order.terraform is None and order.at < before:
                    holding.ending = Ending.REPLACED
                if holding.ending and self._held.get(holding.key) is holding:
                    dropped.append(self._held.pop(holding.key))
        self._report_ends(dropped)
        if not self._held:
            self._wake.set()

    def stop(self) -> None:
        """Stop holding. A handler of a signal may call it."""
        self._stop.set()
        self._wake.set()

    def end(self) -> None:
        """Stop holding, and take nothing more from now on."""
        self.stop()
        with self._lock:
            self._is_over = True
            left, self._held = list(self._held.values()), {}
            for holding in (*left, *self._coming):
                holding.ending = Ending.STOPPED
        self._report_ends(left)

    def held(self, fingerprints: Container[str] | None = None) -> list[Held]:
        """Return what is held, all or of those sessions, each with the time of its last use."""
        now = self._clock.monotonic()
        with self._lock:
            return [
                Held(replace(holding.order, used=holding.used), max(0.0, holding.until - now))
                for holding in self._held.values()
                if fingerprints is None or holding.key[0] in fingerprints
            ]

    def run(self) -> None:
        """Hold until nothing is left to hold."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="hold") as pool:
            while True:
                self._wake.clear()
                if self._stop.is_set():
                    break
                self._drop_what_is_over()
                now = self._clock.monotonic()
                with self._lock:
                    due = [holding for holding in self._held.values() if holding.due <= now]
                looks = pool.map(lambda one: one.look(self._deadline(one.order)), due)
                for holding, ending in zip(due, looks, strict=True):
                    if ending:
                        self._drop(holding, ending)
                pause = self._pause()
                if pause is None:
                    return
                self._clock.wait(self._wake, pause)
        self.end()

    def _holding(self, order: Order, touch: Touch) -> _Holding:
        return _Holding(order, touch, clock=self._clock, report=self._report)

    def _put(self, holding: _Holding) -> None:
        """Hold it in the place of what was asked for earlier. The lock is held."""
        held = self._held.get(holding.key)
        for other in (held, *self._coming):
            if other and other.key == holding.key and other.order.at < holding.order.at:
                other.ending = Ending.REPLACED
        if held and held.order.at > holding.order.at:
            holding.ending = Ending.REPLACED
        else:
            self._held[holding.key] = holding

    def _pause(self) -> float | None:
        """Return the seconds until there is something to do; None when nothing is left to hold."""
        now = self._clock.monotonic()
        with self._lock:
            ends = [self._look_at(holding) for holding in self._held.values()]
            if not ends and not self._coming and now >= self._patient_until:
                self._is_over = True
                return None
            self._next = min(ends or [max(self._patient_until, now + _LOOK_SECONDS)])
            return max(0.0, self._next - now)

    def _look_at(self, holding: _Holding) -> float:
        """Return when there is something to do for a session."""
        soon = self._clock.monotonic() + _LOOK_SECONDS if holding.order.terraform else math.inf
        return min(holding.due, holding.until, soon)

    def _drop_what_is_over(self) -> None:
        now = self._clock.monotonic()
        with self._lock:
            held = list(self._held.values())
        commands = {holding.order.terraform for holding in held} - {None}
        over = {number for number in commands if number and not self._is_alive(number)}
        for holding in held:
            if holding.until <= now:
                self._drop(holding, Ending.TIME_OVER)
            elif holding.order.terraform in over:
                self._drop(holding, Ending.TERRAFORM_ENDED)

    def _drop(self, holding: _Holding, ending: Ending) -> None:
        with self._lock:
            if self._held.get(holding.key) is not holding:
                return  # somebody else has dropped or replaced it
            del self._held[holding.key]
            holding.ending = ending
        self._report_ends([holding])

    def _report_ends(self, holdings: Iterable[_Holding]) -> None:
        for holding in holdings:
            if holding.ending:
                self._report(holding.order.record, holding.ending)

    def _deadline(self, order: Order) -> Deadline:
        seconds = min(_REQUEST_SECONDS, order.idle_limit)
        return Deadline("Holding the logon session", seconds, stop=self._stop, clock=self._clock)


class BackgroundHolder:
    """Holds the sessions that this process has made or read, on a thread, while it lives.

    Takes also what the thread does first.
    """

    def __init__(self, clock: Clock, begin: Callable[[], None] = _say_nothing) -> None:
        self._clock = clock
        self._begin = begin
        self._lock = threading.Lock()
        self._holder: Holder | None = None

    def hold(self, record: SessionRecord, em: EnterpriseManager, name: str = "") -> None:
        """Hold a session from now on; it was used a moment ago."""
        try:
            limit = idle_limit()
        except ValueError as error:
            log.warning("%s: sessions are not held while Terraform runs", error)
            return
        now = self._clock.monotonic()
        order = Order(em.settings, record, limit, name=name, at=now, used=now)
        with self._lock:
            if self._holder and self._holder.hold(order, em.mounts.touch):
                return
            self._holder = Holder(clock=self._clock)
            self._holder.hold(order, em.mounts.touch)
            threading.Thread(
                target=self._run, args=(self._holder,), daemon=True, name="holder"
            ).start()

    def release(self, fingerprint: str, href: str) -> None:
        """Stop holding a session: its mount point is about to go."""
        with self._lock:
            if self._holder:
                self._holder.release(fingerprint, href)

    def _run(self, holder: Holder) -> None:
        self._begin()
        holder.run()

    def orders(self, terraform: int) -> list[Order]:
        """Return orders to hold what is held now, while that Terraform lives."""
        with self._lock:
            held = self._holder.held() if self._holder else []
        now = self._clock.monotonic()
        return [replace(one.order, terraform=terraform, at=now) for one in held]

    def stop(self) -> None:
        """Stop holding."""
        with self._lock:
            if self._holder:
                self._holder.stop()
