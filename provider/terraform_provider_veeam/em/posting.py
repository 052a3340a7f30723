"""Asking for a mount exactly once: `POST …/mounts`, and finding its task when the answer is lost.

Follows the vendor's pages post_vmrestorepoints_id_mountpoints and get_tasks.
"""

from __future__ import annotations

import json
import logging
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import (
    AnswerLost,
    CertificateNotTrusted,
    EnterpriseManagerError,
    RequestFailed,
    UnexpectedAnswer,
    Unreachable,
)
from terraform_provider_veeam.em.models import DEFAULT_OS_KIND, RestorePointRef, RestorePointType
from terraform_provider_veeam.em.persisting import persist
from terraform_provider_veeam.em.retrying import PASSING_STATUSES
from terraform_provider_veeam.em.tasks import Tasks, parse_task
from terraform_provider_veeam.em.waiting import Deadline

if TYPE_CHECKING:
    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.models import LogonSession, Task
    from terraform_provider_veeam.em.waiting import Clock

MOUNT_OPERATION = "MountRestorePoint"
LOOK_SECONDS = 20.0
"""How long is tried to find out whether the server took a request whose answer was lost."""
_LATE_LOOKS = (1.0, 2.0, 4.0)  # seconds between looks for a request that timed out

log = logging.getLogger(__name__)


class MountRequests:
    """Sends the mount requests of one logon session, one at a time.

    While one is on its way no other is sent, so a mount task that nobody knows is the one whose
    answer was lost.
    """

    def __init__(self, client: Client, session: LogonSession, tasks: Tasks, clock: Clock) -> None:
        self._client = client
        self._session = session
        self._tasks = tasks
        self._clock = clock
        self._sending = threading.Lock()
        self._known: set[str] | None = None if session.borrowed else set()
        self.unanswered: set[RestorePointRef] = set()
        """Restore points for which a request was lost, so that a mount may yet turn up."""

    def send(self, restore_point: RestorePointRef, os_kind: str | None, deadline: Deadline) -> Task:
        """Ask for a mount and return its task.

        Raises SessionExpired when the server took nothing because the session has ended.
        """
        deadline.acquire(self._sending)
        try:
            if self._known is None:
                # Somebody else uses this session too: what is there already is not ours.
                self._known = {task.task_id for task in self._tasks.all(deadline)}
            task = self._send(restore_point, os_kind, deadline)
            self._known.add(task.task_id)
            return task
        finally:
            self._sending.release()

    def cancel_unknown(self, deadline: Deadline) -> None:
        """Cancel what still runs of mounts whose requests were lost, in a session of our own."""
        for task in self._tasks.described(deadline):
            is_known = self._known is None or task.task_id in self._known
            if not is_known and not task.finished and task.operation in (None, MOUNT_OPERATION):
                self._tasks.cancel(task.task_id, deadline)

    def _send(
        self, restore_point: RestorePointRef, os_kind: str | None, deadline: Deadline
    ) -> Task:
        body = _body(restore_point, os_kind)
        retries = 0
        while True:
            deadline.check()
            try:
                return self._post(restore_point, body, deadline)
            except EnterpriseManagerError as caught:
                error = caught
                if may_have_acted(error):
                    self.unanswered.add(restore_point)
                    if task := self._find(restore_point, error, late=is_late(error)):
                        log.info("%s: its task is %s", error.summary, task.task_id)
                        if not retries:  # one request, one task: nothing is open any more
                            self.unanswered.discard(restore_point)
                        return task
                    if is_late(error):
                        raise self._in_doubt(error) from error
                if not _may_repeat(error):
                    raise
                wish = error.retry_after if isinstance(error, RequestFailed) else None
                pause = self._client.policy.pause(retries, wish)
                if pause is None or pause >= deadline.remaining():
                    raise
            retries += 1
            log.info("POST %s: not taken; trying again in %.1f s", restore_point.mounts, pause)
            deadline.wait(pause)
            if restore_point in self.unanswered and (
                task := self._find(restore_point, error, late=False)
            ):
                return task

    def _post(self, restore_point: RestorePointRef, body: bytes | None, deadline: Deadline) -> Task:
        path = restore_point.mounts
        answer = self._client.request("POST", path, deadline, token=self._session.token, body=body)
        task = parse_task(answer.document.value)
        if task is None:
            raise UnexpectedAnswer(
                "Enterprise Manager's answer can't be understood",
                f"POST {path} was answered with {answer.status}, but with no task.",
            )
        return task

    def _look(self) -> Deadline:
        """Return a bound for looking: a stop does not end it, lest a mount be forgotten."""
        return Deadline(
            operation="Looking for the mount's task",
            seconds=LOOK_SECONDS,
            stop=threading.Event(),
            clock=self._clock,
        )

    def _find(
        self, restore_point: RestorePointRef, error: EnterpriseManagerError, *, late: bool
    ) -> Task | None:
        look = self._look()
        try:
            task = persist(lambda: self._unknown_task(restore_point, look), look)
            for pause in _LATE_LOOKS if late else ():
                if task is None:
                    look.wait(pause)
                    task = persist(lambda: self._unknown_task(restore_point, look), look)
        except EnterpriseManagerError as failure:
            raise self._in_doubt(error) from failure
        return task

    def _unknown_task(self, restore_point: RestorePointRef, look: Deadline) -> Task | None:
        known = self._known or set()
        found = []
        for task in self._tasks.all(look):
            if task.task_id in known:
                continue
            described = task if task.state else self._tasks.get(task.task_id, look)
            if described.operation in (None, MOUNT_OPERATION):
                found.append(described)
        if not self._session.borrowed and self.unanswered <= {restore_point}:
            return found[0] if found else None
        # It may be another's, or that of another request that was lost: its link tells.
        for task in found:
            if task.mount_href and restore_point.id in task.mount_href.lower():
                return task
        if any(task.mount_href is None and task.success is not False for task in found):
            raise UnexpectedAnswer(
                "The mount's task can't be told from others",
                "GET /tasks shows mounts that have no link to a mount point yet. One of them may "
                "be that of another request.",
            )
        return None

    def _in_doubt(self, error: EnterpriseManagerError) -> EnterpriseManagerError:
        return AnswerLost(
            "It is not known whether the restore point was mounted",
            f"{error.detail}\nThe tasks of {self._session} show none for it, or could not be "
            "asked. If it was mounted after all, Enterprise Manager unmounts it when that session "
            "has been idle for 15 minutes.",
        )


