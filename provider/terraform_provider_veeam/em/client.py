"""The one place that asks Enterprise Manager something: retries, statuses, log lines."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

from terraform_provider_veeam.em.abandoning import Abandoned, wait_or_abandon
from terraform_provider_veeam.em.decoding import (
    Document,
    clean,
    decode,
    error_message,
)
from terraform_provider_veeam.em.errors import (
    AnswerLost,
    CertificateNotTrusted,
    EnterpriseManagerError,
    NotFound,
    RequestFailed,
    SessionExpired,
    UnexpectedAnswer,
    Unreachable,
)
from terraform_provider_veeam.em.refusals import phrase, refusal_of
from terraform_provider_veeam.em.retrying import (
    PASSING_STATUSES,
    RetryPolicy,
    retry_after_seconds,
)
from terraform_provider_veeam.em.transport import NoSuchHost, RawAnswer, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from terraform_provider_veeam.em.settings import Settings
    from terraform_provider_veeam.em.waiting import Clock, Deadline

TOKEN_HEADER = "X-RestSvcSessionId"  # noqa: S105 - the header's name
_IDEMPOTENT = ("GET", "DELETE")
_SHORTEST_TIMEOUT = 1.0  # seconds: a request near a deadline still gets a chance
_GRACE = 1.0  # seconds for an exchange to find out by itself that its time is over

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Sink(Protocol):
    """Where a download goes."""

    def restart(self) -> None:
        """Forget what was written."""

    def write(self, chunk: bytes) -> None:
        """Append. Raises CannotWrite."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its status, headers, and what the body says."""

    status: int
    headers: Mapping[str, str]
    document: Document


