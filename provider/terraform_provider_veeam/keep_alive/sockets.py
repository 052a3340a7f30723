"""How keepers are found and spoken to: a socket for each logon session, in a private folder."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.platforms import IS_WINDOWS, private_folder

if TYPE_CHECKING:
    from terraform_provider_veeam.em.models import LogonSession

_SECONDS = 5.0
_LONGEST = 1024 * 1024
_SUFFIX = ".sock"


def folder() -> Path:
    """Return the folder, made if need be, that only this user may enter. Raises OSError."""
    return Path(private_folder())


def path_of(session: LogonSession) -> Path:
    """Return the socket of a session's keeper: short, as a socket's path has to be."""
    return folder() / f"{session.fingerprint}{_SUFFIX}"


class KeeperIsSilent(OSError):
    """A keeper listens, but has not answered in time."""


def ask(path: Path, what: str, **more: Any) -> dict[str, Any] | None:
    """Ask a keeper something and return its answer; None when none listens there.

    Raises KeeperIsSilent.
    """
    try:
        connection, secret = _connect(path)
        with closing(connection):
            send(connection, {"do": what, "secret": secret, **more})
            return receive(connection)
    except (FileNotFoundError, ConnectionError, ValueError):
        return None
    except OSError as error:
        raise KeeperIsSilent(error.errno, "the process that holds it does not answer") from error


def listen(path: Path, *, windows: bool = IS_WINDOWS) -> tuple[socket.socket, str]:
    """Return a socket that listens, and the secret that whoever asks has to know.

    In Windows it is a port of this machine, which the file tells together with the secret.
    """
    if not windows:
        with suppress(FileNotFoundError):
            path.unlink()  # of a keeper that was killed
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        return listener, ""
    listener = socket.create_server(("127.0.0.1", 0))
    secret = os.urandom(16).hex()
    path.write_text(json.dumps([listener.getsockname()[1], secret]), encoding="ascii")
    return listener, secret


def _connect(path: Path) -> tuple[socket.socket, str]:
    """Return a connection to a keeper, and its secret. Raises OSError, ValueError."""
    if path.is_socket():
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_SECONDS)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            raise
        return connection, ""
    port, secret = json.loads(path.read_text(encoding="ascii"))
    return socket.create_connection(("127.0.0.1", int(port)), _SECONDS), str(secret)


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Send one message."""
    connection.sendall(json.dumps(message).encode() + b"\n")


def receive(connection: socket.socket) -> dict[str, Any]:
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


def keepers() -> tuple[dict[Path, dict[str, Any]], list[Path]]:
    """Return what each living keeper says of itself, and the sockets of those that say nothing.

    Sockets of dead ones are removed.
    """
    found, silent = {}, []
    for path in sorted(folder().glob(f"*{_SUFFIX}")):
        try:
            answer = ask(path, "status")
        except KeeperIsSilent:
            silent.append(path)
            continue
        if answer is None:
            with suppress(OSError):
                path.unlink()
        else:
            found[path] = answer
    return found, silent
