"""Files brought to this machine: streamed, counted, and put in place in one step."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from terraform_provider_veeam.em.errors import SizeDiffers
from terraform_provider_veeam.em.files.places import cannot_write
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.models import LogonSession


class Downloaded(NamedTuple):
    """A file that is in its place."""

    destination: Path
    size: int
    sha256: str


class _Counted:
    """A file while it is written, with its size and hash so far."""

    def __init__(self, handle: int, destination: Path, target: str, size: int | None) -> None:
        self._file = os.fdopen(handle, "wb", buffering=0)
        self._destination = destination
        self._target = target
        self._announced = size
        self.restart()

    def restart(self) -> None:
        """Drop what was written, and begin again."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        self._hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Append. Raises SizeDiffers for more than was announced, and CannotWrite."""
        if self._announced is not None and self.size + len(chunk) > self._announced:
            raise self._other_size(f"more than the {self._announced} bytes that the file has")
        rest = memoryview(chunk)
        try:
            while rest:  # without a buffer, a write may take only a part
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise cannot_write(self._destination, error) from error
        self.size += len(chunk)
        self._hash.update(chunk)

    def finish(self) -> str:
        """Flush everything to the disk, close, and return the SHA-256.

        Raises SizeDiffers, OSError.
        """
        if self._announced not in (None, self.size):
            raise self._other_size(f"{self.size} bytes, but the file has {self._announced}")
        os.fsync(self._file.fileno())
        self._file.close()  # Windows moves no file that is open
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close."""
        self._file.close()

    def _other_size(self, came: str) -> SizeDiffers:
        return SizeDiffers(
            f"{printable(self._destination.name)} did not come whole",
            f"GET {self._target} gave {came}. What was there before is left as it was. Try again; "
            "is there a proxy in between?",
        )


def download(
    client: Client,
    session: LogonSession,
    target: str,
    deadline: Deadline,
    *,
    size: int | None,
    destination: Path,
) -> Downloaded:
    """Download a target below `/api`; the destination is replaced in one step, or left alone.

    `size` in bytes is what the server gave; None when it gave none. Raises SizeDiffers,
    CannotWrite, and what a request raises.
    """
    try:
        handle, temporary = _new_file_beside(destination)
    except OSError as error:
        raise cannot_write(destination, error) from error
    file = _Counted(handle, destination, target, size)
    try:
        client.download(target, deadline, token=session.token, into=file)
        try:
            checksum = file.finish()
            temporary.replace(destination)
        except OSError as error:
            raise cannot_write(destination, error) from error
    finally:
        file.close()
        temporary.unlink(missing_ok=True)
    return Downloaded(destination, file.size, checksum)


def _new_file_beside(destination: Path) -> tuple[int, Path]:
    """Return a new open file in the same folder, with this user's usual permissions.

    Its name is short, however long the other is. `tempfile` would make it for this user alone.
    Raises OSError.
    """
    path = destination.with_name(f".{os.urandom(8).hex()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666), path
