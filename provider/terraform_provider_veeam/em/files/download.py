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

    def __init__(self, handle: int, place: Path) -> None:
        self._file = os.fdopen(handle, "wb", buffering=0)
        self._place = place
        self.restart()

    def restart(self) -> None:
        """Drop what was written, and begin again."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        self._hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Append. Raises CannotWrite."""
        rest = memoryview(chunk)
        try:
            while rest:  # without a buffer, a write may take only a part
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise cannot_write(self._place, error) from error
        self.size += len(chunk)
        self._hash.update(chunk)

    def finish(self) -> str:
        """Flush everything to the disk, close, and return the SHA-256. Raises OSError."""
        os.fsync(self._file.fileno())
        self._file.close()  # Windows moves no file that is open
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close."""
        self._file.close()


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
    file = _Counted(handle, destination)
    try:
        client.download(target, deadline, token=session.token, into=file)
        if size is not None and file.size != size:
            raise SizeDiffers(
                f"{printable(destination.name)} did not come whole",
                f"GET {target} gave {file.size} bytes, but the file has {size}. What was there "
                "before is left as it was. Try again; is there a proxy in between?",
            )
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
