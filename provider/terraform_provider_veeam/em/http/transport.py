"""One HTTP exchange: bounded in time and size, only with the configured server, no cookies."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests
import urllib3.exceptions
from requests.utils import get_environ_proxies

from terraform_provider_veeam.em.errors import (
    AnswerLost,
    EnterpriseManagerError,
    UnexpectedAnswer,
    UnknownHost,
    Unreachable,
)
from terraform_provider_veeam.em.http import trust
from terraform_provider_veeam.em.http.decoders import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from terraform_provider_veeam.em.deadline import Clock
    from terraform_provider_veeam.em.settings import Settings

MAXIMUM_BODY = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_SLICE = 0.1  # seconds between two looks at whether a stop was asked for

_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
    ConnectionRefusedError,
    socket.gaierror,
)


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back, as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests to the configured Enterprise Manager and to nobody else."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._adapter = trust.TrustingAdapter(settings)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,
        *,
        write: Callable[[bytes], None] | None = None,
    ) -> RawAnswer:
        """Send one request to a path below `/api`; `timeout` is in seconds.

        With `write`, the body of a success is handed to it piece by piece, however long it is: the
        timeout then bounds each wait for the next bytes.

        Raises Unreachable when nothing was sent, AnswerLost when the server may have acted,
        UnexpectedAnswer when the body is too large.
        """
        url = self._settings.base_url + path
        end = self._clock.monotonic() + timeout
        try:
            request = requests.Request(method, url, headers=dict(headers), data=body).prepare()
            response = self._adapter.send(
                request,
                stream=True,
                timeout=timeout,
                proxies=get_environ_proxies(url, no_proxy=None),
            )
            try:
                if write and response.status_code == HTTPStatus.OK:
                    for chunk in _chunks(response):
                        write(chunk)
                    return RawAnswer(response.status_code, response.headers, b"")
                return RawAnswer(
                    response.status_code, response.headers, self._read(response, end, method)
                )
            finally:
                response.close()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._explain(error, f"{method} {url}", timeout) from error

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    def _read(self, response: requests.Response, end: float, method: str) -> bytes:
        body = bytearray()
        for chunk in _chunks(response):
            body += chunk
            if len(body) > MAXIMUM_BODY:
                raise UnexpectedAnswer(
                    "The answer is too large",
                    f"{method} {response.url} was answered with more than "
                    f"{MAXIMUM_BODY // 2**20} MiB, which nothing in Enterprise Manager's API "
                    "needs. Is there a proxy in between?",
                )
            if self._clock.monotonic() > end:
                raise requests.ReadTimeout("the body came too slowly")
        return bytes(body)

    def _explain(self, error: Exception, tried: str, timeout: float) -> EnterpriseManagerError:
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError) or "Fingerprints did not" in str(
                cause
            ):
                is_proxys = any(isinstance(one, urllib3.exceptions.ProxyError) for one in causes)
                return (
                    trust.explain_proxy(cause)
                    if is_proxys
                    else trust.explain(self._settings, cause, timeout)
                )
        base = self._settings.base_url
        for cause in causes:
            if isinstance(cause, socket.gaierror):
                return UnknownHost(
                    "Enterprise Manager can't be found",
                    f"{tried}: the host name is not known. Check url, and that this machine can "
                    "resolve the name.",
                )
        if any(
            isinstance(cause, ssl.SSLError) and "WRONG_VERSION" in str(cause) for cause in causes
        ):
            return Unreachable(
                "Enterprise Manager does not answer in TLS",
                f"{tried}: what listens there does not speak TLS. Enterprise Manager's REST API "
                f"is at https://HOST:9398; check url.",
            )
        reason = _reason(causes, timeout)
        if any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes):
            return Unreachable(
                "The proxy does not lead to Enterprise Manager",
                f"{tried}: {reason}. The proxy is that of the environment (HTTPS_PROXY). If "
                "Enterprise Manager is reached without it, name its host in NO_PROXY.",
            )
        if any(isinstance(cause, _NOT_SENT) for cause in causes):
            return Unreachable(
                "Enterprise Manager can't be reached",
                f"{tried}: {reason}. Check url ({base}), that the service Veeam RESTful API "
                "runs, and that no firewall is in between.",
            )
        return AnswerLost(
            "The answer of Enterprise Manager was lost",
            f"{tried}: {reason}."
            + ("" if tried.startswith("GET ") else " The server may have acted all the same."),
            timed_out=reason.startswith("no answer"),
        )


def finish_or_abandon(
    exchange: Callable[[], RawAnswer], *, stop: threading.Event, seconds: float
) -> RawAnswer | None:
    """Return what an exchange returns, and raise what it raises.

    None when Terraform has asked to stop or the seconds are over: the exchange then goes on, on
    a thread that nobody waits for.
    """
    done: Future[RawAnswer] = Future()

    def run() -> None:
        try:
            done.set_result(exchange())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
            done.set_exception(error)

    threading.Thread(target=run, daemon=True, name="request").start()
    end = time.monotonic() + seconds
    while not done.done() and not stop.is_set() and time.monotonic() < end:
        wait((done,), _SLICE)
    return done.result() if done.done() else None


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body as it comes: `iter_content` would wait for a whole chunk."""
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        yield chunk


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all its causes: urllib3 and requests nest them."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        nested = (current.__cause__, current.__context__, getattr(current, "reason", None))
        waiting += [c for c in (*nested, *current.args) if isinstance(c, BaseException)]


def _reason(causes: list[BaseException], timeout: float) -> str:
    for cause in causes:
        if isinstance(cause, urllib3.exceptions.ProxyError):
            return f"the proxy refused ({clean(str(cause.original_error))})"
    # The system's own error first: urllib3 calls a refused connection a timeout too.
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
            known = {errno.ECONNREFUSED: "connection refused", errno.ECONNRESET: "connection reset"}
            return known.get(cause.errno) or clean(cause.strerror or str(cause))
        if isinstance(cause, ssl.SSLError):
            return f"the TLS connection failed ({clean(cause.reason or str(cause))})"
    for cause in causes:
        if isinstance(cause, requests.ConnectTimeout | urllib3.exceptions.ConnectTimeoutError):
            return f"no connection within {timeout:g} seconds"
        if isinstance(cause, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
            return f"no answer within {timeout:g} seconds"
    return "the connection broke off"
