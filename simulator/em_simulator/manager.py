"""Enterprise Manager without HTTP: logon, tasks that take their time, mount points.

Follows the vendor's pages tasks, post_vmrestorepoints_id_mountpoints,
delete_vmrestorepoints_id_mountpoints_id, post_jobs_id_actionstart and its siblings.
"""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from em_simulator.accounts import ACCOUNTS, Account
from em_simulator.backups import Backups, BackupSession, BackupWays, Course
from em_simulator.catalogue import NIGHTS, Catalogue, RestorePoint
from em_simulator.files import Disks
from em_simulator.hierarchy import Hierarchy
from em_simulator.mounts import Browsed, Download, Mount
from em_simulator.operations import OperationFailed
from em_simulator.restores import FileRestore, Outcome, Restores, RestoreSession
from em_simulator.sessions import (
    NO_FAULT,
    RESTORE_FILE,
    START_JOB,
    Made,
    Session,
    Sessions,
    Task,
    TaskFault,
    TaskState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from em_simulator.backups import Job, ObjectInJob
    from em_simulator.hierarchy import HierarchyItem

MOUNT = "MountRestorePoint"
UNMOUNT = "UnmountRestorePoint"
FILE_RESTORE = "FileRestoreFromMountPoint"
BROWSE = "BrowseVM"
QUICK_BACKUP = "QuickBackup"
UPDATE_JOB = "UpdateJob"
_COLLECTING = 0.2  # part of a task's time between its end on the backup server and its collection


class MountNumbers(StrEnum):
    """Where the numbers of mount points begin anew; the documentation does not say."""

    SESSION = "session"
    RESTORE_POINT = "restore-point"


@dataclass(slots=True)
class IndexWays:
    """What the index of guest files has, and how long it takes."""

    machines: Collection[str]
    """Names of the VMs that are indexed when they are backed up."""
    missing: set[str] = field(default_factory=set)
    """Restore points whose indexing failed."""
    browse_seconds: float = 0.0
    restore_seconds: float = 0.0
    """How long a file's restore takes, after the task that starts it."""
    answers_200: bool = False
    """Whether a browse is answered with 200, as on its page, and not with 202."""


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
        nights: int = NIGHTS,
        opaque_tokens: bool = False,
        clock_ahead: float = 0.0,
        ways: BackupWays,
        index: IndexWays,
    ) -> None:
        self.lock = threading.RLock()
        self.ways = ways
        """What differs between servers about backups and lookups."""
        self.catalogue = Catalogue(seed, restore_points, nights, is_exact=ways.exact_names)
        self.hierarchy = Hierarchy(
            self.catalogue.machines,
            matches_parts=ways.matches_parts,
            two_servers=ways.two_servers,
            lists_unique_ids=ways.lists_unique_ids,
        )
        self.backups = Backups(self.catalogue, self.hierarchy, clock, self.now, ways)
        self.disks = Disks(seed)
        self.sessions = Sessions(seed, idle_limit, opaque_tokens=opaque_tokens)
        self.index = index
        self.restores = Restores(clock, self.now, self.sessions.new_id)
        self.mount_seconds = mount_seconds
        self._mount_numbers = mount_numbers
        self._clock = clock
        self._first = clock()
        self._first_time = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=clock_ahead)

    def now(self) -> dt.datetime:
        """Return what the server's own clock shows; it need not show the world's time."""
        return self._first_time + dt.timedelta(seconds=self._clock() - self._first)

    def advance(self) -> None:
        """Let everything happen whose time has come."""
        now = self._clock()
        self.sessions.expire(now)
        for session in self.sessions.all():
            for task in [*session.tasks.values(), *session.late]:
                _advance(session, task, now)
        self.restores.advance()
        self.backups.advance()

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
            if not restore_point.is_complete:
                raise OperationFailed(f"{restore_point.name} is still being written.")
            key = restore_point.id
            if self._mount_numbers is MountNumbers.SESSION:
                key = ""
            number = session.mounts_made.get(key, 0) + 1
            session.mounts_made[key] = number
            mount = Mount(number, restore_point, os_kind, self.restores.begin(restore_point))
            session.mounts[restore_point.id, number] = mount
            return mount

        return self._begin(session, MOUNT, work, self.mount_seconds, fault)

    def unmount(self, session: Session, mount: Mount) -> None:
        """Unmount at once."""
        self.restores.stop(mount.restore)
        session.mounts.pop((mount.restore_point.id, mount.id), None)

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
        """Begin to restore a file or a folder to its original place.

        With an outcome the task only starts a restore session, whose end is what counts.
        """

        def work() -> RestoreSession | None:
            self._check_file(mount, restore.path)
            if restore.credentials and not restore.credentials.are_right:
                raise OperationFailed(
                    f"Failed to connect to guest agent on {restore.machine}: the user name or "
                    "password is incorrect.",
                    credentials_needed=True,
                )
            if fault.outcome:
                return self.restores.begin(mount.restore_point, fault.outcome, restore)
            self.restores.restored.append(restore)
            return None

        return self._begin(session, FILE_RESTORE, work, self.mount_seconds, fault)

    def is_indexed(self, point: RestorePoint) -> bool:
        """Return whether the index has a restore point's files."""
        known = self.index.machines
        return (
            point.machine.name in known and point.is_complete and point.id not in self.index.missing
        )

    def browse(self, session: Session, point: RestorePoint, fault: TaskFault = NO_FAULT) -> Task:
        """Begin to show what the index has of a restore point; done at once if it takes no time."""

        def work() -> Browsed:
            session.browsed.add(point.id)
            return Browsed(point)

        task = self._begin(session, BROWSE, work, self.index.browse_seconds, fault)
        self.advance()
        return task

    def restore_indexed(
        self, session: Session, point: RestorePoint, path: str, fault: TaskFault = NO_FAULT
    ) -> Task:
        """Begin to start the restore of a file or a folder to its original place."""

        def work() -> RestoreSession:
            outcome = fault.outcome or Outcome(seconds=self.index.restore_seconds)
            restore = FileRestore(point.machine.name, path, overwrite=True)
            return self.restores.begin(point, outcome, restore)

        return self._begin(session, RESTORE_FILE, work, self.index.browse_seconds, fault)

    def _check_file(self, mount: Mount, path: str) -> None:
        if self.disks.at(mount.restore_point).find(path) is None:
            raise OperationFailed(f"File or directory [{path}] does not exist.")

    def start_job(self, session: Session, job: Job, fault: TaskFault = NO_FAULT) -> Task:
        """Begin to start a job."""

        def work() -> BackupSession:
            course, lag = self._course(fault)
            return self.backups.start(job, course, lag, is_linked=self.ways.links_starts)

        return self._begin(session, START_JOB, work, self.mount_seconds, fault)

    def back_up(
        self, session: Session, server_id: str, item: HierarchyItem, fault: TaskFault = NO_FAULT
    ) -> Task:
        """Begin to start a quick backup of a VM on a backup server."""

        def work() -> BackupSession:
            course, lag = self._course(fault)
            if item.root.server.id != server_id:
                raise OperationFailed(f"Failed to create a quick backup: {item.ref} is not found.")
            return self.backups.back_up(item, course, lag)

        return self._begin(session, QUICK_BACKUP, work, self.mount_seconds, fault)

    def include(
        self, session: Session, job: Job, item: HierarchyItem, fault: TaskFault = NO_FAULT
    ) -> Task:
        """Begin to put an object into a job."""

        def work() -> None:
            self.backups.include(job, item, self._course(fault)[1])

        return self._begin(session, UPDATE_JOB, work, self.mount_seconds, fault)

    def exclude(
        self, session: Session, job: Job, one: ObjectInJob, fault: TaskFault = NO_FAULT
    ) -> Task:
        """Begin to take an object out of a job."""

        def work() -> None:
            self.backups.exclude(job, one, self._course(fault)[1])

        return self._begin(session, UPDATE_JOB, work, self.mount_seconds, fault)

    def _course(self, fault: TaskFault) -> tuple[Course, float]:
        """Return how a backup goes, and how long Enterprise Manager does not show it."""
        course = fault.course or Course(seconds=self.ways.backup_seconds)
        return course, self.ways.lag if fault.lag is None else fault.lag

    def cancel(self, session: Session, task: Task, late: float | None = None) -> None:
        """Stop a task and remove it; if `late`, its work is done after so many seconds."""
        session.tasks.pop(task.id, None)
        if late is not None and task.state is not TaskState.FINISHED:
            task.collected_at = task.finished_at = self._clock() + late
            session.late.append(task)

    def _begin(
        self,
        session: Session,
        operation: str,
        work: Callable[[], Made],
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
            fault=fault,
        )
        session.tasks[task.id] = task
        return task


def _advance(session: Session, task: Task, now: float) -> None:
    if task.state is TaskState.RUNNING and now >= task.collected_at:
        task.state = TaskState.OPERATION_FINISHED
    if task.state is TaskState.OPERATION_FINISHED and now >= task.finished_at:
        task.finish()
        if task in session.late:
            session.late.remove(task)
        elif task.fault.vanishes:
            del session.tasks[task.id]
