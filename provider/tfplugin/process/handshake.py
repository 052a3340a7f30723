"""What Terraform and this process agree on before the first call: version, socket, certificate."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from tfplugin.process.processes import IS_WINDOWS

PROTOCOL_VERSION = 6

_CORE_PROTOCOL_VERSION = 1
_VERSIONS_VARIABLE = "PLUGIN_PROTOCOL_VERSIONS"
_CLIENT_CERTIFICATE_VARIABLE = "PLUGIN_CLIENT_CERT"
_DIRECTORY_VARIABLE = "PLUGIN_UNIX_SOCKET_DIR"
_PORT_VARIABLES = ("PLUGIN_MIN_PORT", "PLUGIN_MAX_PORT")
_SOCKET = "provider"
# A socket's path has 104 bytes on macOS and 108 on Linux, the last of them zero.
_LONGEST_SOCKET_PATH = 103
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - what is made in them nobody else may enter


def refusal(environment: Mapping[str, str]) -> str | None:
    """Return why this client can't be served, None if it can."""
    offered = environment.get(_VERSIONS_VARIABLE)
    if not offered or str(PROTOCOL_VERSION) in offered.replace(" ", "").split(","):
        return None
    return (
        f"This provider speaks Terraform's plugin protocol {PROTOCOL_VERSION}, and what started it "
        f"offers {offered} only: Terraform 1.0 or newer, or OpenTofu, is needed."
    )


def wants_tls(environment: Mapping[str, str]) -> bool:
    """Return whether the client speaks TLS. One that has sent no certificate crashes over ours."""
    return bool(environment.get(_CLIENT_CERTIFICATE_VARIABLE))


def line(place: Place, certificate: bytes) -> str:
    """Return the line by which Terraform learns how to connect; no certificate means no TLS."""
    encoded = b64encode(certificate).decode().rstrip("=")
    where = f"{place.network}|{place.address}"
    return f"{_CORE_PROTOCOL_VERSION}|{PROTOCOL_VERSION}|{where}|grpc|{encoded}\n"


def make_place(environment: Mapping[str, str], *, windows: bool = IS_WINDOWS) -> Place:
    """Return where to listen: go-plugin wants a Unix socket, or TCP on Windows."""
    return LoopbackPort(environment) if windows else SocketDirectory(environment)


class Place(ABC):
    """Where the server listens; a `with` block removes it at its end."""

    network: str
    """go-plugin's name for it: `unix` or `tcp`."""
    address: str
    """What the client is told, once the server listens."""

    @abstractmethod
    def listen(self, add_port: Callable[[str], int]) -> None:
        """Have the server listen. Raises OSError."""

    def remove(self) -> None:  # noqa: B027 - a port leaves nothing
        """Remove its files; it is no error if they are gone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class LoopbackPort(Place):
    """A port of this machine, one of those that Terraform allows."""

    network = "tcp"

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take the bounds that go-plugin sets, or any port if it sets none."""
        first, last = (environment.get(name, "") for name in _PORT_VARIABLES)
        in_order = first.isdigit() and last.isdigit() and 0 < int(first) <= int(last)
        self._ports = range(int(first), int(last) + 1) if in_order else range(1)

    def listen(self, add_port: Callable[[str], int]) -> None:
        """Take the first port that is free. Raises OSError."""
        for port in self._ports:
            with suppress(RuntimeError):
                if taken := add_port(f"127.0.0.1:{port}"):
                    self.address = f"127.0.0.1:{taken}"
                    return
        bounds = f"{self._ports[0]} to {self._ports[-1]}"
        raise OSError(errno.EADDRINUSE, f"no port from {bounds} is free")


class SocketDirectory(Place):
    """A new directory that nobody else may enter: it decides who can connect."""

    network = "unix"

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Make it where go-plugin says, or among temporary things, where a socket can be.

        A place may be missing, belong to somebody else, or have too long a path. Raises OSError.
        """
        chosen = environment.get(_DIRECTORY_VARIABLE)
        parents = [*([chosen] if chosen else []), *temporary_folders(environment)]
        for parent in parents:
            with suppress(OSError):
                self._path = _make_directory(parent)
                self.address = f"{self._path}/{_SOCKET}"
                return
        raise OSError(no_folder(parents))

    def listen(self, add_port: Callable[[str], int]) -> None:
        """Have the server listen. Raises OSError."""
        try:
            add_port(f"unix:{self.address}")
        except RuntimeError as error:
            raise OSError(
                f"no socket can be made in {self._path}. Set the environment variable TMPDIR to a "
                "folder on another file system"
            ) from error

    def remove(self) -> None:
        """Remove the directory and the socket; it is no error if they are gone."""
        with suppress(OSError):
            os.unlink(self.address)  # noqa: PTH108 - no pathlib here
        with suppress(OSError):
            os.rmdir(self._path)  # noqa: PTH106 - no pathlib here


def _make_directory(parent: str) -> str:
    # As tempfile.mkdtemp would, whose import costs 10 ms.
    path = f"{parent}/terraform-provider-{os.urandom(8).hex()}"
    if len(os.fsencode(f"{path}/{_SOCKET}")) > _LONGEST_SOCKET_PATH:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)
    os.mkdir(path, 0o700)  # noqa: PTH102 - no pathlib here
    return path


def temporary_folders(environment: Mapping[str, str]) -> list[str]:
    """Return where temporary things can be, the best place first. Not in Windows."""
    chosen = environment.get("TMPDIR", "")
    return [*([chosen] if os.path.isabs(chosen) else []), *_TEMPORARY]  # noqa: PTH117


def no_folder(tried: Sequence[str]) -> str:
    """Return what a person is told when in none of some places a folder could be made."""
    return (
        f"no folder could be made, neither {' nor '.join(tried)}. Set the environment variable "
        "TMPDIR to a folder that this user can write to, with a path of at most 50 characters"
    )
