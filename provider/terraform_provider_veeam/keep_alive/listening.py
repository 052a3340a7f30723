"""Answering, at the socket of a logon session, what others ask of the process that holds it."""

from __future__ import annotations

import hmac
import os
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Self

from terraform_provider_veeam.keep_alive import sockets

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from terraform_provider_veeam.em.holding import SessionHolder
    from terraform_provider_veeam.private_state import MountSession

_SECONDS = 5.0  # for one who asks


class Listener:
    """Listens within a `with` block, on a thread of its own. Entering it raises OSError."""

    def __init__(
        self, holder: SessionHolder, kept: MountSession, path: Path, *, takes_orders: bool
    ) -> None:
        """Without `takes_orders` it holds what it was made for, and leaves the rest to a keeper."""
        self._holder = holder
        self._kept = kept
        self._path = path
        self._takes_orders = takes_orders

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._socket, self._secret = sockets.listen(self._path)
        self._own = self._path.stat()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the place, unless somebody else has taken it over."""
        self._socket.close()
        with suppress(OSError):
            if os.path.samestat(self._own, self._path.stat()):
                self._path.unlink()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with closing(connection), suppress(OSError, ValueError, KeyError, TypeError):
                connection.settimeout(_SECONDS)
                self._attend(connection)

    def _attend(self, connection: socket.socket) -> None:
        message = sockets.receive(connection)
        if hmac.compare_digest(str(message.get("secret", "")), self._secret):
            sockets.send(connection, self._answer(message))

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, and return how things stand. Raises ValueError to give no answer."""
        match message["do"]:
            case "add":
                hrefs = [str(href) for href in message["hrefs"]]
                if not self._takes_orders or not self._holder.add(hrefs, float(message["seconds"])):
                    raise ValueError("too late, or not for this one")  # a new keeper takes over
            case "check":
                self._holder.check()
            case "stop":
                self._holder.stop()
        return {
            "session": self._kept.session.fingerprint,
            "url": self._kept.base_url,
            "mount_points": self._holder.mount_points,
            "remaining": self._holder.remaining,
            "pid": os.getpid(),
        }
