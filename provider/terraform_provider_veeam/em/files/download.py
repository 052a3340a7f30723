"""Files brought to this machine: streamed, counted, and put in place in one step."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terraform_provider_veeam.em.errors import CannotWrite, SizeDiffers
from terraform_provider_veeam.platforms import is_file_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.models import LogonSession


class Downloaded(NamedTuple):
    """A file that is in its place."""

    destination: Path
    size: int
    sha256: str


class _Counted:
    """A file being written: what went into it is counted, and summed up."""

    def __init__(self, handle: int, destination: Path, target: str, size: int | None) -> None:
        self._file = os.fdopen(handle, "wb", buffering=0)
        self._destination = destination
        self._target = target
        self._announced = size
        self.restart()

    def restart(self) -> None:
        """Begin anew."""
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
            raise cannot_write(str(self._destination), error) from error
        self.size += len(chunk)
        self._hash.update(chunk)

    def finish(self) -> str:
        """Bring everything to the disk, and return the SHA-256. Raises SizeDiffers, OSError."""
        if self._announced not in (None, self.size):
            raise self._other_size(f"{self.size} bytes, but the file has {self._announced}")
        os.fsync(self._file.fileno())
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close."""
        self._file.close()

    def _other_size(self, came: str) -> SizeDiffers:
        return SizeDiffers(
            f"{self._destination.name} did not come whole",
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

    `size` in bytes is what the server told; None when it told none. Raises SizeDiffers,
    CannotWrite, and what a request raises.
    """
    try:
        handle, temporary = _new_file_beside(destination)
    except OSError as error:
        raise cannot_write(str(destination), error) from error
    file = _Counted(handle, destination, target, size)
    try:
        client.download(target, deadline, token=session.token, into=file)
        try:
            checksum = file.finish()
            temporary.replace(destination)
        except OSError as error:
            raise cannot_write(str(destination), error) from error
    finally:
        file.close()
        temporary.unlink(missing_ok=True)
    return Downloaded(destination, file.size, checksum)


def place_for(folder: Path, names: Sequence[str]) -> Path:
    """Return where a file goes below a folder, having made the folders in between.

    Never outside: CannotWrite for a name that leads elsewhere, or a link in between that does,
    or when the folders can't be made.
    """
    *parents, name = names
    place = make_folder(folder, parents) / _local(name)
    if place.is_dir():
        raise cannot_write(str(place), IsADirectoryError(errno.EISDIR, "it is a folder"))
    return place


def make_folder(folder: Path, names: Sequence[str]) -> Path:
    """Make a folder below another, and return where it is; raises as place_for does."""
    inside = Path(os.path.realpath(folder))
    wanted = inside.joinpath(*map(_local, names))
    real = Path(os.path.realpath(wanted))
    if real != inside and inside not in real.parents:
        raise CannotWrite(
            "The download would leave its folder",
            f"{wanted} is, or goes through, a link to {real}, outside of {inside}. Nothing was "
            "written there.",
        )
    try:
        real.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(str(wanted), error) from error
    return real


def _local(name: str) -> str:
    """Return the name of a file here; that of a volume loses its colon. Raises CannotWrite."""
    local = name.rstrip(":") or name
    if not is_file_name(local):
        raise CannotWrite("The download can't be written", f"{name!r} is no file's name here.")
    return local


def cannot_write(name: str, error: OSError) -> CannotWrite:
    """Return the error for a file that this machine does not take."""
    return CannotWrite(
        "The download can't be written",
        f"{name}: {error.strerror or error}. What was there before is left as it was. Is the disk "
        "full, and may this user write there?",
    )


def _new_file_beside(destination: Path) -> tuple[int, Path]:
    """Return a new file in the same folder, open, with the permissions that this user gives.

    `tempfile` would make it for this user alone. Raises OSError.
    """
    path = destination.with_name(f".{destination.name[:100]}.{os.urandom(8).hex()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666), path
