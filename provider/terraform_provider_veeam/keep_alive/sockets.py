"""How keepers are found and spoken to: a socket for each logon session, in a private folder."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

_SECONDS = 5.0
_LONGEST = 1024 * 1024
_SUFFIX = ".sock"


class NoPrivateFolder(OSError):
    """The folder of the sockets belongs to somebody else."""


def folder() -> Path:
    """Return the folder, made if need be, that only this user may enter. Raises OSError."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    path = (
        Path(runtime, "terraform-provider-veeam")
        if runtime and Path(runtime).is_dir()
        else Path(tempfile.gettempdir(), f"terraform-provider-veeam-{os.getuid()}")
    )
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NoPrivateFolder(f"{path} is not a folder for this user alone: remove it")
    return path


def path_of(session_id: str) -> Path:
    """Return the socket of a session's keeper."""
    name = "".join(c for c in session_id if c.isalnum() or c == "-")
    return folder() / f"{name[:40]}{_SUFFIX}"


def ask(path: Path, what: str, **more: Any) -> dict[str, Any] | None:
    """Ask a keeper something and return its answer; None when none listens there."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
        connection.settimeout(_SECONDS)
        try:
            connection.connect(str(path))
            send(connection, {"do": what, **more})
            return receive(connection)
        except (OSError, ValueError):
            return None


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


def keepers() -> dict[Path, dict[str, Any]]:
    """Return what each living keeper says of itself; sockets of dead ones are removed."""
    found = {}
    for path in sorted(folder().glob(f"*{_SUFFIX}")):
        answer = ask(path, "status")
        if answer is None:
            with suppress(OSError):
                path.unlink()
        else:
            found[path] = answer
    return found
