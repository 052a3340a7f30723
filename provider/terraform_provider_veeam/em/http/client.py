"""One request: tried again after a passing fault; other failures become errors."""

import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from terraform_provider_veeam.em import errors, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, refusals, retry
from terraform_provider_veeam.em.http.exchange import Exchange
from terraform_provider_veeam.em.http.session import RawRequest, Session
from terraform_provider_veeam.em.settings import Settings

TOKEN_HEADER = "X-RestSvcSessionId"  # noqa: S105 - the header's name
_JSON = "application/json"
_NOT_THAT_PART = (HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
_SHORTEST_TIMEOUT = 1.0  # seconds: a request near a deadline still gets a chance


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
    document: decoders.Document
    request: str = ""  # its method and path

    def unexpected(self, what: str) -> errors.UnexpectedAnswer:
        """Return the error for an answer that came, but `with no task` or the like."""
        return decoders.unreadable(f"{self.request} was answered with {self.status}, but {what}.")


def never(_: errors.EnterpriseManagerError) -> bool:
    """Send no request again, whatever the error."""
    return False


class Client:
    """Sends requests and returns their answers; errors are raised as the tree in `errors` says."""

    def __init__(self, settings: Settings, *, random: Callable[[], float]) -> None:
        self._settings = settings
        self._session = Session(settings)
        self._random = random

    def request(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        token: str | None = None,
        authorization: str | None = None,
        body: bytes | None = None,
        again: Callable[[errors.EnterpriseManagerError], bool] | None = None,
    ) -> Answer:
        """Send a request to a path below `/api` and return its answer, a status from 200 to 299.

        A fault that may pass is tried again within the deadline if the method is idempotent; with
        `again`, that decides by the error. Raises a RequestRefused for other statuses,
        Unreachable, AnswerLost, UnexpectedAnswer, Stopped, DeadlinePassed.
        """
        headers = {"Accept": _JSON, "Authorization": authorization, TOKEN_HEADER: token}
        headers["Content-Type"] = None if body is None else _JSON
        request = self._request(method, path, headers, body)

        def once() -> Answer:
            timeout = max(_SHORTEST_TIMEOUT, deadline.remaining())
            if deadline.hurries:
                deadline.check()
            timeout = min(self._settings.request_timeout, timeout)
            with Exchange(self._session, request, deadline, timeout) as exchange:
                status, said = exchange.head(), exchange.body()
                if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
                    raise refusals.refusal_of(request, status, exchange.headers, said)
                deadline.progress()
                try:
                    document = decoders.decode(said)
                except errors.UnexpectedAnswer as error:
                    kind = decoders.clean(exchange.headers.get("Content-Type") or "none")
                    raise decoders.unreadable(
                        f"{request} was answered with {status} and a body of type {kind}. "
                        f"{error.detail} Is there a proxy in between?"
                    ) from error
            return Answer(status, exchange.headers, document, f"{method} {path}")

        again = again or (retry.may_pass if request.is_idempotent else never)
        return retry.retry(once, deadline, when=again, pauses=self.pauses())

    def download(self, path: str, deadline: Deadline, *, token: str, into: Sink) -> None:
        """Write what a path below `/api` gives; after a fault it goes on from there (Range).

        Tries count from the last that brought more. Raises CannotWrite, and what `request` raises.
        """

        def once() -> None:
            offset = into.size
            headers: dict[str, str | None] = {"Accept": "*/*", TOKEN_HEADER: token}
            headers["Range"] = f"bytes={offset}-" if offset else None
            request = self._request("GET", path, headers)
            timeout = self._settings.request_timeout
            with Exchange(self._session, request, deadline, timeout) as exchange:
                status = exchange.head(deadline.remaining())
                goes_on = _start_of_range(exchange.headers) == offset
                if status == HTTPStatus.OK:
                    into.restart()
                elif status in _NOT_THAT_PART and not goes_on:
                    into.restart()
                    raise decoders.unreadable(
                        f"{request} was asked for what comes from byte {offset} on, and was "
                        f"answered with {status} and something else."
                    )
                elif status != HTTPStatus.PARTIAL_CONTENT:
                    raise refusals.refusal_of(request, status, exchange.headers, exchange.body())
                for chunk in exchange.parts():
                    deadline.check()
                    into.write(chunk)

        retry.retry(once, deadline, pauses=self._pauses_without_progress(into))

    def _pauses_without_progress(self, into: Sink) -> Iterator[float]:
        """Return the seconds before each further try, anew whenever one has brought more."""
        reached, pauses = into.size, self.pauses()
        while True:
            if into.size > reached:
                reached, pauses = into.size, self.pauses()
            pause = next(pauses, None)
            if pause is None:
                return
            yield pause

    def pauses(self) -> Iterator[float]:
        """Return the seconds before each further try, as the settings have it."""
        return retry.pauses(self._settings.max_retries, self._random)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _request(
        self, method: str, path: str, headers: Mapping[str, str | None], body: bytes | None = None
    ) -> RawRequest:
        always = {"Accept-Encoding": "identity", "User-Agent": self._settings.user_agent}
        told = {name: value for name, value in headers.items() if value is not None}
        return RawRequest(method, self._settings.base_url, path, always | told, body)


class SessionClient(NamedTuple):
    """The client in one logon session, for one operation."""

    client: Client
    session: models.LogonSession
    deadline: Deadline

    def get(self, path: str) -> Answer:
        """Return the answer to a GET of a path below `/api`; raises as `request` does."""
        return self.request("GET", path)

    def request(self, method: str, path: str, **more: Any) -> Answer:
        """Send a request as `Client.request` does."""
        return self.client.request(method, path, self.deadline, token=self.session.token, **more)


def _start_of_range(headers: Mapping[str, str]) -> int | None:
    """Return the byte with which a part begins; None when that is not told."""
    found = re.match(r"bytes (\d{1,18})-", headers.get("Content-Range", ""), re.ASCII)
    return int(found[1]) if found else None
