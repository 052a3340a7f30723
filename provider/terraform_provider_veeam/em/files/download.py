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
    """A file while it is written, with its size and hash so far."""

    def __init__(self, handle: int, name: str) -> None:
        self._file = os.fdopen(handle, "wb", buffering=0)
        self._name = name
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
            raise cannot_write(self._name, error) from error
        self.size += len(chunk)
        self._hash.update(chunk)

    def finish(self) -> str:
        """Flush everything to the disk, and return the SHA-256. Raises OSError."""
        os.fsync(self._file.fileno())
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
        raise cannot_write(str(destination), error) from error
    file = _Counted(handle, str(destination))
    try:
        client.download(target, deadline, token=session.token, into=file)
        if size is not None and file.size != size:
            raise SizeDiffers(
                f"{destination.name} did not come whole",
                f"GET {target} gave {file.size} bytes, but the file has {size}. What was there "
                "before is left as it was. Try again; is there a proxy in between?",
            )
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

    Never outside: raises CannotWrite for a name or a link that leads elsewhere, or when the
    folders can't be made.
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
        raise CannotWrite("The download can't be written", f"{name!r} is not a file name here.")
    return local


def cannot_write(name: str, error: OSError) -> CannotWrite:
    """Return the error for a file that can't be written on this machine."""
    return CannotWrite(
        "The download can't be written",
        f"{name}: {error.strerror or error}. What was there before is left as it was. Is the disk "
        "full, and may this user write there?",
    )


def _new_file_beside(destination: Path) -> tuple[int, Path]:
    """Return a new open file in the same folder, with this user's usual permissions.

    `tempfile` would make it for this user alone. Raises OSError.
    """
    path = destination.with_name(f".{destination.name[:100]}.{os.urandom(8).hex()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666), path
