"""The one place that asks Enterprise Manager something: retries, statuses, log lines."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar
from urllib.parse import urlsplit

from terraform_provider_veeam.em.decoding import (
    Document,
    Malformed,
    clean,
    decode,
    error_message,
)
from terraform_provider_veeam.em.errors import (
    AccessDenied,
    CertificateNotTrusted,
    EnterpriseManagerError,
    LogonRefused,
    NotFound,
    RequestFailed,
    RequestRefused,
    SessionExpired,
    UnexpectedAnswer,
    Unreachable,
)
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

        Faults that pass are tried again within the deadline: all of them when the method is
        idempotent, else those that `retry_if` allows. Raises a RequestRefused for other
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
            retry_if if method not in _IDEMPOTENT else _always,
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

        try:
            raw = self._transport.send(
                "GET", path, headers, None, self._settings.request_timeout, write=write
            )
        except Unreachable as error:
            raise _Passing(error) from error
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

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answer:
        timeout = min(self._settings.request_timeout, max(_SHORTEST_TIMEOUT, deadline.remaining()))
        started = self._clock.monotonic()
        try:
            raw = self._transport.send(method, path, headers, body, timeout)
        except (CertificateNotTrusted, NoSuchHost):
            raise
        except Unreachable as error:
            log.debug("%s %s: %s", method, path, error)
            raise _Passing(error) from error
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
        except Malformed as malformed:
            kind = clean(raw.headers.get("Content-Type") or "none")
            raise _Passing(
                UnexpectedAnswer(
                    "Enterprise Manager's answer can't be understood",
                    f"{tried} was answered with {raw.status} and a body of type {kind}. "
                    f"{malformed} Is there a proxy in between?",
                )
            ) from malformed
        return Answer(raw.status, raw.headers, document)

    def _raise_refusal(self, tried: str, raw: RawAnswer, headers: Mapping[str, str]) -> NoReturn:
        refusal = self._refusal(tried, raw, headers)
        if raw.status in PASSING_STATUSES:
            raise _Passing(refusal, retry_after_seconds(raw.headers.get("Retry-After")))
        raise refusal

    def _refusal(
        self, tried: str, raw: RawAnswer, headers: Mapping[str, str]
    ) -> EnterpriseManagerError:
        message = error_message(raw.body)
        said = f": {message}" if message else "."
        came = f"{tried} was answered with {raw.status} {_phrase(raw.status)}{said}"
        if HTTPStatus(300) <= raw.status < HTTPStatus(400):
            return _redirected(tried, raw)
        if raw.status == HTTPStatus.UNAUTHORIZED:
            if "Authorization" in headers:
                return LogonRefused(
                    "Enterprise Manager refuses the logon",
                    f"{came}\nCheck username and password (VEEAM_EM_USERNAME, VEEAM_EM_PASSWORD): "
                    "the user name usually has the form DOMAIN\\user (in Terraform's language the "
                    "backslash is written twice), and the account needs the role Portal "
                    "Administrator, Portal User or Restore Operator. It was tried once only, so "
                    "that the account is not locked.",
                    status=raw.status,
                    attribute="password",
                )
            return SessionExpired(
                "The logon session has ended",
                f"{came}\nEnterprise Manager ends a logon session after 15 idle minutes.",
                status=raw.status,
            )
        if raw.status == HTTPStatus.FORBIDDEN:
            return AccessDenied(
                "The account's role is too low",
                f"{came}\nGive the account (username) a role in Enterprise Manager that allows "
                "this, Portal Administrator or Restore Operator, and put the machine within the "
                "scope of that role.",
                status=raw.status,
                attribute="username",
            )
        if raw.status == HTTPStatus.NOT_FOUND:
            return NotFound("Enterprise Manager does not know it", came, status=raw.status)
        return RequestFailed(
            "Enterprise Manager could not do it", came + _advice(raw.status), status=raw.status
        )


def _always(_: EnterpriseManagerError) -> bool:
    return True


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard status)"


def _advice(status: int) -> str:
    if status in PASSING_STATUSES:
        return (
            "\nIt is overloaded, in maintenance, or not reached through a proxy. Try again later."
        )
    return ""


def _redirected(tried: str, raw: RawAnswer) -> RequestRefused:
    target = urlsplit(raw.headers.get("Location", ""))
    where = clean(f"{target.scheme}://{target.netloc}") if target.netloc else "another path"
    return RequestFailed(
        "Enterprise Manager's answer leads elsewhere",
        f"{tried} was answered with {raw.status}, a redirection to {where}. It is not followed, "
        "because the logon session's token is for the configured address only. If that is where "
        "Enterprise Manager is now, change url.",
        status=raw.status,
        attribute="url",
    )
