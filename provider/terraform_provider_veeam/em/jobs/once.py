"""Requests that Enterprise Manager must not carry out twice.

Each is sent once, in a logon session of its own: when its answer is lost, a task in that session
can only be its own. In a session that somebody else made nothing is told apart by that, and nothing
is guessed.
"""

from __future__ import annotations

import json
import logging
from typing import Any, Self

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.http.decoders import unreadable
from terraform_provider_veeam.em.logon import LogonSessions, token_refused
from terraform_provider_veeam.em.models import Task
from terraform_provider_veeam.em.tasks import Tasks, parse_task

LOOK_SECONDS = 6.0
"""Seconds for finding out what became of a request, even after a stop."""
_LOGOUT_SECONDS = 5.0
_PAUSES = (0.0, 0.5, 1.0, 2.0)  # seconds before each look for a task that may turn up late

log = logging.getLogger(__name__)


class OneRequest:
    """One request and its task, for the length of a `with` block."""

    def __init__(self, client: Client, logon: LogonSessions, deadline: Deadline) -> None:
        self._client = client
        self._logon = logon
        self._deadline = deadline
        self._task: Task | None = None

    def __enter__(self) -> Self:
        self._session = self._logon.for_one_task(self._deadline)
        self._tasks = Tasks(self._client, self._logon, self._session)
        return self

    def __exit__(self, *_: object) -> None:
        if self._task and not self._task.finished:
            return  # whether a task outlives its logon session is not documented
        try:
            bound = self._deadline.unstoppable("Logging out", _LOGOUT_SECONDS)
            self._logon.end(self._session, bound)
        except errors.EnterpriseManagerError as error:
            log.info("%s is left to expire: %s", self._session, error)

    def send(self, path: str, body: dict[str, Any] | None) -> Task:
        """Send the request and return its task, found again when the answer is lost.

        An error that `may_have_acted` leaves it open whether the server took the request; after
        any other it did not.
        """
        try:
            self._task = self._post(path, body)
        except errors.EnterpriseManagerError as error:
            doubt = self._doubt(error)
            if not doubt.may_have_acted:
                raise doubt from error
            self._task = self._find()
            if self._task is None:
                raise doubt from error
            log.info("%s: its task is %s", doubt.summary, self._task.task_id)
        return self._task

    def _doubt(self, error: errors.EnterpriseManagerError) -> errors.EnterpriseManagerError:
        """Return the error as AnswerLost if something else may have answered for the server."""
        if isinstance(error, errors.TokenRefused):
            try:
                if not self._logon.answers(self._session, self._deadline):
                    return token_refused(error) if self._session.borrowed else error
            except errors.EnterpriseManagerError as unknown:  # a stop is one, too
                log.info("asking whether %s answers: %s", self._session, unknown)
        elif not isinstance(error, errors.NotFound):
            return error
        return errors.AnswerLost("Something else may have answered", error.detail)

    def delete(self, path: str) -> Task | None:
        """Send a DELETE, as often as it takes; returns its task, None when there is none."""
        answer = self._client.request("DELETE", path, self._deadline, token=self._session.token)
        self._task = parse_task(answer.document.value)
        return self._task

    def wait(self, task: Task, deadline: Deadline) -> Task:
        """Return the task when it is finished. Raises TaskVanished when it is out of reach.

        Any other error names the logon session, which is left while its task may run.
        """
        try:
            self._task = self._tasks.wait(task, deadline)
        except errors.TaskVanished:
            self._task = None
            raise
        except errors.SessionGone as error:
            self._task = None
            raise errors.TaskVanished(
                "The logon session of a task has ended", error.detail
            ) from error
        except errors.EnterpriseManagerError as error:
            raise error.add(f"{self} was not seen to finish.") from error
        return self._task

    def __str__(self) -> str:
        task = f"Task {self._task.task_id}" if self._task else "The request"
        return f"{task} of {self._session}"

    def _post(self, path: str, body: dict[str, Any] | None) -> Task:
        answer = self._client.request(
            "POST",
            path,
            self._deadline,
            token=self._session.token,
            body=None if body is None else json.dumps(body).encode(),
            again=_was_not_taken,
        )
        task = parse_task(answer.document.value)
        if task is None:
            raise unreadable(f"POST {path} was answered with {answer.status}, but with no task.")
        return task

    def _find(self) -> Task | None:
        """Return the only task that there can be; None when there is none, or it can't be told."""
        if self._session.borrowed:
            return None
        bound = self._deadline.unstoppable("Looking for the request's task", LOOK_SECONDS)
        for pause in _PAUSES:
            try:
                bound.wait(pause)
                if tasks := self._tasks.all(bound):
                    return tasks[0]
            except errors.EnterpriseManagerError as error:
                log.info("looking for %s: %s", self, error)
        return None


def _was_not_taken(error: errors.EnterpriseManagerError) -> bool:
    return error.may_pass and not error.may_have_acted
