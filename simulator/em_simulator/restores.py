"""Restore sessions: file-level restores as the backup server sees them.

Each outlives the logon session that began it. Follows the vendor's pages restoresessions_id and
post_vmrestorepoints_id_mountpoints_id_filepath_actionrestore.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from em_simulator.catalogue import RestorePoint

GUEST_USERNAME = r"TECH\guest-admin"
GUEST_PASSWORD = "Guest#2026"  # noqa: S105 - made up, for a machine that does not exist
LINGER = 1800.0  # seconds for which a restore whose logon session is lost is shown as working
_STARTING = 0.2  # part of a file's restore for which it is starting


@dataclass(frozen=True, slots=True)
class GuestCredentials:
    """An account in the machine that files are restored to."""

    username: str
    password: str = field(repr=False)

    @property
    def are_right(self) -> bool:
        """Whether the machine knows the account."""
        return (self.username.lower(), self.password) == (GUEST_USERNAME.lower(), GUEST_PASSWORD)


@dataclass(frozen=True, slots=True)
class FileRestore:
    """A file or a folder that was restored to its original place, or is to be."""

    machine: str
    path: str
    overwrite: bool
    permissions_only: bool = False
    credentials: GuestCredentials | None = None
    """None: those that the backup job has."""


class RestoreState(StrEnum):
    """How far a restore session is; all but the last hold disks."""

    STARTING = "Starting"
    WORKING = "Working"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


class RestoreResult(StrEnum):
    """How it ended."""

    SUCCESS = "Success"
    WARNING = "Warning"
    FAILED = "Failed"


_RESULTS_WHILE_IT_RUNS = {
    RestoreState.STARTING: None,
    RestoreState.WORKING: "None",
    RestoreState.STOPPING: "Success",
}
"""All three were seen of sessions that ran: none, `None`, and `Success` ahead of time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a file's restore is to go, once its task has started it."""

    result: RestoreResult = RestoreResult.SUCCESS
    message: str | None = None
    seconds: float = 2.0


@dataclass(slots=True)
class RestoreSession:
    """A restore session: it lasts until a mount point is gone, or a file is restored."""

    id: str
    restore_point: RestorePoint
    began_at: float
    began: dt.datetime
    outcome: Outcome | None = None
    """None: it is a mount point's."""
    file: FileRestore | None = None
    """What is restored; None when that is done, or nothing is."""
    is_lost: bool = False
    """Whether the logon session of its mount point went without an unmount."""
    stopped_at: float | None = None
    state: RestoreState | None = None
    """The state that a test has set; None: what time makes of it."""

    @property
    def name(self) -> str:
        """Name as Enterprise Manager shows it."""
        return f"FLR_[{self.restore_point.machine.name}]@{self.began:%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a restore session looks like at one moment."""

    state: RestoreState
    result: str | None
    progress: int
    ended: dt.datetime | None
    message: str | None


class Restores:
    """All restore sessions, the oldest first."""

    def __init__(
        self,
        clock: Callable[[], float],
        now: Callable[[], dt.datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._now = now
        self._new_id = new_id
        self._all: dict[str, RestoreSession] = {}
        self.restored: list[FileRestore] = []
        """Files that are at their original places again, in this order."""

    def __iter__(self) -> Iterator[RestoreSession]:
        return iter(list(self._all.values()))

    def find(self, restore_id: str) -> RestoreSession | None:
        """Return a restore session."""
        return self._all.get(restore_id.lower())

    def begin(
        self,
        restore_point: RestorePoint,
        outcome: Outcome | None = None,
        file: FileRestore | None = None,
    ) -> RestoreSession:
        """Begin what a mount point or, with an outcome, the restore of a file needs."""
        restore = RestoreSession(
            self._new_id(), restore_point, self._clock(), self._now(), outcome, file
        )
        self._all[restore.id] = restore
        return restore

    def stop(self, restore: RestoreSession) -> None:
        """Stop what has not stopped by itself."""
        if restore.stopped_at is None:
            restore.stopped_at = self._clock()

    def advance(self) -> None:
        """Let the restores of files end whose time has come."""
        for restore in self:
            report = self.report(restore)
            if restore.file and report.state is RestoreState.STOPPED:
                if report.result != RestoreResult.FAILED:
                    self.restored.append(restore.file)
                restore.file = None

    def set_state(self, restore: RestoreSession, state: RestoreState, outcome: Outcome) -> None:
        """Hold a restore session in a state, whatever the time."""
        restore.state = state
        restore.outcome = outcome
        restore.stopped_at = self._clock() if state is RestoreState.STOPPED else None

    def report(self, restore: RestoreSession) -> Report:
        """Return how far a restore session is."""
        age, end = self._clock() - restore.began_at, self._end(restore)
        outcome = restore.outcome or Outcome()
        state = restore.state or self._state(restore)
        if state is RestoreState.STOPPED:
            ended = restore.began + dt.timedelta(seconds=end or age)
            return Report(state, outcome.result, 100, ended, outcome.message)
        progress = min(99, int(100 * age / end)) if end and restore.outcome else 0
        return Report(state, _RESULTS_WHILE_IT_RUNS[state], progress, None, None)

    def _state(self, restore: RestoreSession) -> RestoreState:
        age, end = self._clock() - restore.began_at, self._end(restore)
        if end is not None and age >= end:
            return RestoreState.STOPPED
        if restore.outcome and age < _STARTING * restore.outcome.seconds:
            return RestoreState.STARTING
        return RestoreState.WORKING

    def _end(self, restore: RestoreSession) -> float | None:
        """Return when it stops, in seconds from its beginning; None when that is not known."""
        if restore.stopped_at is not None:
            return restore.stopped_at - restore.began_at
        if restore.outcome:
            return restore.outcome.seconds
        return LINGER if restore.is_lost else None
