"""One file brought to this machine: streamed, counted, and put in place in one step."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from terraform_provider_veeam.em.errors import EnterpriseManagerError, SizeDiffers
from terraform_provider_veeam.em.files.places import cannot_write
from terraform_provider_veeam.em.times import nanoseconds
from terraform_provider_veeam.platforms import try_lock
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.models import LogonSession

_CHUNK = 1024 * 1024
_SUFFIX = ".part"


class Downloaded(NamedTuple):
    """A file that is in its place."""

    destination: Path
    size: int
    sha256: str


def _say_nothing(_: int) -> None:
    """Report to nobody."""


def download(
    client: Client,
    session: LogonSession,
    target: str,
    deadline: Deadline,
    *,
    size: int | None,
    destination: Path,
    modified_at: str | None = None,
    resume_id: str | None = None,
    report: Callable[[int], None] = _say_nothing,
) -> Downloaded:
    """Download a target below `/api`; the destination is replaced in one step, or left alone.

    `size` in bytes is what the server gave; None when it gave none. The file gets the time
    `modified_at`, RFC 3339 in UTC, where the file system has it. A `resume_id` tells these bytes
    from all others: what breaks off is left, and a later download of the same goes on with it.
    `report` is told the bytes so far, from another thread. Raises SizeDiffers, CannotWrite, and
    what a request raises.
    """
    try:
        part = _Part(destination, target, size, resume_id, report)
    except OSError as error:
        raise cannot_write(destination, error) from error
    keep = False
    try:
        if not part.size or part.size != size:
            client.download(target, deadline, token=session.token, into=part)
        try:
            checksum = part.put(modified_at)
        except OSError as error:
            raise cannot_write(destination, error) from error
    except SizeDiffers:
        raise
    except EnterpriseManagerError:
        keep = resume_id is not None and part.size > 0
        raise
    finally:
        part.close(keep=keep)
    return Downloaded(destination, part.size, checksum)


class _Part:
    """A file beside its destination while it is written, with its size and hash so far."""

    def __init__(
        self,
        destination: Path,
        target: str,
        size: int | None,
        resume_id: str | None,
        report: Callable[[int], None],
    ) -> None:
        """Open it. Raises OSError."""
        self._destination = destination
        self._target = target
        self._announced = size
        self._report = report
        handle, self._path = _open_beside(destination, resume_id)
        self._file = os.fdopen(handle, "r+b", buffering=0)
        self.size = 0
        self._hash = hashlib.sha256()
        while chunk := self._file.read(_CHUNK):
            self._count(chunk)
        if size is not None and self.size > size:
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
        self._count(chunk)

    def put(self, modified_at: str | None) -> str:
        """Put the file in its place, and return its SHA-256. Raises SizeDiffers, OSError."""
        if self._announced not in (None, self.size):
            raise self._other_size(f"{self.size} bytes, but the file has {self._announced}")
        os.fsync(self._file.fileno())
        self._file.close()  # Windows moves no file that is open
        _set_time(self._path, modified_at)
        self._path.replace(self._destination)
        return self._hash.hexdigest()

    def close(self, *, keep: bool) -> None:
        """Close it, and remove it unless it is to be kept."""
        self._file.close()
        if not keep:
            self._path.unlink(missing_ok=True)

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._hash.update(chunk)
        self._report(self.size)

    def _other_size(self, came: str) -> SizeDiffers:
        return SizeDiffers(
            f"{printable(self._destination.name)} did not come whole",
            f"GET {self._target} gave {came}. What was there before is left as it is. Try "
            "again; is there a proxy in between?",
        )


def _open_beside(destination: Path, resume_id: str | None) -> tuple[int, Path]:
    """Return an open file in the same folder, with this user's usual permissions.

    Its name is short, however long the other is. `tempfile` would make it for this user alone.
    What an earlier download has left is taken up, unless another process is at it. Raises OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    if resume_id is not None:
        mark = hashlib.sha256(f"{destination.name}\0{resume_id}".encode()).hexdigest()[:16]
        path = destination.with_name(f".{mark}{_SUFFIX}")
        handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        # The other process may have put it in its place since it was opened.
        if try_lock(handle) and path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            return handle, path
        os.close(handle)
    path = destination.with_name(f".{os.urandom(8).hex()}{_SUFFIX}")
    return os.open(path, flags | os.O_EXCL, 0o666), path


def _set_time(path: Path, modified_at: str | None) -> None:
    """Give a file its time. One that no file has, or that the file system lacks, is passed over."""
    modified = nanoseconds(modified_at)
    if modified is None:
        return
    try:
        os.utime(path, ns=(modified, modified))
    except (OSError, OverflowError):
        return
