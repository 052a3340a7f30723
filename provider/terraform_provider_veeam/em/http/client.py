"""One request: tried again after a passing fault; other failures become errors."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn, Protocol

from terraform_provider_veeam.em.errors import (
    AnswerLost,
    EnterpriseManagerError,
    NotFound,
    RequestFailed,
    SessionExpired,
    UnexpectedAnswer,
)
from terraform_provider_veeam.em.http.decoders import Document, clean, decode, unreadable
from terraform_provider_veeam.em.http.refusals import phrase, refusal_of
from terraform_provider_veeam.em.http.retry import RetryPolicy, may_pass, retry
from terraform_provider_veeam.em.http.transport import RawAnswer, Transport, finish_or_abandon

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from terraform_provider_veeam.em.deadline import Clock, Deadline
    from terraform_provider_veeam.em.settings import Settings

TOKEN_HEADER = "X-RestSvcSessionId"  # noqa: S105 - the header's name
_IDEMPOTENT = ("GET", "DELETE")
_SHORTEST_TIMEOUT = 1.0  # seconds: a request near a deadline still gets a chance
_GRACE = 1.0  # seconds for an exchange to find out by itself that its time is over

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where a download goes."""

    def restart(self) -> None:
        """Drop what was written, and begin again."""

    def write(self, chunk: bytes) -> None:
        """Append. Raises CannotWrite."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its status, headers, and what the body says."""

    status: int
    headers: Mapping[str, str]
    document: Document


def never(_: EnterpriseManagerError) -> bool:
    """Send no request again, whatever the error."""
    return False


class Client:
    """Sends requests and returns their answers; errors are raised as the tree in `errors` says."""

    def __init__(self, settings: Settings, *, clock: Clock, random: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self.policy = RetryPolicy(settings.max_retries, random)
        self._transport = Transport(settings, clock)

    def request(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        token: str | None = None,
        authorization: str | None = None,
        body: bytes | None = None,
        again: Callable[[EnterpriseManagerError], bool] | None = None,
    ) -> Answer:
        """Send a request to a path below `/api` and return its answer, a status from 200 to 299.

        A fault that may pass is tried again within the deadline if the method is idempotent; with
        `again`, that decides by the error. Raises a RequestRefused for other statuses,
        Unreachable, AnswerLost, UnexpectedAnswer, Stopped, DeadlinePassed.
        """
        headers = self._headers("application/json", token)
        if body is not None:
            headers["Content-Type"] = "application/json"
        elif method == "POST":
            headers["Content-Length"] = "0"
        if authorization is not None:
            headers["Authorization"] = authorization
        return retry(
            lambda: self._once(method, path, headers, body, deadline),
            deadline,
            when=again or (may_pass if method in _IDEMPOTENT else never),
            pauses=self.policy.pauses(),
        )

    def download(self, path: str, deadline: Deadline, *, token: str, into: Sink) -> None:
        """Write what a path below `/api` gives, as it comes; after a fault, from the start again.

        Raises CannotWrite when `into` does not take it, and what `request` raises.
        """
        headers = self._headers("*/*", token)
        retry(
            lambda: self._download_once(path, headers, deadline, into),
            deadline,
            pauses=self.policy.pauses(),
        )

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _headers(self, accept: str, token: str | None) -> dict[str, str]:
        headers = {"Accept": accept, "User-Agent": self._settings.user_agent}
        return headers if token is None else headers | {TOKEN_HEADER: token}

    def _download_once(
        self, path: str, headers: Mapping[str, str], deadline: Deadline, into: Sink
    ) -> None:
        into.restart()

        def write(chunk: bytes) -> None:
            deadline.check()
            into.write(chunk)

        timeout = self._settings.request_timeout
        raw = self._transport.send("GET", path, headers, None, timeout, write=write)
        log.debug("GET %s: %d", path, raw.status)
        if raw.status != HTTPStatus.OK:
            self._refuse("GET", path, raw, headers)

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answer:
        started = self._clock.monotonic()
        try:
            raw = self._send(method, path, headers, body, deadline)
        except EnterpriseManagerError as error:
            log.debug("%s %s: %s", method, path, error)
            raise
        milliseconds = 1000 * (self._clock.monotonic() - started)
        log.debug("%s %s: %d in %.0f ms", method, path, raw.status, milliseconds)
        if not HTTPStatus(200) <= raw.status < HTTPStatus(300):
            self._refuse(method, path, raw, headers)
        if method == "DELETE" and raw.status != HTTPStatus.ACCEPTED:
            return Answer(raw.status, raw.headers, Document(None, None))
        try:
            return Answer(raw.status, raw.headers, decode(raw.body))
        except UnexpectedAnswer as error:
            kind = clean(raw.headers.get("Content-Type") or "none")
            raise unreadable(
                f"{method} {self._settings.base_url}{path} was answered with {raw.status} and a "
                f"body of type {kind}. {error.detail} Is there a proxy in between?"
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> RawAnswer:
        """Send once, bounded in time; a stop does not wait for the answer.

        Whether a request other than GET and DELETE has had an effect is then in doubt.
        """
        timeout = min(self._settings.request_timeout, max(_SHORTEST_TIMEOUT, deadline.remaining()))
        raw = finish_or_abandon(
            lambda: self._transport.send(method, path, headers, body, timeout),
            stop=deadline.stop,
            seconds=timeout + _GRACE,
        )
        if raw is not None:
            return raw
        if method in _IDEMPOTENT:
            deadline.check()
        raise AnswerLost(
            "The answer of Enterprise Manager was lost",
            f"{method} {self._settings.base_url}{path}: no whole answer within {timeout:g} "
            "seconds, or before Terraform was asked to stop.",
            timed_out=True,
        )

    def _refuse(
        self, method: str, path: str, raw: RawAnswer, headers: Mapping[str, str]
    ) -> NoReturn:
        refusal = refusal_of(method, self._settings.base_url, path, raw, headers)
        if isinstance(refusal, NotFound | SessionExpired) and not self._is_credible(raw):
            raise RequestFailed(
                "Something else answered in place of Enterprise Manager",
                f"{method} {self._settings.base_url}{path} was answered with {raw.status} "
                f"{phrase(raw.status)} and a page that is not Enterprise Manager's, and so was "
                f"GET {self._settings.base_url}/. Is its service being restarted, or is there a "
                "proxy in between? Nothing is concluded from it. Try again.",
                status=raw.status,
            )
        raise refusal

    def _is_credible(self, raw: RawAnswer) -> bool:
        """Tell whether a 404 or 401 came from Enterprise Manager itself.

        A proxy, or Windows while the service restarts, may answer in its place, with its own page.
        """
        if _is_readable(raw.body):
            return True
        headers = self._headers("application/json", None)
        try:
            root = self._transport.send("GET", "/", headers, None, self._settings.request_timeout)
        except EnterpriseManagerError:
            return False
        return root.status == HTTPStatus.OK and _is_readable(root.body)


def _is_readable(body: bytes) -> bool:
    try:
        decode(body)
    except UnexpectedAnswer:
        return False
    return True
