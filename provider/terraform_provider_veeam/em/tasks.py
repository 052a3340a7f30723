"""Tasks of Enterprise Manager, and waiting for them: one poller, however many are waited for.

Follows the vendor's pages tasks_id, get_tasks, get_tasks_id and delete_task_id.
"""

from __future__ import annotations

import logging
import re
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from terraform_provider_veeam.em.decoding import api_path, boolean, links, member, text, unreadable
from terraform_provider_veeam.em.errors import (
    DeadlinePassed,
    EnterpriseManagerError,
    NotFound,
    RequestFailed,
    RequestRefused,
    SessionExpired,
    Stopped,
    TaskVanished,
    UnexpectedAnswer,
)
from terraform_provider_veeam.em.models import LogonSession, Task
from terraform_provider_veeam.em.retrying import PASSING_STATUSES

if TYPE_CHECKING:
    from terraform_provider_veeam.em.client import Answer, Client
    from terraform_provider_veeam.em.decoding import Document
    from terraform_provider_veeam.em.waiting import Clock, Deadline

FIRST_INTERVAL = 0.3  # seconds
LONGEST_INTERVAL = 5.0  # seconds
INTERVAL_GROWTH = 1.5
PATIENCE = 60.0  # seconds of nothing but errors before those who wait are told
_PAUSE = 0.02  # seconds, while another thread polls
_LOOKS_FOR_A_MISSING_TASK = 3  # right after it was made the server may not find it yet
_MOUNT_HREF = re.compile(r"/.+/mounts/[1-9]\d{0,18}")

log = logging.getLogger(__name__)


def parse_task(resource: Any) -> Task | None:
    """Return the task that a resource describes; None when it names none."""
    if not isinstance(resource, dict):
        return None
    path = api_path(member(resource, "Href")) or ""
    task_id = text(resource, "TaskId") or path.removeprefix("/tasks/")
    if not task_id or "/" in task_id:
        return None
    result, found = member(resource, "Result"), links(resource)
    mounts = [
        link.path for link in found if link.rel == "Related" and _MOUNT_HREF.fullmatch(link.path)
    ]
    restores = [
        link.target
        for link in found
        if link.rel == "Related" and link.path.startswith("/restoreSessions/")
    ]
    return Task(
        task_id=task_id,
        state=text(resource, "State"),
        operation=text(resource, "Operation"),
        success=boolean(result, "Success"),
        message=text(result, "Message"),
        mount_href=mounts[0] if mounts else None,
        downloads=tuple(link.target for link in found if link.rel == "Download"),
        restore_session=restores[0] if restores else None,
        credentials_needed=boolean(result, "CredentialsNeeded"),
    )


def find_task(document: Document, task_id: str) -> Task | None:
    """Return a task from an answer; the page of agents' restore points shows it in a list."""
    task = parse_task(document.value)
    if task is not None:
        return task
    listed = [parse_task(one) for one in document.collection(("Tasks", "Task")) or ()]
    return next((task for task in listed if task and task.task_id == task_id), None)


