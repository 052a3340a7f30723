"""Logon sessions, and what lives and dies with each: its tasks and its mount points.

Follows the vendor's pages http_authentication and vmrestorepoints_id_mountpoint.
"""

from __future__ import annotations

import base64
import random
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from em_simulator.backups import BackupSession, Course
from em_simulator.mounts import Browsed, Download, Mount
from em_simulator.operations import OperationFailed
from em_simulator.restores import Outcome, RestoreSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from em_simulator.accounts import Account

START_JOB = "StartJob"
"""The operation of a task that starts a job."""
RESTORE_FILE = "RestoreFile"
"""That of one which starts the restore of a file from the index."""


class TaskState(StrEnum):
    """How far a task is."""

    RUNNING = "Running"
    OPERATION_FINISHED = "OperationFinished"
    FINISHED = "Finished"


Made = Mount | Download | Browsed | RestoreSession | BackupSession | None
"""What a task's work makes."""


@dataclass(frozen=True, slots=True)
class TaskFault:
    """What goes wrong with one task, or may go either way."""

    fails: str | None = None
    """It ends without success, with this message."""
    stays: float = 0.0
    """Seconds for which it is OperationFinished."""
    vanishes: bool = False
    """It is no longer known as soon as it is finished; its work is done all the same."""
    shows_link: bool = True
    """Whether the finished task links to what it made."""
    tells_message: bool = True
    """Whether its result has a message."""
    outcome: Outcome | None = None
    """How the restore session ends that a file's restore only starts; None: there is none."""
    course: Course | None = None
    """How the backup goes that it only starts; None: as all of this server."""
    lag: float | None = None
    """Seconds until Enterprise Manager shows what it did; None: as always on this server."""


NO_FAULT = TaskFault()


@dataclass(slots=True)
class Task:
    """A task. `work` is done, once, when its time has come; the task links to what it made."""

    id: str
    operation: str
    work: Callable[[], Made]
    collected_at: float
    """When the operation is finished on the backup server."""
    finished_at: float
    """When Enterprise Manager has collected the result."""
    fault: TaskFault
    state: TaskState = TaskState.RUNNING
    failure: str | None = None
    """Message of a task that has ended without success."""
    credentials_needed: bool = False
    made: Made = None

    def finish(self) -> None:
        """Do the work, unless it is to fail."""
        self.state = TaskState.FINISHED
        self.failure = self.fault.fails
        if self.failure is not None:
            return
        try:
            self.made = self.work()
        except OperationFailed as error:
            self.failure, self.credentials_needed = str(error), error.credentials_needed


@dataclass(slots=True)
class Session:
    """A logon session."""

    id: str
    token: str
    account: Account
    last_request: float
    tasks: dict[str, Task] = field(default_factory=dict)
    late: list[Task] = field(default_factory=list)
    """Tasks that were cancelled while their work was on its way."""
    mounts: dict[tuple[str, int], Mount] = field(default_factory=dict)
    """By restore point and number."""
    downloads: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    """Paths in lower case that may be downloaded, by restore point and number of the mount."""
    browsed: set[str] = field(default_factory=set)
    """Restore points whose guest files the index shows."""
    tasks_made: int = 0
    mounts_made: dict[str, int] = field(default_factory=dict)


class Sessions:
    """The logon sessions that exist, by token: base64 of the SessionId, or of 16 bytes."""

    def __init__(self, seed: int, idle_limit: float, *, opaque_tokens: bool = False) -> None:
        self._has_opaque_tokens = opaque_tokens
        self._random = random.Random(f"sessions {seed}")  # noqa: S311 - the same on every run
        self.idle_limit = idle_limit
        self._by_token: dict[str, Session] = {}
        self.lost_by_logout: list[tuple[Session, Mount]] = []
        """Mount points that went because a client logged their session out."""

    def make(self, account: Account, now: float) -> Session:
        """Log an account on."""
        session_id = self.new_id()
        secret = self._random.randbytes(16) if self._has_opaque_tokens else session_id.encode()
        token = base64.b64encode(secret).decode()
        self._by_token[token] = Session(session_id, token, account, now)
        return self._by_token[token]

    def expire(self, now: float) -> None:
        """Drop the sessions that have been idle for too long, with all that lives in them."""
        for session in self.all():
            if now - session.last_request > self.idle_limit:
                self.drop(session)

    def find(self, token: str) -> Session | None:
        """Return the session of a token."""
        return self._by_token.get(token)

    def all(self) -> list[Session]:
        """Return all sessions, the oldest first."""
        return list(self._by_token.values())

    def drop(self, session: Session) -> None:
        """End a session, and with it its tasks and mount points."""
        for mount in session.mounts.values():
            mount.restore.is_lost = True
        self._by_token.pop(session.token, None)

    def new_id(self) -> str:
        """Return an id that nothing has yet."""
        return str(uuid.UUID(bytes=self._random.randbytes(16), version=4))

    def log_out(self, session: Session) -> None:
        """End a session because a client asked for it."""
        self.lost_by_logout += [(session, mount) for mount in session.mounts.values()]
        self.drop(session)

    def drop_all(self) -> None:
        """End every session, as a restart does."""
        for session in self.all():
            self.drop(session)
