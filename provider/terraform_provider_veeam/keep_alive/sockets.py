"""How processes that hold sessions are found and asked: sockets in a private folder."""

from __future__ import annotations

import hmac
import json
import os
import socket
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from terraform_provider_veeam.platforms import IS_WINDOWS, private_folder

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_SECONDS = 5.0
_LONGEST = 1024 * 1024
_SUFFIX = ".sock"
_LONGEST_FOLDER = 80  # bytes: the path of a socket in it may have 103 on macOS


class Silent(OSError):
    """Somebody listens, but has not answered in time."""


def place(name: str) -> Path:
    """Return the socket of that name, in the folder that only this user may enter.

    Raises OSError.
    """
    return _folder() / f"{name}{_SUFFIX}"


def places() -> list[Path]:
    """Return all sockets that there are. Raises OSError."""
    return sorted(_folder().glob(f"*{_SUFFIX}"))


def _folder() -> Path:
    return Path(private_folder(longest=_LONGEST_FOLDER))


def ask(
    path: Path, message: dict[str, Any], seconds: float = ANSWER_SECONDS
) -> dict[str, Any] | None:
    """Ask whoever listens at a socket, and return the answer; None when nobody does.

    A socket that a killed process has left behind is removed. Raises Silent.
    """
    try:
        before = path.stat()
    except OSError:
        return None
    try:
        connection, secret = _connect(path, seconds)
    except (FileNotFoundError, ConnectionError, ValueError):
        with suppress(OSError):
            if os.path.samestat(before, path.stat()):
                path.unlink()
        return None
    except OSError as error:
        raise Silent(error.errno, "it does not answer") from error
    try:
        with closing(connection):
            _send(connection, message | {"secret": secret})
            return _receive(connection)
    except (ConnectionError, ValueError):
        return None
    except OSError as error:
        raise Silent(error.errno, "it does not answer") from error


class Listener:
    """Answers at a socket within a `with` block. Entering it raises FileExistsError, OSError.

    Each message is answered on a thread of its own; when `answer` raises ValueError, it is not.
    """

    def __init__(self, path: Path, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._path = path
        self._answer = answer

    def __enter__(self) -> Self:
        """Start to listen, unless somebody else does."""
        temporary = self._path.with_suffix(f".{os.getpid()}")
        self._socket, self._secret = _listen(temporary)
        try:
            os.link(temporary, self._path)  # in one step, and only if nobody was there before
        except OSError:
            self._socket.close()
            raise
        finally:
            temporary.unlink(missing_ok=True)
        self._own = self._path.stat()
        threading.Thread(target=self._listen, daemon=True, name="listener").start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        with suppress(OSError):
            if os.path.samestat(self._own, self._path.stat()):
                self._path.unlink()
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        with closing(connection), suppress(OSError, ValueError, KeyError, TypeError):
            connection.settimeout(ANSWER_SECONDS)
            message = _receive(connection)
            if hmac.compare_digest(str(message.get("secret", "")), self._secret):
                _send(connection, self._answer(message))


def _listen(path: Path, *, windows: bool = IS_WINDOWS) -> tuple[socket.socket, str]:
    """Return a socket that listens, and the secret that whoever asks has to know.

    On Windows it is a port of this machine; the file has its number and the secret.
    """
    path.unlink(missing_ok=True)
    if not windows:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen(64)
        return listener, ""
    listener = socket.create_server(("127.0.0.1", 0))
    secret = os.urandom(16).hex()
    path.write_text(json.dumps([listener.getsockname()[1], secret]), encoding="ascii")
    return listener, secret


def _connect(path: Path, seconds: float) -> tuple[socket.socket, str]:
    """Return a connection, and the secret. Raises OSError, ValueError."""
    if path.is_socket():
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(seconds)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            raise
        return connection, ""
    port, secret = json.loads(path.read_text(encoding="ascii"))
    return socket.create_connection(("127.0.0.1", int(port)), seconds), str(secret)


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket) -> dict[str, Any]:
    """Return one message. Raises OSError, ValueError."""
    data = b""
    while not data.endswith(b"\n"):
        part = connection.recv(65536)
        if not part or len(data) > _LONGEST:
            raise ValueError("no whole message")
        data += part
    message = json.loads(data)
    if not isinstance(message, dict):
        raise ValueError("no message")  # noqa: TRY004 - as the rest
    return message
