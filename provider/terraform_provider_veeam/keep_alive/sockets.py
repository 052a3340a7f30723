"""How processes that hold sessions are found and asked: sockets in a private folder."""

from __future__ import annotations

import hmac
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import DeadlinePassed
from terraform_provider_veeam.platforms import IS_WINDOWS
from terraform_provider_veeam.private_folder import private_folder, private_folders

ANSWER_SECONDS = 5.0
_CONNECT_SECONDS = 1.0
_LONGEST = 1024 * 1024
_SUFFIX = ".sock"
_UNFINISHED = ".tmp"
_LONGEST_FOLDER = 80  # bytes: the path of a socket in it may have 103 on macOS
_LOOK_SECONDS = 1.0  # between two looks at whether the socket is still there
_SLICE = 0.2  # seconds between two looks at a deadline


class Silent(OSError):
    """Somebody listens, but has not answered in time."""


def places(*, near: bool = False) -> list[Path]:
    """Return the sockets of all processes of this user. Raises OSError.

    Those `near` are in the folder that this process would take. Others were started in another
    environment, or have lost their folder.
    """
    folders = [_folder()] if near else [_folder(), *map(Path, private_folders())]
    found = []
    for folder in dict.fromkeys(folders):
        with suppress(OSError):  # it has gone meanwhile, or can't be read
            # A thousand other files may be there: a path of each, as of `glob`, would take long.
            names = os.listdir(folder)  # noqa: PTH208
            found += [folder / name for name in sorted(names) if name.endswith(_SUFFIX)]
    return found


def _folder() -> Path:
    return Path(private_folder(longest=_LONGEST_FOLDER))


def ask(
    path: Path, message: dict[str, Any], deadline: Deadline | None = None
) -> dict[str, Any] | None:
    """Ask whoever listens at a socket, and return the answer; None when nobody does.

    A socket that a killed process has left behind is removed. Raises Silent when the deadline has
    passed, Stopped.
    """
    deadline = deadline or _for_an_answer()
    try:
        connection, secret = _connect(path)
    except (FileNotFoundError, ConnectionError, ValueError):
        with suppress(OSError):
            path.unlink()
        return None
    except OSError as error:
        raise Silent(error.errno, "it does not answer") from error
    try:
        with closing(connection):
            _send(connection, message | {"secret": secret})
            return _receive(connection, deadline)
    except (ConnectionError, ValueError):
        return None
    except (OSError, DeadlinePassed) as error:
        raise Silent("it does not answer") from error


def _for_an_answer() -> Deadline:
    return Deadline("Asking", ANSWER_SECONDS, stop=threading.Event())


def ask_all(
    message: dict[str, Any], deadline: Deadline | None = None
) -> tuple[list[dict[str, Any]], list[Path]]:
    """Ask all processes; return the sessions they tell of, and who is silent. Raises OSError."""
    held, silent = [], []
    for path in places():
        try:
            told = ask(path, message, deadline) or {}
            held += [{"pid": told.get("pid"), **one} for one in told.get("sessions", ())]
        except Silent:
            silent.append(path)
    return held, silent


class Listener:
    """Answers at a socket of its own within a `with` block. Entering it raises OSError.

    Each message is answered on a thread of its own; when `answer` raises ValueError, it is not.
    Folders of sockets go: at the user's logout, at the end of a job. The socket is put back, there
    or in the next folder that processes of this user look into.
    """

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._name = os.urandom(8).hex() + _SUFFIX
        self._answer = answer
        self._lock = threading.Lock()  # of whether it is closed, and where it listens until then
        self._is_closed = False

    def __enter__(self) -> Self:
        """Start to listen."""
        self._open(_folder() / self._name)
        threading.Thread(target=self._listen, daemon=True, name="listener").start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        with self._lock:
            self._is_closed = True
            _leave(self._socket, self._path, self._own)

    def _open(self, path: Path) -> None:
        """Listen at a path; nobody finds it there before."""
        temporary = path.with_suffix(_UNFINISHED)
        listener, self._secret = _listen(temporary)
        temporary.replace(path)
        listener.settimeout(_LOOK_SECONDS)
        self._socket, self._path, self._own = listener, path, path.stat()

    def _listen(self) -> None:
        while not self._is_closed:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                self._stay_there()
            except OSError:  # no descriptor is left, for a while
                time.sleep(_SLICE)
            else:
                try:
                    threading.Thread(target=self._attend, args=(connection,), daemon=True).start()
                except RuntimeError:  # no thread is left
                    connection.close()

    def _stay_there(self) -> None:
        """Put the socket back where others look for it."""
        with self._lock, suppress(OSError):
            path = _folder() / self._name
            if self._is_closed:
                return
            if not _is_there(path, self._own):
                left = self._socket, self._path, self._own
                self._open(path)
                _leave(*left)

    def _attend(self, connection: socket.socket) -> None:
        with (
            closing(connection),
            suppress(OSError, ValueError, KeyError, TypeError, RecursionError, DeadlinePassed),
        ):
            message = _receive(connection, _for_an_answer())
            connection.settimeout(ANSWER_SECONDS)
            if hmac.compare_digest(str(message.get("secret", "")), self._secret):
                _send(connection, self._answer(message))


def _is_there(path: Path, own: os.stat_result) -> bool:
    try:
        return os.path.samestat(own, path.stat())
    except OSError:
        return False


def _leave(listener: socket.socket, path: Path, own: os.stat_result) -> None:
    """Listen at a path no longer."""
    with suppress(OSError):
        if _is_there(path, own):
            path.unlink()
    listener.close()


def _listen(path: Path, *, windows: bool = IS_WINDOWS) -> tuple[socket.socket, str]:
    """Return a socket that listens, and the secret that whoever asks has to know.

    On Windows it is a port of this machine; the file has its number and the secret.
    """
    path.unlink(missing_ok=True)
    if not windows:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(path))
            listener.listen(64)
        except OSError:
            listener.close()
            raise
        return listener, ""
    listener = socket.create_server(("127.0.0.1", 0))
    secret = os.urandom(16).hex()
    path.write_text(json.dumps([listener.getsockname()[1], secret]), encoding="ascii")
    return listener, secret


def _connect(path: Path) -> tuple[socket.socket, str]:
    """Return a connection, and the secret. Raises OSError, ValueError."""
    if path.is_socket():
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_CONNECT_SECONDS)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            raise
        return connection, ""
    port, secret = json.loads(path.read_text(encoding="ascii"))
    return socket.create_connection(("127.0.0.1", int(port)), _CONNECT_SECONDS), str(secret)


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket, deadline: Deadline) -> dict[str, Any]:
    """Return one message. Raises OSError, ValueError, DeadlinePassed, Stopped."""
    connection.settimeout(_SLICE)
    data = b""
    while not data.endswith(b"\n"):
        deadline.check()
        try:
            part = connection.recv(65536)
        except TimeoutError:
            continue
        if not part or len(data) > _LONGEST:
            raise ValueError("no whole message")
        data += part
    message = json.loads(data)
    if not isinstance(message, dict):
        raise ValueError("no message")  # noqa: TRY004 - as the rest
    return message