def _body(restore_point: RestorePointRef, os_kind: str | None) -> bytes | None:
    """Return the body of a mount's request; None for none.

    That of an agent takes none. The page of replicas says that the kind must be sent.
    """
    if restore_point.type is RestorePointType.AGENT:
        return None
    if restore_point.type is RestorePointType.REPLICA:
        os_kind = os_kind or DEFAULT_OS_KIND
    return json.dumps({"OsKind": os_kind}).encode() if os_kind else None


def may_have_acted(error: EnterpriseManagerError) -> bool:
    """Tell whether the server may have done what was asked for, in spite of the error."""
    if isinstance(error, RequestFailed):
        return error.status in PASSING_STATUSES or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, AnswerLost | UnexpectedAnswer)


def is_late(error: EnterpriseManagerError) -> bool:
    """Tell whether the server may still be busy with the request."""
    if isinstance(error, RequestFailed):
        return error.status == HTTPStatus.GATEWAY_TIMEOUT
    return isinstance(error, AnswerLost) and error.timed_out


def _may_repeat(error: EnterpriseManagerError) -> bool:
    """Tell whether a request that was certainly not taken may be sent again."""
    if isinstance(error, RequestFailed):
        return error.status in PASSING_STATUSES
    return isinstance(error, Unreachable | UnexpectedAnswer) and not isinstance(
        error, CertificateNotTrusted
    )
