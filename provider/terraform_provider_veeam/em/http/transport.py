"""One HTTP exchange: bounded in time and size, only with the configured server, no cookies."""

from __future__ import annotations

import errno
import logging
import re
import socket
import ssl
import threading
import time
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, NamedTuple

import urllib3

from terraform_provider_veeam.em.errors import (
    AnswerLost,
    CannotConnect,
    EnterpriseManagerError,
    UnexpectedAnswer,
    UnknownHost,
    Unreachable,
)
from terraform_provider_veeam.em.http import proxies, trust
from terraform_provider_veeam.em.http.connection import Line
from terraform_provider_veeam.em.http.decoders import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from terraform_provider_veeam.em.settings import Settings

MAXIMUM_BODY = 8 * 1024 * 1024
_CHUNK = 64 * 1024
_SLICE = 0.1  # seconds between two looks at whether a stop was asked for
_LAST_WORDS = 0.5  # seconds for an exchange to end once its connection was cut

# A request has one line in the log, with its time and outcome: the client's.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

# What a TLS handshake may break off with, and yet succeed the next time.
_PASSING_IN_TLS = ("EOF", "INTERNAL_ERROR", "BAD_RECORD_MAC", "USER_CANCELLED")


class RawRequest(NamedTuple):
    """What is sent to a path below `/api`, with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None = None


class RawAnswer(NamedTuple):
    """What came back, as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests to the configured Enterprise Manager and to nobody else."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools = trust.Pools(settings)

    def send(
        self,
        request: RawRequest,
        timeout: float,
        line: Line,
        *,
        receive: Callable[[int, Mapping[str, str]], Callable[[bytes], None] | None] | None = None,
    ) -> RawAnswer:
        """Send one request, on a line that others may cut.

        `timeout` are the seconds of each wait for the other side; the whole is bounded by
        `finish_or_abandon`. `receive` is told the status and the headers, and may return what takes
        the body as it comes, however long it is.

        Raises Unreachable when nothing was sent, AnswerLost when the server may have acted,
        UnexpectedAnswer when the body is too large or compressed.
        """
        url = self._settings.base_url + request.path
        tried = f"{request.method} {url}"
        try:
            with line.taken():
                response = self._pools.current().urlopen(
                    request.method,
                    url,
                    body=request.body,
                    headers=request.headers,
                    timeout=timeout,
                    retries=False,
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                )
                try:
                    _check_encoding(response, tried)
                    received = b""
                    write = receive and receive(response.status, response.headers)
                    if write:
                        for chunk in _chunks(response):
                            write(chunk)
                    else:
                        received = _read(response, tried)
                    return RawAnswer(response.status, response.headers, received)
                finally:
                    response.close()
        except EnterpriseManagerError:
            raise
        except Exception as error:
            # Whatever it is: what the server may have done meanwhile has to be found out.
            raise self._explain(error, tried, timeout, line) from error

    def close(self) -> None:
        """Close the connections."""
        self._pools.close()

    def _explain(
        self, error: Exception, tried: str, timeout: float, line: Line
    ) -> EnterpriseManagerError:
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError) or "Fingerprints did not" in str(
                cause
            ):
                if any(isinstance(one, urllib3.exceptions.ProxyError) for one in causes):
                    return trust.explain_proxy(cause)
                return trust.explain(self._settings, cause, timeout)
        if lasting := self._lasting(causes, tried, line):
            return lasting
        reason = _reason(causes, timeout)
        if any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes):
            return Unreachable(
                "The proxy does not lead to Enterprise Manager",
                f"{tried}: {reason}. The proxy is that of the environment "
                f"({proxies.variable(self._settings.base_url)}). If Enterprise Manager is reached "
                "without it, name its host in NO_PROXY.",
            )
        if not line.has_sent:
            return Unreachable(
                "Enterprise Manager can't be reached",
                f"{tried}: {reason}. Check url (VEEAM_EM_URL), that the service Veeam "
                "RESTful API runs, and that no firewall is in between.",
            )
        return AnswerLost(
            "The answer of Enterprise Manager was lost",
            f"{tried}: {reason}."
            + ("" if tried.startswith("GET ") else " The server may have acted all the same."),
            timed_out=reason.startswith("no answer"),
        )

    def _lasting(
        self, causes: list[BaseException], tried: str, line: Line
    ) -> EnterpriseManagerError | None:
        """Return the error if trying again can't help; None if it might."""
        base = self._settings.base_url
        for cause in causes:
            if isinstance(cause, ssl.SSLError) and (why := _tls_trouble(cause, line)):
                return CannotConnect("The TLS connection is not possible", f"{tried}: {why}")
            if isinstance(cause, urllib3.exceptions.ProxyError) and _is_final_for_proxy(cause):
                return proxies.unusable(base, f"the proxy refused ({_original(cause)})")
            if isinstance(cause, socket.gaierror):
                if proxies.proxy_for(base):
                    return proxies.unusable(base, "the name of the proxy is not known here")
                return UnknownHost(
                    "Enterprise Manager can't be found",
                    f"{tried}: the host name is not known. Check url (VEEAM_EM_URL), and that this "
                    "machine can resolve the name.",
                )
            if isinstance(cause, ValueError) and not line.has_sent:
                # What it is about is not quoted: it may be the header with the token.
                return CannotConnect(
                    "The request can't be sent",
                    f"{tried}: url, username, password or session_token has a character that can't "
                    f"be sent ({type(cause).__name__}).",
                )
        return None


