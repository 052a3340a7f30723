"""One request: tried again after a passing fault; other failures become errors."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from terraform_provider_veeam.em.errors import (
    AnswerLost,
    EnterpriseManagerError,
    UnexpectedAnswer,
)
from terraform_provider_veeam.em.http.decoders import (
    Document,
    clean,
    decode,
    error_message,
    unreadable,
)
from terraform_provider_veeam.em.http.refusals import refusal_of
from terraform_provider_veeam.em.http.retry import RetryPolicy, may_pass, retry
from terraform_provider_veeam.em.http.transport import (
    RawAnswer,
    RawRequest,
    Transport,
    finish_or_abandon,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from terraform_provider_veeam.em.deadline import Clock, Deadline
    from terraform_provider_veeam.em.http.connection import Line
    from terraform_provider_veeam.em.settings import Settings

TOKEN_HEADER = "X-RestSvcSessionId"  # noqa: S105 - the header's name
_JSON = "application/json"
_NOT_THAT_PART = (HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
_IDEMPOTENT = ("GET", "DELETE")
_SHORTEST_TIMEOUT = 1.0  # seconds: a request near a deadline still gets a chance
_GRACE = 1.0  # seconds for an exchange to find out by itself that its time is over

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where a download goes."""

    @property
    def size(self) -> int:
        """Bytes so far: a download that broke off goes on behind them."""

    def restart(self) -> None:
        """Drop what was written, and begin again."""

    def write(self, chunk: bytes) -> None:
        """Append. Raises CannotWrite."""


