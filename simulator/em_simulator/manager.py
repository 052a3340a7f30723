"""Enterprise Manager without HTTP: logon, tasks that take their time, mount points.

Follows the vendor's pages tasks, post_vmrestorepoints_id_mountpoints and
delete_vmrestorepoints_id_mountpoints_id.
"""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from em_simulator.accounts import ACCOUNTS, Account
from em_simulator.catalogue import Catalogue, RestorePoint
from em_simulator.files import Disks
from em_simulator.restoring import Download, FileRestore, OperationFailed
from em_simulator.sessions import Mount, RestoreSession, Session, Sessions, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Callable

MOUNT = "MountRestorePoint"
UNMOUNT = "UnmountRestorePoint"
FILE_RESTORE = "FileRestoreFromMountPoint"
LINGER = 1800.0  # seconds for which a restore whose logon session is lost is shown as working
_COLLECTING = 0.2  # part of a task's time between its end on the backup server and its collection


class MountNumbers(StrEnum):
    """Where the numbers of mount points begin anew; the documentation does not say."""

    SESSION = "session"
    RESTORE_POINT = "restore-point"


@dataclass(frozen=True, slots=True)
class TaskFault:
    """What goes wrong with one task."""

    fails: str | None = None
    """It ends without success, with this message."""
    stays: float = 0.0
    """Seconds for which it is OperationFinished."""
    vanishes: bool = False
    """It is no longer known as soon as it is finished; its work is done all the same."""
    shows_link: bool = True
    """Whether the finished task links to the mount point."""


NO_FAULT = TaskFault()


class Manager:
    """The state of one Enterprise Manager. Callers hold `lock` around what belongs together."""

    def __init__(
        self,
        *,
        seed: int,
        idle_limit: float,
        mount_seconds: float,
        clock: Callable[[], float],
        mount_numbers: MountNumbers = MountNumbers.SESSION,
        restore_points: int = 0,
        opaque_tokens: bool = False,
    ) -> None:
        self.lock = threading.RLock()
        self.catalogue = Catalogue(seed, restore_points)
        self.disks = Disks(seed)
        self.restored: list[FileRestore] = []
        self.sessions = Sessions(seed, idle_limit, opaque_tokens=opaque_tokens)
        self.restores: list[RestoreSession] = []
        self.mount_seconds = mount_seconds
        self._mount_numbers = mount_numbers
        self._clock = clock

    def advance(self) -> None:
        """Let everything happen whose time has come."""
        now = self._clock()
        self.sessions.expire(now)
        for session in self.sessions.all():
            for task in list(session.tasks.values()):
                _advance(session, task, now)

    def authenticate(self, username: str, password: str) -> Account | None:
        """Return the account; Windows does not care for capitals in its name."""
        return next(
            (
                account
                for account in ACCOUNTS
                if account.username.lower() == username.lower() and account.password == password
            ),
            None,
        )

    def log_on(self, account: Account) -> Session:
        """Make a session."""
        return self.sessions.make(account, self._clock())

    def use(self, token: str) -> Session | None:
        """Return the session of a token, which is no longer idle."""
        session = self.sessions.find(token)
        if session:
            session.last_request = self._clock()
        return session

    def mount(
        self,
        session: Session,
        restore_point: RestorePoint,
        os_kind: str,
        fault: TaskFault = NO_FAULT,
    ) -> Task:
        """Begin to mount."""

        def work() -> Mount:
            key = restore_point.id
            if self._mount_numbers is MountNumbers.SESSION:
                key = ""
            number = session.mounts_made.get(key, 0) + 1
            session.mounts_made[key] = number
            mount = Mount(number, restore_point, os_kind, self._restore(restore_point))
            session.mounts[restore_point.id, number] = mount
            return mount

        return self._begin(session, MOUNT, work, self.mount_seconds, fault)

    def unmount(self, session: Session, mount: Mount) -> None:
        """Unmount at once."""
        mount.restore.is_stopped = True
        session.mounts.pop((mount.restore_point.id, mount.id), None)

    def _restore(self, restore_point: RestorePoint) -> RestoreSession:
        restore = RestoreSession(
            id=self.sessions.new_id(),
            restore_point=restore_point,
            began_at=self._clock(),
            began=dt.datetime.now(dt.UTC),
        )
        self.restores.append(restore)
        return restore

    def is_working(self, restore: RestoreSession) -> bool:
        """Tell whether the backup server still shows a file-level restore as working."""
        age = self._clock() - restore.began_at
        return not restore.is_stopped and (not restore.is_lost or age < LINGER)

    def unmount_by_task(self, session: Session, mount: Mount, fault: TaskFault = NO_FAULT) -> Task:
        """Begin to unmount."""

        def work() -> None:
            self.unmount(session, mount)

        return self._begin(session, UNMOUNT, work, self.mount_seconds, fault)

    def prepare_download(
        self, session: Session, download: Download, fault: TaskFault = NO_FAULT
    ) -> Task:
        """Begin to make files ready to be downloaded."""
        mount = download.mount

        def work() -> Download:
            self._check_file(mount, download.asked)
            ready = session.downloads.setdefault((mount.restore_point.id, mount.id), set())
            ready.update(path.lower() for path in download.paths)
            return download

        return self._begin(session, FILE_RESTORE, work, self.mount_seconds, fault)

    def restore_file(
        self, session: Session, mount: Mount, restore: FileRestore, fault: TaskFault = NO_FAULT
    ) -> Task:
        """Begin to restore a file or a folder to its original place."""

        def work() -> None:
            self._check_file(mount, restore.path)
            if restore.credentials and not restore.credentials.are_right:
                raise OperationFailed(
                    f"Failed to connect to guest agent on {restore.machine}: the user name or "
                    "password is incorrect.",
                    credentials_needed=True,
                )
            self.restored.append(restore)

        return self._begin(session, FILE_RESTORE, work, self.mount_seconds, fault)

    def _check_file(self, mount: Mount, path: str) -> None:
        if self.disks.of(mount.restore_point.machine).find(path) is None:
            raise OperationFailed(f"File or directory [{path}] does not exist.")

    def cancel(self, session: Session, task: Task) -> None:
        """Stop a task and remove it."""
        session.tasks.pop(task.id, None)

    def _begin(
        self,
        session: Session,
        operation: str,
        work: Callable[[], Mount | Download | None],
        seconds: float,
        fault: TaskFault,
    ) -> Task:
        now = self._clock()
        session.tasks_made += 1
        task = Task(
            id=f"task-{session.tasks_made}",
            operation=operation,
            work=work,
            collected_at=now + seconds * (1 - _COLLECTING),
            finished_at=now + seconds + fault.stays,
            failure=fault.fails,
            shows_link=fault.shows_link,
            vanishes=fault.vanishes,
        )
        session.tasks[task.id] = task
        return task


def _work(task: Task) -> None:
    try:
        made = task.work()
    except OperationFailed as error:
        task.failure, task.credentials_needed = str(error), error.credentials_needed
        return
    if isinstance(made, Mount):
        task.mount = made
    else:
        task.download = made


def _advance(session: Session, task: Task, now: float) -> None:
    if task.state is TaskState.RUNNING and now >= task.collected_at:
        task.state = TaskState.OPERATION_FINISHED
    if task.state is TaskState.OPERATION_FINISHED and now >= task.finished_at:
        task.state = TaskState.FINISHED
        if task.failure is None:
            _work(task)
        if task.vanishes:
            del session.tasks[task.id]
