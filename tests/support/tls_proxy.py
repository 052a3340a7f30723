"""What stands before a server and is spoken to in TLS."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from support.authorities import Certificate


class TlsProxy:
    """Leads every CONNECT to one server, whichever name is asked for, and keeps what it is told."""

    def __init__(self, certificate: Certificate, target: tuple[str, int]) -> None:
        self._context = certificate.context()
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.heard: list[str] = []
        """The head of each request, in clear."""

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, plain: socket.socket) -> None:
        with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                part = client.recv(65536)
                if not part:
                    return
                head += part
            self.heard.append(head.decode())
            if not head.startswith(b"CONNECT"):
                client.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(self._target) as server:
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                _relay(client, server)


class TlsFront(TlsProxy):
    """Stands before one server and has a certificate of its own, as after a move or a renaming."""

    def _attend(self, plain: socket.socket) -> None:
        of_client = ssl.create_default_context()
        of_client.check_hostname = False
        of_client.verify_mode = ssl.CERT_NONE
        with (
            suppress(OSError),
            self._context.wrap_socket(plain, server_side=True) as client,
            of_client.wrap_socket(socket.create_connection(self._target)) as server,
        ):
            _relay(client, server)


def _relay(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Hand over what either says, until one ends; one thread, as OpenSSL takes no two at once."""
    others = {client: server, server: client}
    while True:
        read = [one for one in others if isinstance(one, ssl.SSLSocket) and one.pending()]
        for one in read or select.select([*others], [], [])[0]:
            data = one.recv(65536)
            if not data:
                return
            others[one].sendall(data)
