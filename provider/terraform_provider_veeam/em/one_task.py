"""One task: its request is sent once, and the task found again when the answer is lost.

A mount, a change of a job and a start each have a logon session to themselves, so the only task
there is theirs. Where others have tasks too, in somebody else's session or in that of a mount,
nothing is guessed: the task is the one that the server's answer names.
"""

import logging
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Self

from terraform_provider_veeam.em import errors, models, tasks
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, retry
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.logon import LogonSessions, token_refused

PAUSES = (0.0, 0.5, 1.0, 2.0)  # seconds before each look for what may turn up late
LOOK_SECONDS = 6.0  # seconds for finding out what became of a request, even after a stop
log = logging.getLogger(__name__)


class OneTask:
    """One request and its task; as a `with` block it ends their session, unless the task runs."""

    def __init__(
        self,
        logon: LogonSessions,
        session: models.LogonSession,
        deadline: Deadline,
        *,
        unknown: errors.EnterpriseManagerError | None = None,
        check: Callable[[], object] = lambda: None,
        result: Callable[[Deadline], models.Task | None] = lambda _: None,
    ) -> None:
        """`unknown` is the error where nobody can tell whether the server took the request.

        Without it the request is sent again: all that comes of it ends with the session. `check`
        raises Gone or NotFound when what the request is about is not there. `result` returns a
        finished task for what the request has made, where that shows.
        """
        self.session = session
        self.client = SessionClient(logon.client, session, deadline)
        self.tasks = tasks.Tasks(logon, session)
        self.task: models.Task | None = None
        self.doubt: errors.EnterpriseManagerError | None = None  # whether it was taken is open
        self._logon = logon
        self._deadline = deadline
        self._unknown = unknown
        self._check = check
        self._result = result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.task is None or self.task.finished:
            # Whether a task outlives its logon session is not documented.
            self._logon.leave(self.session, self._deadline)

    def __str__(self) -> str:
        task = f"Task {self.task.task_id}" if self.task else "The request"
        return f"{task} of {self.session}"

    def send(self, path: str, body: dict[str, Any] | None) -> models.Task:
        """Send a POST until it is taken, and return its task, found again when the answer is lost.

        Raises `unknown`; after any other error the server did not take it, or `doubt` is set.
        """
        try:
            return retry.retry(
                partial(self.send_once, path, body),
                self._deadline,
                when=self._may_send_again,
                pauses=self.client.client.pauses(),
            )
        except errors.TokenRefused as error:
            if self.session.borrowed:
                raise token_refused(error) from error
            raise

    def send_once(self, path: str, body: dict[str, Any] | None) -> models.Task:
        """Send a POST, unless something came of an earlier one; returns and raises as `send`."""
        if self.doubt and (task := self._look(self.doubt)):
            return task
        try:
            self.task = self.tasks.begin(path, body, self._deadline)
        except Exception as error:  # noqa: BLE001 - the server may have taken it, whatever it is
            before, self.doubt = self.doubt, as_error(error)
            if refusal := self._refusal(self.doubt):
                if not isinstance(refusal, errors.TokenRefused):
                    self.doubt = before
                raise refusal from refusal.__cause__
            if task := self._look(self.doubt):
                return task
            raise self.doubt from self.doubt.__cause__
        return self.task

    def _refusal(
        self, error: errors.EnterpriseManagerError
    ) -> errors.EnterpriseManagerError | None:
        """Return what the server itself has said; None when a gateway may have, or it has acted."""
        try:
            if isinstance(error, errors.NotFound):
                self._check()
            elif isinstance(error, errors.TokenRefused):
                unknown = self._unknown if self.session.borrowed else None
                if unknown and not self._logon.answers(self.session, self._deadline):
                    # It may be a gateway that has refused it each time.
                    return error.add(f"{unknown.summary}. {unknown.detail}".rstrip())
            elif not error.may_have_acted:
                return error
        except errors.NotFound:
            return error
        except errors.Gone as gone:
            return gone
        except errors.EnterpriseManagerError as unclear:  # a stop is one, too
            log.info("who answered for %s can't be told: %s", self, unclear)
        return None

    def _may_send_again(self, error: errors.EnterpriseManagerError) -> bool:
        """Tell whether the request may be sent again: nothing came of it, and nothing will."""
        if self._unknown and self.doubt:
            return False
        is_refusal = isinstance(error, errors.NotFound | errors.TokenRefused)
        return (error is self.doubt and is_refusal) or (error.may_pass and not _is_late(error))

    def _look(self, doubt: errors.EnterpriseManagerError) -> models.Task | None:
        """Return the task, or one for the result; None without either. Raises `unknown`."""
        bound, looks = self._deadline, len(PAUSES) if _is_late(doubt) else 1
        if self._unknown:
            bound = bound.unstoppable("Looking for the request's task", LOOK_SECONDS)
            looks = 0 if self.session.borrowed else len(PAUSES)
        for pause in PAUSES[:looks]:
            try:
                bound.wait(pause)
                if found := self.tasks.all(bound):
                    self.task = found[0]
                else:
                    self.task = self._result(bound)
            except errors.EnterpriseManagerError as error:
                if not self._unknown:
                    raise
                log.info("looking for %s: %s", self, error)
            if self.task:
                log.info("%s: its task is %s", doubt.summary, self.task.task_id)
                return self.task
        if self._unknown:
            self._unknown.detail = f"{doubt.detail}\n{self._unknown.detail}".strip()
            raise self._unknown from doubt
        return None

    def delete(self, path: str) -> None:
        """Send a DELETE, as often as it takes; its answer need not have a task."""
        self.task = tasks.parse_task(self.client.request("DELETE", path).document.value)

    def wait(self, deadline: Deadline) -> models.Task | None:
        """Return the finished task; None without one in reach. Other errors name the session."""
        try:
            self.task = self.task and self.tasks.wait(self.task, deadline)
        except (errors.TaskVanished, errors.SessionGone) as error:
            log.info("looking for what became of %s: %s", self, error)
            self.task = None
        except errors.EnterpriseManagerError as error:
            error.add(f"{self} was not seen to finish.")
            raise
        return self.task


def as_error(error: Exception) -> errors.EnterpriseManagerError:
    """Return an error as one of the tree: one that nobody foresaw comes from a strange answer."""
    if isinstance(error, errors.EnterpriseManagerError):
        return error
    told = decoders.unreadable(f"It can't be handled ({type(error).__name__}).")
    told.__cause__ = error
    return told


def _is_late(error: errors.EnterpriseManagerError) -> bool:
    """Tell whether the server may still be busy with the request."""
    if isinstance(error, errors.RequestRefused):
        return error.status == HTTPStatus.GATEWAY_TIMEOUT
    return isinstance(error, errors.AnswerLost) and error.timed_out
