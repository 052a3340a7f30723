"""What Terraform and this process agree on before the first call: version, socket, certificate."""

from __future__ import annotations

import errno
import os
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

PROTOCOL_VERSION = 6

_CORE_PROTOCOL_VERSION = 1
_VERSIONS_VARIABLE = "PLUGIN_PROTOCOL_VERSIONS"
_SOCKET = "provider"
_FALLBACK = "/tmp"  # noqa: S108 - names in it are random, and mkdir refuses one that exists
# A socket's path has 104 bytes on macOS and 108 on Linux, the last of them zero.
_LONGEST_SOCKET_PATH = 103


def refusal(environment: Mapping[str, str]) -> str | None:
    """Return why this client can't be served, None when it can."""
    offered = environment.get(_VERSIONS_VARIABLE)
    if not offered or str(PROTOCOL_VERSION) in offered.replace(" ", "").split(","):
        return None
    return (
        f"This provider speaks Terraform's plugin protocol {PROTOCOL_VERSION}, and what started it "
        f"offers {offered} only: Terraform 1.0 or newer, or OpenTofu, is needed."
    )


def line(socket: str, certificate: bytes) -> str:
    """Return the line by which Terraform learns how to connect."""
    encoded = b64encode(certificate).decode().rstrip("=")
    return f"{_CORE_PROTOCOL_VERSION}|{PROTOCOL_VERSION}|unix|{socket}|grpc|{encoded}\n"


class SocketDirectory:
    """A new directory that nobody else may enter: it decides who can connect."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Make it in TMPDIR; in /tmp when it can't be there, or its socket's path is too long."""
        try:
            self._path = _make_directory(environment.get("TMPDIR") or _FALLBACK)
        except OSError:
            self._path = _make_directory(_FALLBACK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @property
    def socket(self) -> str:
        """The path of the socket."""
        return f"{self._path}/{_SOCKET}"

    def remove(self) -> None:
        """Remove the directory and the socket; what is gone already is no error."""
        with suppress(OSError):
            os.unlink(self.socket)  # noqa: PTH108 - no pathlib here
        with suppress(OSError):
            os.rmdir(self._path)  # noqa: PTH106 - no pathlib here


def _make_directory(parent: str) -> str:
    # As tempfile.mkdtemp would, whose import costs 10 ms.
    path = f"{parent}/terraform-provider-{os.urandom(8).hex()}"
    if len(os.fsencode(f"{path}/{_SOCKET}")) > _LONGEST_SOCKET_PATH:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)
    os.mkdir(path, 0o700)  # noqa: PTH102 - no pathlib here
    return path