class Tasks:
    """The tasks of one logon session."""

    def __init__(self, client: Client, session: LogonSession, clock: Clock) -> None:
        self._client = client
        self._session = session
        self._clock = clock
        self._lock = threading.Lock()  # of what follows, never held while waiting
        self._awaited: dict[str, Task | EnterpriseManagerError | None] = {}
        self._interval = FIRST_INTERVAL
        self._next_poll = 0.0
        self._polling = threading.Lock()
        self._failing_since: dict[str, float] = {}
        self._missed: dict[str, int] = {}

    def get(self, task_id: str, deadline: Deadline) -> Task:
        """Return a task as it is now. Raises NotFound."""
        answer = self._ask_for("GET", task_id, deadline)
        task = find_task(answer.document, task_id)
        if task is None or task.state is None:
            raise unreadable(
                f"GET {_path(task_id)} was answered with {answer.status}, but with no task."
            )
        return task

    def all(self, deadline: Deadline) -> list[Task]:
        """Return the tasks of the session; the server may leave out how they stand."""
        answer = self._client.request("GET", "/tasks", deadline, token=self._session.token)
        listed = answer.document.collection(
            ("Tasks", "Task"), ("EntityReferences", "Ref"), ("Refs", "Ref")
        )
        tasks = [parse_task(one) for one in listed or ()]
        found = [task for task in tasks if task]
        if listed is None or len(found) < len(tasks):
            raise unreadable(
                f"GET /tasks was answered with {answer.status}, but with no list of tasks."
            )
        return found

    def described(self, deadline: Deadline) -> list[Task]:
        """Return the tasks of the session, each with how it stands."""
        found = []
        for task in self.all(deadline):
            try:
                found.append(task if task.state else self.get(task.task_id, deadline))
            except NotFound:
                continue
        return found

    def cancel(self, task_id: str, deadline: Deadline) -> None:
        """Stop and remove a task; one that is gone already is no error."""
        try:
            self._ask_for("DELETE", task_id, deadline)
        except NotFound:
            return

    def _ask_for(self, method: str, task_id: str, deadline: Deadline) -> Answer:
        """Return the answer for a task. Raises NotFound, also where the server says it with 500."""
        path = _path(task_id)
        try:
            return self._client.request(method, path, deadline, token=self._session.token)
        except RequestFailed as error:
            if error.status != HTTPStatus.INTERNAL_SERVER_ERROR or not _says_unknown(error.message):
                raise
            raise NotFound(error.summary, error.detail, status=error.status) from error

    def wait(self, task_id: str, deadline: Deadline) -> Task:
        """Return the task when it is finished.

        Whoever of those who wait wakes first asks for all of them. Raises TaskVanished, Stopped,
        DeadlinePassed, and what a request raises.
        """
        with self._lock:
            self._awaited[task_id] = None
            self._interval = FIRST_INTERVAL
            soon = self._clock.monotonic() + FIRST_INTERVAL
            alone = len(self._awaited) == 1
            self._next_poll = soon if alone else min(self._next_poll, soon)
        try:
            while True:
                deadline.wait(max(0.0, self._next_poll - self._clock.monotonic()))
                if not self._polling.acquire(blocking=False):
                    deadline.wait(_PAUSE)
                else:
                    try:
                        if self._clock.monotonic() >= self._next_poll:
                            self._poll(deadline)
                    finally:
                        self._polling.release()
                with self._lock:
                    outcome = self._awaited[task_id]
                if isinstance(outcome, Task):
                    return outcome
                if outcome is not None:
                    raise outcome
        finally:
            with self._lock:
                del self._awaited[task_id]
                self._failing_since.pop(task_id, None)
                self._missed.pop(task_id, None)

    def _poll(self, deadline: Deadline) -> None:
        with self._lock:
            awaited = [task_id for task_id, outcome in self._awaited.items() if outcome is None]
        try:
            outcomes, failures = self._ask(awaited, deadline)
        except SessionExpired as error:
            outcomes, failures = dict.fromkeys(awaited, error), {}
        outcomes = {**self._given_up(awaited, failures), **outcomes}
        with self._lock:
            for task_id, outcome in outcomes.items():
                if task_id in self._awaited:
                    self._awaited[task_id] = outcome
            self._next_poll = self._clock.monotonic() + self._interval
            self._interval = min(LONGEST_INTERVAL, self._interval * INTERVAL_GROWTH)

    def _ask(
        self, awaited: list[str], deadline: Deadline
    ) -> tuple[dict[str, Task | EnterpriseManagerError], dict[str, EnterpriseManagerError]]:
        """Return what is known of those that have come to an end, and what could not be asked.

        Raises SessionExpired, and Stopped and DeadlinePassed, which are one waiter's own matter.
        """
        outcomes: dict[str, Task | EnterpriseManagerError] = {}
        failures: dict[str, EnterpriseManagerError] = {}
        try:
            listed = self._listed(awaited, deadline)
            for task_id in awaited:
                try:
                    outcome = self._look(task_id, listed.get(task_id), deadline)
                except (RequestRefused, UnexpectedAnswer) as error:
                    if _concerns_all(error):
                        raise
                    failures[task_id] = error
                    continue
                if outcome is not None:
                    outcomes[task_id] = outcome
        except (SessionExpired, Stopped, DeadlinePassed):
            raise
        except EnterpriseManagerError as error:
            return outcomes, dict.fromkeys(awaited, error)
        return outcomes, failures

    def _listed(self, awaited: list[str], deadline: Deadline) -> dict[str, Task]:
        """Return the tasks of the session by id, as far as one request for all is worth it."""
        if len(awaited) == 1:
            return {}
        try:
            return {task.task_id: task for task in self.all(deadline) if task.state}
        except (RequestRefused, UnexpectedAnswer) as error:
            if _concerns_all(error):
                raise
            log.info("the tasks can't be listed (%s): asking one by one", error.summary)
            return {}

    def _look(
        self, task_id: str, listed: Task | None, deadline: Deadline
    ) -> Task | EnterpriseManagerError | None:
        """Return how a task has ended; None when it has not."""
        task = listed
        try:
            if task is None or (task.finished and task.success is None):
                task = self.get(task_id, deadline)  # a list may leave out the result
        except NotFound as error:
            self._missed[task_id] = self._missed.get(task_id, 0) + 1
            if self._missed[task_id] < _LOOKS_FOR_A_MISSING_TASK:
                return None
            return TaskVanished(
                "Enterprise Manager no longer knows the task",
                f"{error.detail}\nTask {task_id} of {self._session} was "
                "removed before it was seen to be finished.",
            )
        self._missed.pop(task_id, None)
        return task if task.finished else None

    def _given_up(
        self, awaited: list[str], failures: dict[str, EnterpriseManagerError]
    ) -> dict[str, EnterpriseManagerError]:
        """Return the errors of tasks that have given nothing else for too long."""
        now = self._clock.monotonic()
        given_up = {}
        for task_id in awaited:
            error = failures.get(task_id)
            if error is None:
                self._failing_since.pop(task_id, None)
            elif now - self._failing_since.setdefault(task_id, now) >= PATIENCE:
                given_up[task_id] = error
            else:
                log.info("task %s could not be looked at: %s", task_id, error.summary)
        return given_up


def _path(task_id: str) -> str:
    return f"/tasks/{quote(task_id, safe='')}"


def _says_unknown(message: str | None) -> bool:
    """Tell whether a message is that of a server which has no such task.

    `There is no backup task with id [task-297] in current rest session`: the status is 500.
    """
    return (
        message is not None and re.search(r"\bno\b.*\btask\b", message, re.IGNORECASE) is not None
    )


def _concerns_all(error: EnterpriseManagerError) -> bool:
    """Tell whether a request for another task would fare no better now."""
    return isinstance(error, SessionExpired) or (
        isinstance(error, RequestFailed) and error.status in PASSING_STATUSES
    )
