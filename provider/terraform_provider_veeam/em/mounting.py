"""Mounting a restore point so that, whatever happens on the way, no mount is lost.

Every way out is one of: the mount; MountIncomplete, which names it; an error and no mount; or, when
the server is out of reach, an error that names the task and the session.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import (
    DeadlinePassed,
    EnterpriseManagerError,
    MountIncomplete,
    NotFound,
    SessionExpired,
    Stopped,
    TaskFailed,
    TaskVanished,
)
from terraform_provider_veeam.em.models import Mounted, MountPoint
from terraform_provider_veeam.em.mounts import MountPoints, mount_id_of
from terraform_provider_veeam.em.persisting import persist
from terraform_provider_veeam.em.waiting import Deadline

if TYPE_CHECKING:
    from terraform_provider_veeam.em.models import LogonSession, RestorePointRef, Task
    from terraform_provider_veeam.em.posting import MountRequests
    from terraform_provider_veeam.em.strays import Strays
    from terraform_provider_veeam.em.tasks import Tasks
    from terraform_provider_veeam.em.waiting import Clock

CLEAN_UP_SECONDS = 20.0
READ_SECONDS = 20.0
"""The least time for reading a mount that is there, however little the deadline leaves."""

log = logging.getLogger(__name__)


class Mounter:
    """Mounts restore points in one logon session."""

    def __init__(
        self,
        session: LogonSession,
        *,
        tasks: Tasks,
        mounts: MountPoints,
        requests: MountRequests,
        strays: Strays,
        clock: Clock,
    ) -> None:
        self._session = session
        self._tasks = tasks
        self._mounts = mounts
        self._requests = requests
        self._strays = strays
        self._clock = clock
        self._first_task: str | None = None  # of the first mount that was done

    def mount(
        self, restore_point: RestorePointRef, os_kind: str | None, deadline: Deadline
    ) -> Mounted:
        """Mount, and return the mount point as it is read afterwards.

        Raises SessionExpired when nothing was asked for because the session has ended,
        MountIncomplete when the mount is there but could not be read, and any other error when
        no mount is left.
        """
        self._strays.prepare(restore_point, deadline)
        task = self._requests.send(restore_point, os_kind, deadline)
        self._strays.begin(task.task_id, restore_point)
        try:
            task = self._outcome(task, restore_point, deadline)
            if task.success is False:
                raise _failed(task, restore_point)
            href = task.mount_href or self._find(restore_point, task)
            if href is None:
                self._requests.unanswered.add(restore_point)
                raise _failed(task, restore_point)
            self._strays.claim(href)
            self._first_task = self._first_task or task.task_id
        finally:
            self._strays.end(task.task_id)
        return self._read(restore_point, href, deadline)

    def _outcome(self, task: Task, restore_point: RestorePointRef, deadline: Deadline) -> Task:
        """Return the finished task, or cancel it and raise why."""
        if task.finished:
            return task
        try:
            return self._tasks.wait(task.task_id, deadline)
        except SessionExpired as error:
            self._requests.unanswered.add(restore_point)  # should the session live after all
            raise self._lost_with_session(error) from error
        except EnterpriseManagerError as error:
            return self._give_up(task, restore_point, error)

    def _give_up(
        self, task: Task, restore_point: RestorePointRef, reason: EnterpriseManagerError
    ) -> Task:
        """Cancel the task and raise the reason; a mount done meanwhile survives a mere stop."""
        bound = self._bound("Cancelling the mount", CLEAN_UP_SECONDS)
        log.info("giving task %s up: %s", task.task_id, reason.summary)
        try:
            now = self._look_again(task, bound)
            if now is None and isinstance(reason, TaskVanished):
                now = self._finished_unseen(task, restore_point, bound)
            if now and now.finished and not _is_unwanted(now, reason):
                return now
            self._undo(now, task.task_id, restore_point, bound)
        except SessionExpired as error:
            raise self._lost_with_session(error) from error
        except EnterpriseManagerError as failure:
            self._requests.unanswered.add(restore_point)
            raise _restated(
                reason,
                f"Its task {task.task_id} in {self._session} could not "
                f"be cancelled: {failure.summary}. If the restore point gets mounted after all, "
                "Enterprise Manager unmounts it when that session has been idle for 15 minutes.",
            ) from failure
        # A server that stops a task a moment later than it says may still finish the mount.
        self._requests.unanswered.add(restore_point)
        fate = "was cancelled" if now else "is gone"
        raise _restated(
            reason, f"The mount's task {task.task_id} {fate}; nothing is left mounted."
        ) from reason

    def _look_again(self, task: Task, bound: Deadline) -> Task | None:
        """Return the task as it is now, as it was when that can't be told, None when it is gone."""
        try:
            return self._tasks.get(task.task_id, bound)
        except NotFound:
            return None
        except SessionExpired:
            raise
        except EnterpriseManagerError:
            return task

    def _finished_unseen(
        self, task: Task, restore_point: RestorePointRef, bound: Deadline
    ) -> Task | None:
        """Return the task as finished if its mount point is there.

        How long a finished task stays listed is not documented: it may be gone at once. While the
        first task is there the server does not do so, and whoever ends the session (see leases)
        would not know of this mount point: then it is not kept.
        """
        first = self._first_task or task.task_id
        if self._session.borrowed or (first != task.task_id and self._is_listed(first, bound)):
            return None
        href = persist(lambda: self._strays.find(restore_point, task, bound), bound)
        return task._replace(state="Finished", success=True, mount_href=href) if href else None

    def _is_listed(self, task_id: str, bound: Deadline) -> bool:
        try:
            self._tasks.get(task_id, bound)
        except NotFound:
            return False
        return True

    def _undo(
        self, now: Task | None, task_id: str, restore_point: RestorePointRef, bound: Deadline
    ) -> None:
        """Cancel a task, and unmount what it has mounted. Raises when that is not certain."""
        if now and now.finished:
            if href := now.mount_href:
                persist(lambda: self._mounts.unmount(href, bound), bound)
        elif now:
            persist(lambda: self._tasks.cancel(task_id, bound), bound)
        if self._session.borrowed:
            self._strays.unmount(restore_point, task_id, bound)  # asking again tells nothing new
        else:
            persist(lambda: self._strays.unmount(restore_point, task_id, bound), bound)

    def _find(self, restore_point: RestorePointRef, task: Task) -> str | None:
        """Return the path of the mount point of a finished task that has no link to it."""
        bound = self._bound("Finding the mount point", READ_SECONDS)
        try:
            return persist(lambda: self._strays.find(restore_point, task, bound), bound)
        except SessionExpired as error:
            raise self._lost_with_session(error) from error
        except EnterpriseManagerError as failure:
            self._requests.unanswered.add(restore_point)
            raise _restated(
                failure,
                f"Task {task.task_id} in {self._session} mounted the "
                "restore point, but its mount point could not be found. Enterprise Manager "
                "unmounts it when that session has been idle for 15 minutes.",
            ) from failure

    def _read(self, restore_point: RestorePointRef, href: str, deadline: Deadline) -> Mounted:
        bound = self._bound("Reading the mount point", max(READ_SECONDS, deadline.remaining()))
        try:
            return Mounted(self._own(), self._mounts.read(restore_point, href, bound))
        except EnterpriseManagerError as error:
            known = MountPoint(restore_point, mount_id_of(href) or 0, href)
            raise MountIncomplete(
                "The restore point is mounted, but the mount point could not be read",
                f"{error.detail}\nIt is {href} in {self._session}.",
                mounted=Mounted(self._own(), known),
            ) from error

    def _own(self) -> LogonSession:
        """Return the session as whoever unmounts later has to know it."""
        return self._session._replace(first_task=self._first_task)

    def _bound(self, operation: str, seconds: float) -> Deadline:
        """Return a bound that a stop does not end: what is begun here has to be finished."""
        return Deadline(
            operation=operation, seconds=seconds, stop=threading.Event(), clock=self._clock
        )

    def _lost_with_session(self, error: SessionExpired) -> EnterpriseManagerError:
        return TaskVanished(
            "The logon session ended during the mount",
            f"{error.detail}\nWhat was being mounted in {self._session} "
            "goes with it. Was Enterprise Manager restarted, or the session logged out?",
        )


def _failed(task: Task, restore_point: RestorePointRef) -> TaskFailed:
    if task.success is False:
        message = task.message or "it gave no reason"
        how = f"its task {task.task_id} failed: {message}\nNothing is left mounted."
    else:
        how = f"its task {task.task_id} finished without a mount point"
        how += f": {task.message}" if task.message else "."
    return TaskFailed(
        "Enterprise Manager could not mount the restore point",
        f"POST {restore_point.mounts} was accepted, but {how}",
    )


def _is_unwanted(task: Task, reason: EnterpriseManagerError) -> bool:
    """Tell whether a mount that was given up, but is done by now, has to be unmounted."""
    return task.success is not False and not isinstance(reason, Stopped | TaskVanished)


def _restated(reason: EnterpriseManagerError, outcome: str) -> EnterpriseManagerError:
    """Return the reason for giving a mount up, with what became of the mount."""
    detail = f"{reason.detail}\n{outcome}"
    if isinstance(reason, Stopped | DeadlinePassed | TaskVanished):
        return type(reason)(reason.summary, detail)
    return TaskVanished("The mount could not be followed", detail)
