"""A session's tasks. Follows the pages tasks_id, get_tasks, get_tasks_id and delete_task_id."""

import json
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from terraform_provider_veeam.em import errors, gone, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, pages, retry
from terraform_provider_veeam.em.http.client import never
from terraform_provider_veeam.em.logon import InSession
from terraform_provider_veeam.em.polling import FIRST_PAUSE, LONGEST_PAUSE, looks

_LOOKS_FOR_A_MISSING_TASK = 3  # right after it was made the server may not list it yet
Result = TypeVar("Result")

log = logging.getLogger(__name__)

_MOUNT_HREF = re.compile(r"/.+/mounts/[1-9]\d{0,18}", re.IGNORECASE)


class Tasks(InSession):
    """The tasks of one logon session."""

    def begin(
        self,
        path: str,
        body: dict[str, Any] | None,
        deadline: Deadline,
        *,
        again: Callable[[errors.EnterpriseManagerError], bool] = never,
    ) -> models.Task:
        """Send a POST and return its task, sent again as `again` says. Raises UnexpectedAnswer."""
        sent = None if body is None else json.dumps(body).encode()
        answer = self._client(deadline).request("POST", path, body=sent, again=again)
        task = parse_task(answer.document.value)
        if task is None:
            raise answer.unexpected("with no task")
        return task

    def get(self, task_id: str, deadline: Deadline) -> models.Task:
        """Return a task as it is now. Raises TaskVanished, SessionGone."""
        return self._unless_gone(task_id, lambda: self._read(task_id, deadline), deadline)

    def all(self, deadline: Deadline) -> list[models.Task]:
        """Return the tasks of the session, each with its state. Raises SessionGone."""
        found = []
        for task in self._listed(deadline):
            with suppress(errors.TaskVanished):
                found.append(task if task.state else self.get(task.task_id, deadline))
        return found

    def cancel(self, task_id: str, deadline: Deadline) -> None:
        """Stop and remove a task; one that is gone already is no error, nor is its session."""
        with suppress(errors.TaskVanished, errors.SessionGone):
            delete = partial(self._client(deadline).request, "DELETE", _path(task_id))
            self._unless_gone(task_id, delete, deadline)

    def _unless_gone(
        self, task_id: str, request: Callable[[], Result], deadline: Deadline
    ) -> Result:
        container = gone.Container(
            f"the list of tasks of {self._session}",
            lambda: any(is_called(task, task_id) for task in self._listed(deadline)),
            errors.TaskVanished,
        )
        what = f"task {task_id} of {self._session}"
        return gone.unless_gone(self._client(deadline), what, request, container)

    def _read(self, task_id: str, deadline: Deadline) -> models.Task:
        path = _path(task_id)
        answer = self._client(deadline).get(path)
        task = find_task(answer.document, task_id)
        if task is None or task.state is None:
            raise answer.unexpected("not with that task")
        return task

    def _listed(self, deadline: Deadline) -> list[models.Task]:
        """Return the tasks of the session, some perhaps without their state."""
        client = self._client(deadline)
        listed = partial(pages.members, client, "/tasks", "Task", parse_task, key=_id_of)
        container = self._logon.container(self._session, deadline)
        return gone.unless_gone(client, str(self._session), lambda: list(listed()), container)

    def wait(self, task: models.Task, deadline: Deadline) -> models.Task:
        """Return the task when it is finished, despite a minute of errors.

        Raises TaskVanished, SessionGone, Stopped, DeadlinePassed.
        """
        pauses = looks(deadline)
        while not task.finished:
            next(pauses)
            task = self.look(task, deadline)
            log.debug("%s of %s: %s", task.task_id, self._session, task.state)
        return task

    def look(self, task: models.Task, deadline: Deadline) -> models.Task:
        """Return a task as it is now; raises as `wait` does."""
        missing = 0
        while True:
            try:
                return retry.persist(
                    lambda: self.get(task.task_id, deadline),
                    deadline.part(retry.PATIENCE),
                    LONGEST_PAUSE,
                )
            except errors.TaskVanished:
                missing += 1
                if missing == _LOOKS_FOR_A_MISSING_TASK:
                    raise
                deadline.wait(FIRST_PAUSE * 2**missing)


def parse_task(resource: Any) -> models.Task | None:
    """Return the task that a resource describes; None when it names none."""
    if not isinstance(resource, dict):
        return None
    task_id = decoders.text(resource, "TaskId") or models.rest_below(
        decoders.path_of(resource), "/tasks"
    )
    if not task_id or "/" in task_id:
        return None
    result, found = decoders.member(resource, "Result"), decoders.links(resource)
    related = [link for link in found if link.is_for("Related")]
    runs = [link.path for link in related if link.is_below("/backupSessions", "/replicaSessions")]
    return models.Task(
        task_id=task_id,
        state=decoders.text(resource, "State"),
        operation=decoders.text(resource, "Operation"),
        success=decoders.boolean(result, "Success"),
        message=decoders.message(result, "Message"),
        mount_href=next((one.path for one in related if _MOUNT_HREF.fullmatch(one.path)), None),
        downloads=tuple(link.target for link in found if link.is_for("Download")),
        restore_session=next((x.target for x in related if x.is_below("/restoreSessions")), None),
        job_session=runs[0] if runs else None,
        guest_files=next((link.path for link in found if link.is_for("Down")), None),
        credentials_needed=decoders.boolean(result, "CredentialsNeeded"),
    )


def failure_of(request: str, task: models.Task) -> str:
    """Return, for a person, that the task of a request failed, and why."""
    why = task.message or "it gave no reason"
    return f"{request} was accepted, but its task {task.task_id} failed: {why}"


def find_task(document: decoders.Document, task_id: str) -> models.Task | None:
    """Return a task from an answer; the page of agents' restore points shows it in a list."""
    alone = parse_task(document.value)
    tasks = [alone] if alone else map(parse_task, document.collection("Task") or ())
    return next((task for task in tasks if task and is_called(task, task_id)), None)


def _id_of(task: models.Task) -> str:
    return task.task_id


def is_called(task: models.Task, task_id: str) -> bool:
    """Tell whether a task has an id; capitals do not count."""
    return task.task_id.casefold() == task_id.casefold()


def _path(task_id: str) -> str:
    return f"/tasks/{quote(task_id, safe='')}"
