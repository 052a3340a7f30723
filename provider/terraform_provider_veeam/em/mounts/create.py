"""Making a mount point, so that whatever happens on the way, no mount is lost.

A mount logs on for itself, so its session has no other task and no other mount: an answer that was
lost is found by looking. Every way out is one of: the mount; MountIncomplete, which names it; an
error, with the session ended and nothing mounted; or, when the server is out of reach, an error
that names the restore point and the session.

In a session that somebody else made, others mount too. Nothing is guessed there: the error names
the task.

Follows the vendor's pages post_vmrestorepoints_id_mountpoints and its siblings.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus

from terraform_provider_veeam.em import errors, models, one_task, tasks
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, retry
from terraform_provider_veeam.em.logon import LogonSessions
from terraform_provider_veeam.em.mounts.read_and_unmount import MountPoints
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import capital

UNDO_SECONDS = 20.0
READ_SECONDS = 20.0  # the least for reading a mount that is there, whatever the deadline
_COULD_NOT_MOUNT = "Enterprise Manager could not mount the restore point"
log = logging.getLogger(__name__)


def create_mount(
    logon: LogonSessions,
    restore_point: models.RestorePointRef,
    os_kind: str | None,
    deadline: Deadline,
) -> models.Mounted:
    """Mount in a session of its own, or undo it. Raises MountIncomplete when it can't be read."""
    mount = _Mount(logon, restore_point, deadline)
    try:
        return mount.make(os_kind)
    except errors.MountIncomplete:
        raise
    except errors.EnterpriseManagerError as error:
        if outcome := mount.undo():
            log.info("%s: %s", deadline.operation, outcome)
            error.add(outcome)
        raise
    except BaseException:
        log.info("%s failed. %s", deadline.operation, mount.undo())
        raise


