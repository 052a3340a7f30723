"""The tasks of one logon session: what they say, and waiting for one.

Follows the vendor's pages tasks_id, get_tasks, get_tasks_id and delete_task_id.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from itertools import repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from terraform_provider_veeam.em.errors import NotFound, RequestFailed, TaskVanished
from terraform_provider_veeam.em.http.decoders import (
    api_path,
    boolean,
    links,
    member,
    message,
    text,
    unreadable,
)
from terraform_provider_veeam.em.http.retry import is_no_answer, retry
from terraform_provider_veeam.em.models import LogonSession, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Answer, Client
    from terraform_provider_veeam.em.http.decoders import Document

FIRST_PAUSE = 0.1  # seconds
LONGEST_PAUSE = 2.0  # seconds
_SHARE = 0.2  # of the time so far that passes before the next look
PATIENCE = 60.0  # seconds of nothing but errors before a task is given up
_LOOKS_FOR_A_MISSING_TASK = 3  # right after it was made the server may not find it yet
log = logging.getLogger(__name__)

_MOUNT_HREF = re.compile(r"/.+/mounts/[1-9]\d{0,18}")


def looks(deadline: Deadline) -> Iterator[float]:
    """Yield, at growing intervals, whenever it is time to look again at something that takes long.

    Yields the seconds so far. Raises as the deadline does.
    """
    began = deadline.clock.monotonic()
    while True:
        elapsed = deadline.clock.monotonic() - began
        deadline.wait(min(LONGEST_PAUSE, max(FIRST_PAUSE, elapsed * _SHARE)))
        yield deadline.clock.monotonic() - began


class Tasks:
    """The tasks of one logon session."""

    def __init__(self, client: Client, session: LogonSession) -> None:
        self._client = client
        self._session = session

    def get(self, task_id: str, deadline: Deadline) -> Task:
        """Return a task as it is now. Raises NotFound."""
        answer = self._ask("GET", task_id, deadline)
        task = find_task(answer.document, task_id)
        if task is None or task.state is None or task.task_id != task_id:
            raise unreadable(
                f"GET {_path(task_id)} was answered with {answer.status}, but not with that task."
            )
        return task

    def all(self, deadline: Deadline) -> list[Task]:
        """Return the tasks of the session, each with its state."""
        answer = self._client.request("GET", "/tasks", deadline, token=self._session.token)
        listed = answer.document.collection(
            ("Tasks", "Task"), ("EntityReferences", "Ref"), ("Refs", "Ref")
        )
        tasks = [parse_task(one) for one in listed or ()]
        if listed is None or None in tasks:
            raise unreadable(
                f"GET /tasks was answered with {answer.status}, but with no list of tasks."
            )
        found = []
        for task in filter(None, tasks):
            try:
                found.append(task if task.state else self.get(task.task_id, deadline))
            except NotFound:
                continue
        return found

    def cancel(self, task_id: str, deadline: Deadline) -> None:
        """Stop and remove a task; one that is gone already is no error."""
        try:
            self._ask("DELETE", task_id, deadline)
        except NotFound:
            return

    def wait(self, task: Task, deadline: Deadline) -> Task:
        """Return the task when it is finished.

        While the server gives nothing but errors, it goes on for a minute. Raises TaskVanished,
        Stopped, DeadlinePassed, SessionExpired, and what a request raises.
        """
        for _ in looks(deadline) if not task.finished else ():
            task = self.look(task, deadline)
            log.debug("%s of %s: %s", task.task_id, self._session, task.state)
            if task.finished:
                break
        return task

    def look(self, task: Task, deadline: Deadline) -> Task:
        """Return a task as it is now; raises as `wait` does."""
        missing = 0
        while True:
            try:
                return retry(
                    lambda: self.get(task.task_id, deadline),
                    deadline.part(PATIENCE),
                    when=is_no_answer,
                    pauses=repeat(LONGEST_PAUSE),
                )
            except NotFound as error:
                missing += 1
                if missing == _LOOKS_FOR_A_MISSING_TASK:
                    raise TaskVanished(
                        "Enterprise Manager no longer knows the task",
                        f"{error.detail}\nTask {task.task_id} of {self._session} was removed "
                        "before it was seen to be finished.",
                    ) from error
                deadline.wait(FIRST_PAUSE * 2**missing)

    def _ask(self, method: str, task_id: str, deadline: Deadline) -> Answer:
        """Return the answer for a task. Raises NotFound, also when the server says so with 500."""
        path = _path(task_id)
        try:
            return self._client.request(method, path, deadline, token=self._session.token)
        except RequestFailed as error:
            if error.status != HTTPStatus.INTERNAL_SERVER_ERROR or not _says_unknown(error.message):
                raise
            raise NotFound(error.summary, error.detail, status=error.status) from error


def parse_task(resource: Any) -> Task | None:
    """Return the task that a resource describes; None when it names none."""
    if not isinstance(resource, dict):
        return None
    path = api_path(member(resource, "Href")) or ""
    task_id = text(resource, "TaskId") or path.removeprefix("/tasks/")
    if not task_id or "/" in task_id:
        return None
    result, found = member(resource, "Result"), links(resource)
    related = [link for link in found if link.rel == "Related"]
    mounts = [link.path for link in related if _MOUNT_HREF.fullmatch(link.path)]
    restores = [link.target for link in related if link.path.startswith("/restoreSessions/")]
    backups = [link.path for link in related if link.path.startswith("/backupSessions/")]
    return Task(
        task_id=task_id,
        state=text(resource, "State"),
        operation=text(resource, "Operation"),
        success=boolean(result, "Success"),
        message=message(result, "Message"),
        mount_href=mounts[0] if mounts else None,
        downloads=tuple(link.target for link in found if link.rel == "Download"),
        restore_session=restores[0] if restores else None,
        backup_session=backups[0] if backups else None,
        credentials_needed=boolean(result, "CredentialsNeeded"),
    )


def find_task(document: Document, task_id: str) -> Task | None:
    """Return a task from an answer; the page of agents' restore points shows it in a list."""
    task = parse_task(document.value)
    if task is not None:
        return task
    listed = [parse_task(one) for one in document.collection(("Tasks", "Task")) or ()]
    return next((task for task in listed if task and task.task_id == task_id), None)


def _path(task_id: str) -> str:
    return f"/tasks/{quote(task_id, safe='')}"


def _says_unknown(message: str | None) -> bool:
    """Tell whether a message says that the server has no such task.

    `There is no backup task with id [task-297] in current rest session`: the status is 500.
    """
    return re.search(r"\bno\b.*\btask\b", message or "", re.IGNORECASE) is not None
