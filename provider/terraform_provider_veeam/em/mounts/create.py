"""Making a mount point, so that whatever happens on the way, no mount is lost.

A mount logs on for itself, so its session has no other task and no other mount: an answer that was
lost is found by looking. Every way out is one of: the mount; MountIncomplete, which names it; an
error, with the session ended and nothing mounted; or, when the server is out of reach, an error
that names the restore point and the session.

In a session that somebody else made, others mount too. Nothing is guessed there: the error names
the task.

Follows the vendor's pages post_vmrestorepoints_id_mountpoints and its siblings.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from http import HTTPStatus

from terraform_provider_veeam.em import errors, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.http.decoders import unreadable
from terraform_provider_veeam.em.http.retry import persist, retry
from terraform_provider_veeam.em.logon import LogonSessions, token_refused
from terraform_provider_veeam.em.mounts.read_and_unmount import MountPoints
from terraform_provider_veeam.em.tasks import Tasks, parse_task

UNDO_SECONDS = 20.0
READ_SECONDS = 20.0
"""The least time for reading a mount that is there, however little the deadline leaves."""
_PAUSES = (0.0, 0.5, 1.0, 2.0)  # seconds before each look for what may turn up late

log = logging.getLogger(__name__)


def create_mount(
    client: Client,
    logon: LogonSessions,
    restore_point: models.RestorePointRef,
    os_kind: str | None,
    deadline: Deadline,
) -> models.Mounted:
    """Mount a restore point in a session of its own, and return it when its disks are there.

    Raises MountIncomplete when it is mounted but could not be read; after any other error nothing
    is mounted, or the error says what may be.
    """
    session = logon.for_one_task(deadline)
    kind = _BorrowedSessionMount if session.borrowed else _OwnSessionMount
    mount = kind(client, logon, session, restore_point, deadline)
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


class _OwnSessionMount:
    """One mount while it is made, in a session that has nothing else."""

    def __init__(
        self,
        client: Client,
        logon: LogonSessions,
        session: models.LogonSession,
        restore_point: models.RestorePointRef,
        deadline: Deadline,
    ) -> None:
        self._client = client
        self._logon = logon
        self._session = session
        self._restore_point = restore_point
        self._deadline = deadline
        self._tasks = Tasks(client, logon, session)
        self._mounts = MountPoints(client, logon, session)
        self._task: models.Task | None = None
        self._doubt: errors.EnterpriseManagerError | None = None
        """The error that leaves it open whether the server took the request."""

    def make(self, os_kind: str | None) -> models.Mounted:
        """Ask for the mount, wait until it is done, and read it."""
        self._tell(f"asking for {self._restore_point.mounts} in {self._session}")
        *others, last = _bodies(self._restore_point, os_kind)
        for body in others:
            try:
                self._task = self._ask_until_taken(body)
                break
            except errors.RequestFailed as error:
                if error.status != HTTPStatus.BAD_REQUEST:
                    raise
                log.info("asking in the other form: %s", error)
        self._task = self._task or self._ask_until_taken(last)
        self._tell(f"waiting for {self._task.task_id}")
        href = self._find_mount_point(self._finish(self._task))
        self._tell(f"reading {href}")
        mounted = self._read(href)
        volumes = mounted.mount_point.file_system_roots
        self._tell(f"done, with {', '.join(volumes) or 'no volumes'}")
        return mounted

    def _tell(self, step: str) -> None:
        log.info("%s: %s", self._deadline.operation, step)

    def _ask_until_taken(self, body: bytes | None) -> models.Task:
        return retry(
            lambda: self._ask(body),
            self._deadline,
            when=self._may_ask_again,
            pauses=self._client.policy.pauses(),
        )

    def _ask(self, body: bytes | None) -> models.Task:
        """Ask for the mount; when an answer was lost, look first whether there is a task."""
        if self._doubt and (task := self._look(self._doubt)):
            return task
        try:
            return self._post(body)
        except Exception as error:
            doubt = _as_error(error)
            refused = isinstance(doubt, errors.NotFound | errors.TokenRefused)
            if not refused and not doubt.may_have_acted:
                raise
            self._doubt = doubt
            self._check_answerer(doubt)
            if task := self._look(doubt):
                log.info("%s: its task is %s", doubt.summary, task.task_id)
                return task
            raise doubt from doubt.__cause__

    def _check_answerer(self, error: errors.EnterpriseManagerError) -> None:
        """Raise what the server has said by an error; return when a gateway may have said it."""
        if isinstance(error, errors.NotFound):
            try:
                self._mounts.check_restore_point(self._restore_point, self._deadline)
            except errors.RestorePointGone:
                self._doubt = None
                raise

    def _post(self, body: bytes | None) -> models.Task:
        path = self._restore_point.mounts
        answer = self._client.request(
            "POST", path, self._deadline, token=self._session.token, body=body
        )
        task = parse_task(answer.document.value)
        if task is None:
            raise unreadable(f"POST {path} was answered with {answer.status}, but with no task.")
        return task

    def _may_ask_again(self, error: errors.EnterpriseManagerError) -> bool:
        """Tell whether a request may be sent again: nothing came of it, and nothing will."""
        if error is self._doubt and isinstance(error, errors.NotFound | errors.TokenRefused):
            return True  # what lists them shows that there is none of it
        return error.may_pass and not _is_late(error)

    def _look(self, doubt: errors.EnterpriseManagerError) -> models.Task | None:
        """Return the session's task, or a finished one for its mount point; None without either.

        The server may still be busy with a request that timed out, so this looks several times.
        """
        for pause in _PAUSES if _is_late(doubt) else (0.0,):
            self._deadline.wait(pause)
            if tasks := self._tasks.all(self._deadline):
                return tasks[0]
            if there := self._mounts.list(self._restore_point, self._deadline):
                return _finished(there[0].href)
        return None

    def _finish(self, task: models.Task) -> models.Task:
        """Return the task when it has ended with success. Raises TaskFailed or TaskVanished."""
        try:
            task = self._tasks.wait(task, self._deadline)
        except errors.TaskVanished as error:
            return self._finish_unseen(error)
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
        if not task.success:
            raise self._failed(f"failed: {task.message or 'it gave no reason'}")
        return task

    def _finish_unseen(self, vanished: errors.TaskVanished) -> models.Task:
        """Return a finished task in place of one that is gone, if the mount point is there.

        How long a finished task stays listed is not documented: it may be gone at once.
        """
        href = self._only_mount_point()
        if href is None:
            raise vanished
        return _finished(href)

    def _find_mount_point(self, task: models.Task) -> str:
        """Return the path of the mount point: the task's link, else the session's only one."""
        href = task.mount_href or self._only_mount_point()
        if href is None:
            said = f": {task.message}" if task.message else "."
            raise self._failed(f"finished without a mount point{said}")
        self._check(href)
        return href

    def _only_mount_point(self) -> str | None:
        for pause in _PAUSES:
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
            raise unreadable(
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
            detail = (
                error.detail if isinstance(error, errors.EnterpriseManagerError) else repr(error)
            )
            known = models.MountPoint(self._restore_point, models.mount_id_of(href) or 0, href)
            raise errors.MountIncomplete(
                "The restore point is mounted, but the mount point could not be read",
                f"{detail}\nIt is {href} in {self._session}.",
                mounted=models.Mounted(self._session, known),
            ) from error
        return models.Mounted(self._session, mount_point)

    def _failed(self, how: str) -> errors.TaskFailed:
        name = self._task.task_id if self._task else "of the mount"
        return errors.TaskFailed(
            "Enterprise Manager could not mount the restore point",
            f"POST {self._restore_point.mounts} was accepted, but its task {name} {how}",
        )

    def undo(self) -> str:
        """Cancel the task, unmount what is there, end the session. Returns what to tell of it."""
        bound = self._deadline.unstoppable("Undoing the mount", UNDO_SECONDS)
        undone: list[str] = []
        try:
            if self._task or self._doubt:
                self._try(lambda: self._cancel(bound), undone, bound)
                self._try(lambda: self._unmount(bound), undone, bound)
            persist(lambda: self._logon.end(self._session, bound), bound)
        except errors.EnterpriseManagerError as failure:
            return (
                f"What was begun could not be undone: {failure.summary}. If "
                f"{self._restore_point.path} gets mounted after all, it is in {self._session}, and "
                "Enterprise Manager unmounts it when that session has been idle for "
                f"{models.IDLE_LIMIT}."
            )
        if not self._task and not self._doubt:
            return ""
        # A cancel may take effect late, or not at all: what counts is the end of the session.
        undone.append("its logon session was ended")
        return f"{_sentence(undone)}; nothing is left mounted."

    def _try(self, step: Callable[[], str | None], undone: list[str], bound: Deadline) -> None:
        """Take a step that may fail: the session is ended after it in any case."""
        try:
            if done := persist(step, bound.part(bound.seconds / 3)):
                undone.append(done)
        except Exception as failure:  # noqa: BLE001 - whatever it is
            log.info("undoing the mount of %s: %s", self._restore_point.id, _as_error(failure))

    def _cancel(self, bound: Deadline) -> str | None:
        running = [task for task in self._tasks.all(bound) if not task.finished]
        for task in running:
            self._tasks.cancel(task.task_id, bound)
        return f"the mount's task {running[0].task_id} was cancelled" if running else None

    def _unmount(self, bound: Deadline) -> str | None:
        there = self._mounts.list(self._restore_point, bound)
        for mount_point in there:
            self._mounts.unmount(mount_point.href, bound)
        return "what was mounted by then was unmounted" if there else None


class _BorrowedSessionMount(_OwnSessionMount):
    """One mount while it is made, in a session in which others may be mounting too."""

    def _check_answerer(self, error: errors.EnterpriseManagerError) -> None:
        if isinstance(error, errors.TokenRefused) and not self._logon.answers(
            self._session, self._deadline
        ):
            self._doubt = None
            raise token_refused(error) from error
        super()._check_answerer(error)

    def _look(self, doubt: errors.EnterpriseManagerError) -> models.Task | None:
        raise errors.AnswerLost(
            "It is not known whether the restore point was mounted", doubt.detail
        ) from doubt

    def _may_ask_again(self, error: errors.EnterpriseManagerError) -> bool:
        return error.may_pass and not error.may_have_acted

    def _finish_unseen(self, vanished: errors.TaskVanished) -> models.Task:
        raise vanished

    def _only_mount_point(self) -> str | None:
        return None

    def undo(self) -> str:
        """Cancel our task, or unmount what it links to. Returns what to tell of it."""
        if self._task is None:
            if self._doubt is None:
                return ""
            return (
                f"It is not known what came of the request. Others may be mounting in "
                f"{self._session} too, so none of its tasks is taken for that of this mount. Look "
                "there for a mount of the restore point."
            )
        ours = self._task
        bound = self._deadline.unstoppable("Undoing the mount", UNDO_SECONDS)
        try:
            task = persist(lambda: self._tasks.get(ours.task_id, bound), bound)
            if not task.finished:
                persist(lambda: self._tasks.cancel(task.task_id, bound), bound)
                return (
                    f"The mount's task {task.task_id} was cancelled. Should the restore point be "
                    f"mounted all the same, look for it in {self._session}, which is somebody "
                    "else's, and unmount it there."
                )
            if task.success is False:
                return ""
            if href := task.mount_href:
                self._check(href)
                persist(lambda: self._mounts.unmount(href, bound), bound)
                return "What was mounted by then was unmounted."
        except errors.EnterpriseManagerError as failure:
            log.info("undoing task %s of %s: %s", ours.task_id, self._session, failure)
        return (
            f"It is not known what became of task {ours.task_id}, and others may be mounting in "
            f"{self._session} too. If the restore point is mounted, unmount it there."
        )


def _bodies(restore_point: models.RestorePointRef, os_kind: str | None) -> list[bytes | None]:
    """Return the forms of a mount request, the next for a server that answers 400 to one.

    Without `os_kind` a body and none mean the same. The pages of VMs and replicas have the header
    Content-Type as required, and a server that is asked for JSON was seen to refuse an empty body,
    so the default comes first there. The page of agents has a request without body and header.
    """
    if restore_point.type is models.RestorePointType.AGENT:
        return [None, _body(models.DEFAULT_OS_KIND)]
    return [_body(os_kind)] if os_kind else [_body(models.DEFAULT_OS_KIND), None]


def _body(os_kind: str) -> bytes | None:
    return json.dumps({"OsKind": os_kind}).encode()


def _as_error(error: Exception) -> errors.EnterpriseManagerError:
    """Return an error as one of the tree: one that nobody foresaw comes from a strange answer."""
    if isinstance(error, errors.EnterpriseManagerError):
        return error
    told = unreadable(f"It can't be handled ({type(error).__name__}).")
    told.__cause__ = error
    return told


def _is_late(error: errors.EnterpriseManagerError) -> bool:
    """Tell whether the server may still be busy with the request."""
    if isinstance(error, errors.RequestRefused):
        return error.status == HTTPStatus.GATEWAY_TIMEOUT
    return isinstance(error, errors.AnswerLost) and error.timed_out


def _finished(href: str) -> models.Task:
    """Return a finished task for a mount point that is there."""
    return models.Task("of the mount", "Finished", success=True, mount_href=href)


def _sentence(parts: list[str]) -> str:
    *first, last = parts
    text = f"{', '.join(first)}, and {last}" if first else last
    return text[0].upper() + text[1:]