class Answer(NamedTuple):
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
        self._transport = Transport(settings)

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
        headers = self._headers(_JSON, token)
        if body is not None:
            headers["Content-Type"] = _JSON
        if authorization is not None:
            headers["Authorization"] = authorization
        request = RawRequest(method, path, headers, body)
        return retry(
            lambda: self._guard(request, lambda: self._once(request, deadline)),
            deadline,
            when=again or (may_pass if method in _IDEMPOTENT else never),
            pauses=self.policy.pauses(),
        )

    def download(self, path: str, deadline: Deadline, *, token: str, into: Sink) -> None:
        """Write what a path below `/api` gives, as it comes.

        After a fault it goes on where it broke off, if the server can do that (Range), else from
        the start again. Tries count from the last one that brought more. Raises CannotWrite when
        `into` does not take it, and what `request` raises.
        """

        def once() -> None:
            headers = self._headers("*/*", token)
            if into.size:
                headers["Range"] = f"bytes={into.size}-"
            request = RawRequest("GET", path, headers)
            self._guard(request, lambda: self._download_once(request, deadline, into))

        retry(once, deadline, pauses=self._pauses_without_progress(into))

    def _pauses_without_progress(self, into: Sink) -> Iterator[float]:
        """Return the seconds before each further try, anew whenever one has brought more."""
        reached, pauses = into.size, self.policy.pauses()
        while True:
            if into.size > reached:
                reached, pauses = into.size, self.policy.pauses()
            pause = next(pauses, None)
            if pause is None:
                return
            yield pause

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _guard(self, request: RawRequest, exchange: Callable[[], Result]) -> Result:
        """Return what an exchange returns; nothing but the errors of the tree leaves it."""
        try:
            return exchange()
        except EnterpriseManagerError:
            raise
        except Exception as error:
            # It is the answer that brought it about. The exception may quote it, secrets and all.
            raise unreadable(
                f"{self._tried(request)} was answered with something that can't "
                f"be handled ({type(error).__name__}). Is there a proxy in between?"
            ) from error

    def _headers(self, accept: str, token: str | None) -> dict[str, str]:
        headers = {
            "Accept": accept,
            "Accept-Encoding": "identity",
            "User-Agent": self._settings.user_agent,
        }
        return headers if token is None else headers | {TOKEN_HEADER: token}

    def _download_once(self, request: RawRequest, deadline: Deadline, into: Sink) -> None:
        offset, is_taken = into.size, False

        def write(chunk: bytes) -> None:
            deadline.check()
            into.write(chunk)

        def receive(status: int, headers: Mapping[str, str]) -> Callable[[bytes], None] | None:
            nonlocal is_taken
            goes_on = status == HTTPStatus.PARTIAL_CONTENT and _start_of_range(headers) == offset
            is_taken = goes_on or status == HTTPStatus.OK
            if status == HTTPStatus.OK:
                into.restart()
            return write if is_taken else None

        timeout = self._settings.request_timeout
        raw = self._exchange(
            request,
            lambda line: self._transport.send(request, timeout, line, receive=receive),
            deadline,
            deadline.remaining(),
        )
        if raw is None:
            deadline.check()
            raise self._lost(request, deadline.seconds, deadline)
        if is_taken:
            return
        if raw.status in _NOT_THAT_PART:
            into.restart()
            raise unreadable(
                f"{self._tried(request)} was asked for what comes from byte {offset} on, and was "
                f"answered with {raw.status} and something else."
            )
        raise refusal_of(request, self._settings.base_url, raw)

    def _once(self, request: RawRequest, deadline: Deadline) -> Answer:
        raw = self._send(request, deadline)
        if not HTTPStatus(200) <= raw.status < HTTPStatus(300):
            raise refusal_of(request, self._settings.base_url, raw)
        try:
            return Answer(raw.status, raw.headers, decode(raw.body))
        except UnexpectedAnswer as error:
            kind = clean(raw.headers.get("Content-Type") or "none")
            raise unreadable(
                f"{self._tried(request)} was answered with {raw.status} and a "
                f"body of type {kind}. {error.detail} Is there a proxy in between?"
            ) from error

    def _send(self, request: RawRequest, deadline: Deadline) -> RawAnswer:
        """Send once, bounded in time; a stop does not wait for the answer.

        Whether a request other than GET and DELETE has had an effect is then in doubt.
        """
        timeout = min(self._settings.request_timeout, max(_SHORTEST_TIMEOUT, deadline.remaining()))
        raw = self._exchange(
            request,
            lambda line: self._transport.send(request, timeout, line),
            deadline,
            timeout + _GRACE,
        )
        if raw is not None:
            return raw
        if request.method in _IDEMPOTENT:
            deadline.check()
        raise self._lost(request, timeout, deadline)

    def _exchange(
        self,
        request: RawRequest,
        send: Callable[[Line], RawAnswer],
        deadline: Deadline,
        seconds: float,
    ) -> RawAnswer | None:
        """Send once, and write the one line that the log has of it.

        Returns and raises as `finish_or_abandon` does.
        """
        started, outcome = self._clock.monotonic(), ""
        try:
            raw = finish_or_abandon(send, stop=deadline.stop, seconds=seconds)
            outcome = _outcome(raw)
        except EnterpriseManagerError as error:
            outcome = str(error)
            raise
        else:
            return raw
        finally:
            milliseconds = 1000 * (self._clock.monotonic() - started)
            log.debug("%s %s in %.0f ms: %s", request.method, request.path, milliseconds, outcome)

    def _tried(self, request: RawRequest) -> str:
        return f"{request.method} {self._settings.base_url}{request.path}"

    def _lost(self, request: RawRequest, seconds: float, deadline: Deadline) -> AnswerLost:
        was_stopped = deadline.stop.is_set()
        return AnswerLost(
            "The answer of Enterprise Manager was lost",
            f"{self._tried(request)}: no whole answer "
            f"{'before the interruption' if was_stopped else f'within {seconds:g} seconds'}.",
            timed_out=True,
        )


def _start_of_range(headers: Mapping[str, str]) -> int | None:
    """Return the byte with which a part begins; None when that is not told."""
    found = re.match(r"bytes (\d{1,18})-", headers.get("Content-Range", ""), re.ASCII)
    return int(found[1]) if found else None


def _outcome(raw: RawAnswer | None) -> str:
    if raw is None:
        return "no whole answer"
    refusal = error_message(raw.body) if raw.status >= HTTPStatus(300) else None
    return f"{raw.status} {refusal}" if refusal else str(raw.status)