class _Mount:
    """One mount while it is made."""

    def __init__(
        self, logon: LogonSessions, restore_point: models.RestorePointRef, deadline: Deadline
    ) -> None:
        self._logon = logon
        self._session = session = logon.for_one_task(deadline)
        self._restore_point = restore_point
        self._deadline = deadline
        self._mounts = MountPoints(logon, session)
        unknown = errors.AnswerLost("It is not known whether the restore point was mounted")
        self._one = one_task.OneTask(
            logon,
            session,
            deadline,
            unknown=unknown if session.borrowed else None,
            check=lambda: self._mounts.check_restore_point(restore_point, deadline),
            result=self._mounted,
        )

    def make(self, os_kind: str | None) -> models.Mounted:
        """Ask for the mount, wait until it is done, and read it."""
        path = self._restore_point.mounts
        self._tell(f"asking for {path} in {self._session}")
        body, *other = _bodies(self._restore_point, os_kind)
        try:
            task = self._one.send(path, body)
        except errors.RequestFailed as error:
            if error.status != HTTPStatus.BAD_REQUEST or not other:
                raise
            log.info("asking in the other form: %s", error)
            task = self._one.send(path, other[0])
        self._tell(f"waiting for {task.task_id}")
        href = self._finish(task)
        self._tell(f"reading {href}")
        mounted = self._read(href)
        volumes = mounted.mount_point.file_system_roots
        self._tell(f"done, with {', '.join(volumes) or 'no volumes'}")
        return mounted

    def _tell(self, step: str) -> None:
        log.info("%s: %s", self._deadline.operation, step)

    def _mounted(self, bound: Deadline) -> models.Task | None:
        """Return a finished task for the mount point, if there is one already."""
        there = self._mounts.list(self._restore_point, bound)
        if not there:
            return None
        return models.Task("of the mount", "Finished", success=True, mount_href=there[0].href)

    def _finish(self, task: models.Task) -> str:
        """Return the mount point's path when its task has ended. Raises TaskFailed."""
        try:
            task = self._one.tasks.wait(task, self._deadline)
        except errors.TaskVanished:
            # How long a finished task stays listed is not documented: it may be gone at once.
            href = self._only_mount_point()
            if href is None:
                raise
        except errors.SessionGone as error:
            raise errors.TaskVanished(
                "The logon session ended during the mount",
                f"{error.detail}\nWhat was being mounted in {self._session} goes with it. Was "
                "Enterprise Manager restarted, or the session logged out?",
            ) from error
        except (errors.Stopped, errors.DeadlinePassed):
            raise
        except errors.EnterpriseManagerError as error:
            raise errors.TaskVanished("The mount could not be followed", error.detail) from error
        else:
            request = f"POST {self._restore_point.mounts}"
            if not task.success:
                raise errors.TaskFailed(_COULD_NOT_MOUNT, tasks.failure_of(request, task))
            href = task.mount_href or self._only_mount_point()
            if href is None:
                said = f": {task.message}" if task.message else "."
                raise errors.TaskFailed(
                    _COULD_NOT_MOUNT,
                    f"{request} was accepted, but its task {task.task_id} finished without a mount "
                    f"point{said}",
                )
        self._check(href)
        return href

    def _only_mount_point(self) -> str | None:
        """Return the path of the session's only mount point; in a borrowed one none is the only."""
        for pause in () if self._session.borrowed else one_task.PAUSES:
            self._deadline.wait(pause)
            if there := self._mounts.list(self._restore_point, self._deadline):
                return there[0].href
        return None

    def _check(self, href: str) -> None:
        """Raise UnexpectedAnswer for a mount point of another restore point."""
        at, asked = models.restore_point_at(href), self._restore_point
        # The vendor's sample of a replica's task links to a VM's restore point of another UUID.
        is_replica = (
            asked.type is models.RestorePointType.REPLICA and at and at.type is not asked.type
        )
        if at != asked and not is_replica:
            raise decoders.unreadable(
                f"The task of a mount of {asked.path} links to {href}, a mount point of another "
                "restore point."
            )

    def _read(self, href: str) -> models.Mounted:
        """Return the mount. Raises MountIncomplete when it can't be read, whatever the reason."""
        seconds = max(READ_SECONDS, self._deadline.remaining())
        bound = self._deadline.unstoppable("Reading the mount point", seconds)
        try:
            mount_point = self._mounts.read(self._restore_point, href, bound)
        except Exception as error:
            detail = getattr(error, "detail", repr(error))
            known = models.MountPoint(self._restore_point, models.mount_id_of(href) or 0, href)
            raise errors.MountIncomplete(
                "The restore point is mounted, but the mount point could not be read",
                f"{detail}\nIt is {href} in {self._session}.",
                mounted=models.Mounted(self._session, known),
            ) from error
        return models.Mounted(self._session, mount_point)

    def undo(self) -> str:
        """Leave nothing of what was begun, as far as it is ours. Returns what to tell of it."""
        if self._session.borrowed:
            return self._undo_in_borrowed_session()
        bound = self._deadline.unstoppable("Undoing the mount", UNDO_SECONDS)
        undone: list[str] = []
        try:
            if self._one.task or self._one.doubt:
                self._try(lambda: self._cancel(bound), undone, bound)
                self._try(lambda: self._unmount(bound), undone, bound)
            retry.persist(lambda: self._logon.end(self._session, bound), bound)
        except errors.EnterpriseManagerError as failure:
            return (
                f"What was begun could not be undone: {failure.summary}. If "
                f"{self._restore_point.path} gets mounted after all, it is in {self._session}, and "
                "Enterprise Manager unmounts it when that session has been idle for "
                f"{models.IDLE_LIMIT}."
            )
        if not self._one.task and not self._one.doubt:
            return ""
        # A cancel may take effect late, or not at all: what counts is the end of the session.
        undone.append("its logon session was ended")
        return f"{_sentence(undone)}; nothing is left mounted."

    def _try(self, step: Callable[[], str | None], undone: list[str], bound: Deadline) -> None:
        """Take a step that may fail: the session is ended after it in any case."""
        try:
            if done := retry.persist(step, bound.part(bound.seconds / 3)):
                undone.append(done)
        except Exception as failure:  # noqa: BLE001 - whatever it is
            log.info(
                "undoing the mount of %s: %s", self._restore_point.id, one_task.as_error(failure)
            )

    def _cancel(self, bound: Deadline) -> str | None:
        running = [task for task in self._one.tasks.all(bound) if not task.finished]
        for task in running:
            self._one.tasks.cancel(task.task_id, bound)
        if not running:
            return None
        return f"the mount's task {running[0].task_id} was cancelled{_last_said(running[0])}"

    def _unmount(self, bound: Deadline) -> str | None:
        there = self._mounts.list(self._restore_point, bound)
        for mount_point in there:
            self._mounts.unmount(mount_point.href, bound)
        return "what was mounted by then was unmounted" if there else None

    def _undo_in_borrowed_session(self) -> str:
        """Cancel our task, or unmount what it links to."""
        ours = self._one.task
        if ours is None:
            if self._one.doubt is None:
                return ""
            return (
                f"It is not known what came of the request. Others may be mounting in "
                f"{self._session} too, so none of its tasks is taken for that of this mount. Look "
                "there for a mount of the restore point."
            )
        bound = self._deadline.unstoppable("Undoing the mount", UNDO_SECONDS)
        try:
            task = retry.persist(lambda: self._one.tasks.get(ours.task_id, bound), bound)
            if not task.finished:
                retry.persist(lambda: self._one.tasks.cancel(task.task_id, bound), bound)
                return (
                    f"The mount's task {task.task_id} was cancelled{_last_said(task)}. If the "
                    f"restore point is mounted after all, look for it in {self._session}, which "
                    "is somebody else's, and unmount it there."
                )
            if task.success is False:
                return ""
            if href := task.mount_href:
                self._check(href)
                retry.persist(lambda: self._mounts.unmount(href, bound), bound)
                return "What was mounted by then was unmounted."
        except errors.EnterpriseManagerError as failure:
            log.info("undoing task %s of %s: %s", ours.task_id, self._session, failure)
        return (
            f"It is not known what became of task {ours.task_id}, and others may be mounting in "
            f"{self._session} too. If the restore point is mounted, unmount it there."
        )


def _bodies(
    restore_point: models.RestorePointRef, os_kind: str | None
) -> list[dict[str, str] | None]:
    """Return the forms of a mount request, the next for a server that answers 400 to one.

    Without `os_kind` a body and none mean the same. The pages of VMs and replicas have the header
    Content-Type as required, and a server that is asked for JSON was seen to refuse an empty body,
    so the default comes first there. The page of agents has a request without body and header.
    """
    default = {"OsKind": models.DEFAULT_OS_KIND}
    if restore_point.type is models.RestorePointType.AGENT:
        return [None, default]
    return [{"OsKind": os_kind}] if os_kind else [default, None]


def _last_said(task: models.Task) -> str:
    """Return the rest of a sentence: what a task said of itself before it was cancelled."""
    said = ", ".join(printable(one) for one in (task.state, task.message) if one)
    return f" (it said: {said})" if said else ""


def _sentence(parts: list[str]) -> str:
    *first, last = parts
    return capital(f"{', '.join(first)}, and {last}" if first else last)