def finish_or_abandon(
    exchange: Callable[[Line], RawAnswer], *, stop: threading.Event, seconds: float
) -> RawAnswer | None:
    """Return what an exchange returns, and raise what it raises.

    None when a stop was asked for or the seconds are over. Its line is cut then, so that it ends
    at once: only where a name is looked up, or a connection made, does it go on for a while.
    """
    done: Future[RawAnswer] = Future()
    line = Line()

    def run() -> None:
        try:
            done.set_result(exchange(line))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
            done.set_exception(error)

    threading.Thread(target=run, daemon=True, name="request").start()
    end = time.monotonic() + seconds
    while not done.done() and not stop.is_set() and time.monotonic() < end:
        wait((done,), _SLICE)
    if done.done():
        return done.result()
    line.cut()
    wait((done,), _LAST_WORDS)
    return None  # even if there is a result: a cut may pass for the end of a body


def _check_encoding(response: urllib3.BaseHTTPResponse, tried: str) -> None:
    """Raise UnexpectedAnswer for a compressed body, which may be endless: none was asked for."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise UnexpectedAnswer(
            "The answer is compressed",
            f"{tried} was answered with a body that is compressed ({clean(encoding)}), which was "
            "not asked for. Is there a proxy in between that changes answers?",
        )


def _read(response: urllib3.BaseHTTPResponse, tried: str) -> bytes:
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > MAXIMUM_BODY:
            raise UnexpectedAnswer(
                "The answer is too large",
                f"{tried} was answered with more than {MAXIMUM_BODY // 2**20} MiB, which nothing "
                "in Enterprise Manager's API needs. Is there a proxy in between?",
            )
    return bytes(body)


def _chunks(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body as it comes: `stream` would wait for a whole chunk."""
    while chunk := response.read1(_CHUNK, decode_content=False):
        yield chunk


def _tls_trouble(error: ssl.SSLError, line: Line) -> str | None:
    """Return why no TLS connection will come about; None for what may be over in a moment."""
    reason = error.reason or ""
    if "CERTIFICATE" in reason:  # with TLS 1.3 it is told only once the request is under way
        return (
            f"the server demands a certificate of the client ({reason}), which the provider does "
            "not have. Enterprise Manager's REST API demands none: is there a proxy in between?"
        )
    if line.has_sent or not reason or any(word in reason for word in _PASSING_IN_TLS):
        return None
    if any(word in reason for word in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "TOO_LONG")):
        return (
            "what listens there does not speak TLS. Enterprise Manager's REST API is at "
            "https://HOST:9398; check url (VEEAM_EM_URL)."
        )
    if any(word in reason for word in ("PROTOCOL", "VERSION")):
        return (
            f"the server has no version of TLS that can be used ({reason}). TLS 1.2 or 1.3 is "
            "needed: switch one of them on where Enterprise Manager runs."
        )
    return (
        f"the two sides do not agree ({clean(reason)}). TLS 1.2 or 1.3 is needed, with a cipher "
        "that both know, and a server that demands no certificate of the client."
    )


def _is_final_for_proxy(error: urllib3.exceptions.ProxyError) -> bool:
    """Tell whether a proxy will refuse the next time too: a status from 400 to 499, or no TLS."""
    said = str(error.original_error)
    refused = re.search(r"Tunnel connection failed: 4(?!08|29)\d\d\b", said)
    return bool(refused) or "only use HTTP" in str(error)


def _original(error: urllib3.exceptions.ProxyError) -> str:
    return clean(str(error.original_error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all its causes: urllib3 nests them."""
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
        if isinstance(cause, urllib3.exceptions.ProxyError) and "Tunnel" in _original(cause):
            return f"the proxy refused ({_original(cause)})"
    # The system's own error first: urllib3 calls a refused connection a timeout too.
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
            known = {errno.ECONNREFUSED: "connection refused", errno.ECONNRESET: "connection reset"}
            return known.get(cause.errno) or clean(cause.strerror or str(cause))
        if isinstance(cause, ssl.SSLError):
            return f"the TLS connection failed ({clean(cause.reason or str(cause))})"
    for cause in causes:
        if isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
            return f"no connection within {timeout:g} seconds"
        if isinstance(cause, urllib3.exceptions.TimeoutError | TimeoutError):
            return f"no answer within {timeout:g} seconds"
    return "the connection broke off"
