"""A server that says what no decent one would: bytes, on real sockets of this machine."""

from __future__ import annotations

import queue
import re
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Self

ROOT = b'{"SupportedVersions": {"SupportedVersions": [{"Name": "v1_7"}]}}'
"""What Enterprise Manager answers to GET /."""


def answer(
    body: bytes = b"{}", status: str = "200 OK", *, kind: str = "application/json", more: str = ""
) -> bytes:
    """Return a whole answer; `more` are further headers, each with its line break."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def drip(connection: socket.socket, text: bytes, *, pause: float = 0.05) -> None:
    """Send a text again and again, until the other side has gone."""
    for _ in range(1200):
        connection.sendall(text)
        time.sleep(pause)


class RawServer:
    """Lets `serve` handle each request: it gets the connection, and the request's first line.

    With `tls`, connections begin with a handshake. `begin` handles a connection before that.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket, str], None],
        *,
        tls: ssl.SSLContext | None = None,
        begin: Callable[[socket.socket], None] | None = None,
    ) -> None:
        self.requests: list[str] = []
        """The first lines of the requests, each with the number of its connection."""
        self.heads: list[str] = []
        """The requests, up to their bodies."""
        self.left: queue.Queue[int] = queue.Queue()
        """The connections that have ended."""
        self._serve, self._tls, self._begin = serve, tls, begin
        self._connections: dict[int, socket.socket] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if tls else "http"
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{scheme}://{self.address}/api"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, and every connection with it: who is still at one is not waited for."""
        self._listener.close()
        for connection in self._connections.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        number = 0
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                number += 1
                arguments = (connection, number)
                threading.Thread(target=self._attend, args=arguments, daemon=True).start()

    def _attend(self, connection: socket.socket, number: int) -> None:
        try:
            with connection, suppress(OSError):
                self._connections[number] = connection
                if self._begin:
                    self._begin(connection)
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                    self._connections[number] = connection
                with connection:
                    self._talk(connection, number)
        finally:
            self.left.put(number)

    def _talk(self, connection: socket.socket, number: int) -> None:
        received = b""
        while True:
            while b"\r\n\r\n" not in received:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                received += chunk
            head, _, received = received.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            wanted = int(length[1]) if length else 0
            while len(received) < wanted:
                received += connection.recv(65536)
            received = received[wanted:]
            first = head.partition(b"\r\n")[0].decode().removesuffix(" HTTP/1.1")
            self.heads.append(head.decode())
            self.requests.append(f"{number} {first}")
            self._serve(connection, first)
