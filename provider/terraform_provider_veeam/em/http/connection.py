"""The connection of one exchange: cut by others when its time is over, and never out of step."""

from __future__ import annotations

import errno
import http.client
import socket
import threading
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

_here = threading.local()  # the line of the exchange on this thread


class Line:
    """What one exchange is going through. Another thread may cut it, which ends the exchange."""

    def __init__(self) -> None:
        self.has_sent = False
        """Whether anything of the request may have left: only then can the server have acted."""
        self.response: http.client.HTTPResponse | None = None
        """The answer, once it is waited for."""
        self._lock = threading.Lock()  # of what follows
        self._socket: socket.socket | None = None
        self._is_cut = False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Follow the connections that this thread uses meanwhile."""
        _here.line = self
        try:
            yield
        finally:
            del _here.line
            if self.response:  # also where urllib3 did not like its headers
                self.response.close()
            with self._lock:
                self._let_go()

    def follow(self, sock: Any) -> None:
        """Have a socket cut together with the line.

        A second handle is kept: a TLS handshake takes the first one away while it lasts.
        """
        with self._lock:
            self._let_go()
            self._socket = socket.fromfd(sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)
            if self._is_cut:
                _shut(self._socket)

    def cut(self) -> None:
        """End every wait for the other side, now and later."""
        with self._lock:
            self._is_cut = True
            if self._socket:
                _shut(self._socket)

    def _let_go(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None


def _shut(sock: Any) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class _Head:
    """What comes up to the body. Python takes the end of a connection for that of the headers."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readline(self, limit: int) -> bytes:
        """Return the next line. Raises ConnectionResetError when there is none."""
        line: bytes = self._file.readline(limit)
        if not line:
            raise ConnectionResetError(errno.ECONNRESET, "it ended before the headers did")
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Response(http.client.HTTPResponse):
    """The answer to one request. A connection that says anything beside it is not used again.

    Python takes 102 and 103 for the answer itself, and would read the real one for the next
    request's.
    """

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._sock = sock
        _here.line.response = self

    def begin(self) -> None:
        """Read up to the body, past whatever is told in between."""
        body = self.fp
        self.fp = _Head(body)  # type: ignore[assignment]  # all that is read of it
        super().begin()
        while self.status < HTTPStatus.OK:
            self.headers = None  # type: ignore[assignment]  # as before the first line
            super().begin()
            self.will_close = True
        self.fp = body

    def _close_conn(self) -> None:
        if self._has_more():
            _shut(self._sock)
        super()._close_conn()  # type: ignore[misc]  # its own hook, which typeshed leaves out

    def _has_more(self) -> bool:
        """Tell whether there is more to read than this answer."""
        with suppress(OSError, ValueError):  # as when nothing is there, or it is closed
            timeout = self._sock.gettimeout()
            self._sock.settimeout(0)
            try:
                return bool(self.fp.peek(1))
            finally:
                self._sock.settimeout(timeout)
        return False


class _Connection(HTTPConnection):
    """A connection that the line of its exchange follows."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        _here.line.follow(sock)
        return sock

    def request(self, *arguments: Any, **options: Any) -> None:
        """Send a request on a connection that is followed."""
        if self.sock is None:
            self.connect()
        _here.line.follow(self.sock)
        super().request(*arguments, **options)

    def endheaders(self, *arguments: Any, **options: Any) -> None:
        """Send the headers: up to here nothing of the request has left."""
        _here.line.has_sent = True
        super().endheaders(*arguments, **options)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same in TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}