class _Passing(Exception):
    """A fault that may be over in a moment; `error` is what is raised when it is not."""

    def __init__(self, error: EnterpriseManagerError, retry_after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after


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
        retry_if: Callable[[EnterpriseManagerError], bool] | None = None,
    ) -> Answer:
        """Send a request to a path below `/api` and return its answer, a status from 200 to 299.

        Faults that pass are tried again within the deadline: those that `retry_if` allows; without
        it all of them when the method is idempotent, else none. Raises a RequestRefused for other
        statuses, Unreachable, UnexpectedAnswer, Stopped, DeadlinePassed.
        """
        headers = {"Accept": "application/json", "User-Agent": self._settings.user_agent}
        if body is not None:
            headers["Content-Type"] = "application/json"
        elif method == "POST":
            headers["Content-Length"] = "0"
        if token is not None:
            headers[TOKEN_HEADER] = token
        if authorization is not None:
            headers["Authorization"] = authorization
        return self._repeat(
            f"{method} {path}",
            lambda: self._once(method, path, headers, body, deadline),
            retry_if or (_always if method in _IDEMPOTENT else None),
            deadline,
        )

    def download(self, path: str, deadline: Deadline, *, token: str, into: Sink) -> None:
        """Write what a path below `/api` gives, as it comes; after a fault, from the beginning.

        Raises CannotWrite when `into` does not take it, and what `request` raises.
        """
        headers = {"Accept": "*/*", "User-Agent": self._settings.user_agent, TOKEN_HEADER: token}
        self._repeat(
            f"GET {path}", lambda: self._download_once(path, headers, deadline, into), _always,
            deadline,
        )  # fmt: skip

    def _download_once(
        self, path: str, headers: Mapping[str, str], deadline: Deadline, into: Sink
    ) -> None:
        into.restart()

        def write(chunk: bytes) -> None:
            deadline.check()
            into.write(chunk)

        timeout = self._settings.request_timeout
        raw = self._exchange(
            f"GET {path}",
            lambda: self._transport.send("GET", path, headers, None, timeout, write=write),
        )
        tried = f"GET {self._settings.base_url}{path}"
        log.debug("GET %s: %d", path, raw.status)
        if raw.status != HTTPStatus.OK:
            self._raise_refusal(tried, raw, headers)

    def _repeat(
        self,
        tried: str,
        once: Callable[[], Result],
        retry_if: Callable[[EnterpriseManagerError], bool] | None,
        deadline: Deadline,
    ) -> Result:
        """Return the result of one exchange, repeated while its faults may pass."""
        retries = 0
        while True:
            deadline.check()
            try:
                return once()
            except _Passing as fault:
                pause = None
                if retry_if and retry_if(fault.error):
                    pause = self.policy.pause(retries, fault.retry_after)
                if pause is None or pause >= deadline.remaining():
                    raise fault.error from fault.error.__cause__
                retries += 1
                log.info(
                    "%s: %s; trying again in %.1f s (%d of %d)",
                    tried, fault.error.summary, pause, retries, self.policy.max_retries,
                )  # fmt: skip
            deadline.wait(pause)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _exchange(self, tried: str, send: Callable[[], RawAnswer]) -> RawAnswer:
        """Return what came back; what may be over in a moment is raised as _Passing."""
        try:
            return send()
        except (CertificateNotTrusted, NoSuchHost):
            raise
        except Unreachable as error:
            log.debug("%s: %s", tried, error)
            raise _Passing(error) from error

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> RawAnswer:
        """Send once. A stop does not wait for the answer to what may be asked again."""
        timeout = min(self._settings.request_timeout, max(_SHORTEST_TIMEOUT, deadline.remaining()))
        if method not in _IDEMPOTENT:
            return self._transport.send(method, path, headers, body, timeout)
        try:
            return wait_or_abandon(
                lambda: self._transport.send(method, path, headers, body, timeout),
                stop=deadline.stop,
                seconds=timeout + _GRACE,
            )
        except Abandoned:
            deadline.check()
            raise AnswerLost(
                "The answer of Enterprise Manager was lost",
                f"{method} {self._settings.base_url}{path}: no whole answer within {timeout:g} "
                "seconds.",
                timed_out=True,
            ) from None

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answer:
        started = self._clock.monotonic()
        raw = self._exchange(
            f"{method} {path}", lambda: self._send(method, path, headers, body, deadline)
        )
        milliseconds = 1000 * (self._clock.monotonic() - started)
        log.debug("%s %s: %d in %.0f ms", method, path, raw.status, milliseconds)

        tried = f"{method} {self._settings.base_url}{path}"
        if not HTTPStatus(200) <= raw.status < HTTPStatus(300):
            self._raise_refusal(tried, raw, headers)
        try:
            document = (
                decode(raw.body)
                if method != "DELETE" or raw.status == HTTPStatus.ACCEPTED
                else Document(None, None)
            )
        except UnexpectedAnswer as malformed:
            kind = clean(raw.headers.get("Content-Type") or "none")
            raise _Passing(
                UnexpectedAnswer(
                    "Enterprise Manager's answer can't be understood",
                    f"{tried} was answered with {raw.status} and a body of type {kind}. "
                    f"{malformed.detail} Is there a proxy in between?",
                )
            ) from malformed
        return Answer(raw.status, raw.headers, document)

    def _raise_refusal(self, tried: str, raw: RawAnswer, headers: Mapping[str, str]) -> NoReturn:
        refusal = refusal_of(tried, raw, headers, self._settings.base_url)
        refusal.message = error_message(raw.body)
        if raw.status in PASSING_STATUSES:
            refusal.retry_after = retry_after_seconds(raw.headers.get("Retry-After"))
            raise _Passing(refusal, refusal.retry_after)
        if isinstance(refusal, NotFound | SessionExpired) and not self._is_credible(raw):
            raise RequestFailed(
                "Something else answered in place of Enterprise Manager",
                f"{tried} was answered with {raw.status} {phrase(raw.status)} and a page that is "
                f"not Enterprise Manager's, and so was GET {self._settings.base_url}/. Is its "
                "service being restarted, or is there a proxy in between? Nothing is concluded "
                "from it. Try again.",
                status=raw.status,
            )
        raise refusal

    def _is_credible(self, raw: RawAnswer) -> bool:
        """Tell whether it is Enterprise Manager that does not know a thing, or a token.

        A proxy, and Windows while the service restarts, answer in its place, with pages of theirs.
        """
        if _is_readable(raw.body):
            return True
        headers = {"Accept": "application/json", "User-Agent": self._settings.user_agent}
        try:
            root = self._transport.send("GET", "/", headers, None, self._settings.request_timeout)
        except Unreachable:
            return False
        return root.status == HTTPStatus.OK and _is_readable(root.body)


def _is_readable(body: bytes) -> bool:
    try:
        decode(body)
    except UnexpectedAnswer:
        return False
    return True


def _always(_: EnterpriseManagerError) -> bool:
    return True
