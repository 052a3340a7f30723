"""One request and its answer, on a thread that can be left behind."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.decoders import clean, unreadable
from terraform_provider_veeam.em.http.failures import explain
from terraform_provider_veeam.em.http.session import RawRequest, Session

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from urllib3 import BaseHTTPResponse

MAXIMUM_BODY = 8 * 1024 * 1024
_CONNECT_TIMEOUT = 10.0  # seconds, however long an answer may take
_GRACE = 1.0  # seconds for an exchange to find out by itself that its time is over
_STOP_GRACE = 0.5  # seconds after a stop for the answer about what was begun, to be undone
_PART = 64 * 1024  # bytes that are handed over at once; a stall holds back fewer
_LARGE_PART = 256 * 1024  # bytes at once of what comes fast
_SHARE = 128  # of what has come, that a stall may hold back
_SOON = 0.1  # within so many seconds
_AHEAD = 4  # parts that are received before they are taken
_SLICE = 0.1  # seconds between two looks at whether to go on

log = logging.getLogger(__name__)


class _End(bytes):
    """The last part of a body."""


class _Left(Exception):
    """Nobody waits for the answer any more."""


class Exchange:
    """Sends a request, and hands over the answer as it comes. Ask for the head first.

    A stop or the end of its time leaves it behind: the thread ends by its own time-outs, and what
    still comes is dropped.
    """

    def __init__(
        self, session: Session, request: RawRequest, deadline: Deadline, timeout: float
    ) -> None:
        """`timeout` are the seconds of each wait for the other side."""
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._session = session
        self._request = request
        self._deadline = deadline
        self._timeouts = (min(_CONNECT_TIMEOUT, timeout), timeout)
        self._began = deadline.clock.monotonic()
        self._seconds = self._end = 0.0
        self._parts: queue.Queue[bytes | errors.EnterpriseManagerError] = queue.Queue(_AHEAD)
        self._first = b""
        self._is_left = threading.Event()

    def __enter__(self) -> Self:
        return self

    def head(self, seconds: float | None = None) -> int:
        """Send the request; returns the status, once `headers` are there, too.

        The whole exchange may take so many seconds, or as long as each of its waits. Raises
        Unreachable when nothing was sent, AnswerLost when the server may have acted, Stopped,
        DeadlinePassed.
        """
        self._seconds = sum(self._timeouts) if seconds is None else seconds
        self._end = time.monotonic() + self._seconds + _GRACE
        self._session.threads.start(self._run)
        self._first = self._take()
        return self.status

    def parts(self) -> Iterator[bytes]:
        """Yield the body as it comes. Raises as `head` does, and UnexpectedAnswer."""
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):  # none was asked for, and it may be endless
            raise errors.UnexpectedAnswer(
                "The answer is compressed",
                f"{self._request} was answered with a body that is compressed ({clean(encoding)}), "
                "which was not asked for. Is there a proxy in between that changes answers?",
            )
        part = self._first
        while not isinstance(part, _End):
            yield part
            part = self._take()
        if part:
            yield part

    def body(self) -> bytes:
        """Return the whole body. Raises as `parts` does."""
        body = bytearray()
        for part in self.parts():
            body += part
            if len(body) > MAXIMUM_BODY:
                raise errors.UnexpectedAnswer(
                    "The answer is too large",
                    f"{self._request} was answered with more than {MAXIMUM_BODY // 2**20} MiB, "
                    "which nothing in Enterprise Manager's API needs. Is there a proxy in between?",
                )
        return bytes(body)

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        """Leave it, and write the one line that the log has of it. Only our own errors pass."""
        self._is_left.set()
        took = 1000 * (self._deadline.clock.monotonic() - self._began)
        outcome = str(error or self.status)
        if isinstance(error, errors.RequestRefused):
            outcome = f"{error.status} {error.message or ''}".rstrip()
        log.debug("%s %s in %.0f ms: %s", self._request.method, self._request.path, took, outcome)
        if isinstance(error, Exception) and not isinstance(error, errors.EnterpriseManagerError):
            # It is the answer that brought it about. The exception may quote it, secrets and all.
            raise unreadable(
                f"{self._request} was answered with something that can't be handled "
                f"({type(error).__name__}). Is there a proxy in between?"
            ) from error

    def _run(self) -> None:
        began = time.monotonic()
        come: list[bytes] = []
        try:
            prepared, proxies = self._session.prepare(self._request, self._timeouts[0])
            with self._session.send(
                prepared,
                stream=True,
                timeout=self._timeouts,
                proxies=proxies,
                allow_redirects=False,
            ) as response:
                self.status, self.headers = response.status_code, response.headers
                if self.status < HTTPStatus.OK:  # the answer is still to come on this connection
                    why = f"{self.status} came in place of an answer"
                    self._hand_over(self._lost(why))
                    return
                self._receive(response.raw, come)
            self._hand_over(_End(b"".join(come)))
        except _Left:
            return
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            self._session.addresses.forget()
            took = time.monotonic() - began
            with suppress(_Left):
                if come:
                    self._hand_over(b"".join(come))
                self._hand_over(explain(error, self._request, self._session.settings, took))

    def _receive(self, body: BaseHTTPResponse, come: list[bytes]) -> None:
        """Hand the body over, what comes fast in large parts; the last one is left in `come`.

        Raises _Left, and what urllib3 raises.
        """
        total, size, since, is_fast = 0, 0, time.monotonic(), False
        while True:
            # `read` waits for all of it, and drops what has come when it fails.
            read, most = body.read1, _PART
            if is_fast:
                read, most = body.read, min(max(_PART, total // _SHARE), _LARGE_PART)
            part = read(most, decode_content=False)
            if not part:
                return
            come.append(part)
            total += len(part)
            size += len(part)
            took = time.monotonic() - since
            if size >= _PART or took >= _SOON:
                is_fast = took < _SOON
                self._hand_over(b"".join(come))
                come.clear()
                size, since = 0, time.monotonic()

    def _hand_over(self, part: bytes | errors.EnterpriseManagerError) -> None:
        """Wait until there is room for a part. Raises _Left."""
        while not self._is_left.is_set():
            with suppress(queue.Full):
                return self._parts.put(part, timeout=_SLICE)
        raise _Left

    def _take(self) -> bytes:
        while True:
            if self._deadline.stop.is_set():
                patience = 0.0 if self._request.is_idempotent else _STOP_GRACE
                self._end = min(self._end, time.monotonic() + patience)
            if self._deadline.hurries:
                self._end = min(self._end, time.monotonic() + self._deadline.remaining())
            goes_on = time.monotonic() < self._end
            try:
                part = self._parts.get(goes_on, _SLICE)
            except queue.Empty:
                if goes_on:
                    continue
                if self._request.is_idempotent:
                    self._deadline.check()
                was_stopped = self._deadline.stop.is_set()
                when = "before the interruption" if was_stopped else f"in {self._seconds:g} seconds"
                raise self._lost(f"no whole answer {when}") from None
            if isinstance(part, bytes):
                return part
            raise part

    def _lost(self, why: str) -> errors.AnswerLost:
        return errors.AnswerLost(
            "The answer of Enterprise Manager was lost", f"{self._request}: {why}.", timed_out=True
        )
