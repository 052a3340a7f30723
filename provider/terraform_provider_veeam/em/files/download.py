"""One file brought to this machine: streamed, counted, and put in place in one step."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import CannotWrite, EnterpriseManagerError, SizeDiffers
from terraform_provider_veeam.em.files.destination import cannot_write
from terraform_provider_veeam.em.files.manifest import (
    ManifestEntry,
    Source,
    part_of,
    seen,
    sha256_of,
)
from terraform_provider_veeam.em.files.overwrite import Target
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.times import nanoseconds
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.platforms import try_lock

if TYPE_CHECKING:
    from pathlib import Path

_NOTED_BYTES = 1024 * 1024  # that come before they are noted
_NOTED_SECONDS = 2.0  # between two notes of one file
_HANDED_BYTES = 16 * 1024 * 1024  # that are written before the disk is to begin with them


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
    address: str,
    deadline: Deadline,
    *,
    source: Source,
    target: Target,
    report: Callable[[int], None] = _say_nothing,
) -> Downloaded:
    """Download from an address below `/api`; what is in the place is replaced in one step, or left.

    Whatever came to be there since `target.found` is left, too. The file gets its time in the
    backup, where the file system has it. `report` is told the bytes so far, from another thread.
    Raises SizeDiffers, CannotWrite, and what a request raises.
    """
    try:
        part = _Part(source, target, address, deadline, report)
    except OSError as error:
        raise cannot_write(target.place.path, error) from error
    keep = False
    try:
        part.take_up()
        if not part.size or part.size != source.size:
            client.download(address, deadline, token=session.token, into=part)
        checksum = part.put()
    except SizeDiffers:
        raise
    except EnterpriseManagerError:
        keep = target.resume
        raise
    finally:
        part.close(keep=keep)
    return Downloaded(target.place.path, part.size, checksum)


class _Part:
    """A file beside its place while it is written, with its size and hash so far."""

    def __init__(
        self,
        source: Source,
        target: Target,
        address: str,
        deadline: Deadline,
        report: Callable[[int], None],
    ) -> None:
        """Open it. Raises OSError."""
        self._source = source
        self._target = target
        self._address = address
        self._deadline = deadline
        self._report = report
        self._key = part_of(target.place.key, source.mark)
        handle, self._name = _open_in(target, self._key.rpartition("/")[2])
        self._file = os.fdopen(handle, "r+b", buffering=0)
        self.size = 0
        self._hash = hashlib.sha256()
        self._is_begun = False
        self._noted = (0, float("-inf"))  # how much of it, and when
        self._handed_to_disk = 0

    def take_up(self) -> None:
        """Begin with what an earlier download has left, if that is what came from the server.

        As much of it counts as was noted and still has that hash. Raises CannotWrite, Stopped, …
        """
        note = self._target.manifest.of(self._key)
        try:
            if self._target.resume and note and note.size <= (self._source.size or 0):
                found = sha256_of(self._file, note.size, self._deadline)
                if found.hexdigest() == note.sha256:
                    self._file.truncate(note.size)
                    self.size, self._hash = note.size, found
                    self._report(self.size)
            if not self.size:
                self.restart()
            self._is_begun = True
        except OSError as error:
            raise cannot_write(self._target.place.path, error) from error

    def restart(self) -> None:
        """Drop what was written, and begin again."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        self._hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Append. Raises SizeDiffers for more than was announced, and CannotWrite."""
        size = self._source.size
        if size is not None and self.size + len(chunk) > size:
            raise self._other_size(f"more than the {size} bytes that the file has")
        rest = memoryview(chunk)
        try:
            while rest:  # without a buffer, a write may take only a part
                rest = rest[self._file.write(rest) :]
            self._hand_to_disk(self.size + len(chunk))
        except OSError as error:
            raise cannot_write(self._target.place.path, error) from error
        self.size += len(chunk)
        self._hash.update(chunk)
        self._report(self.size)
        size, moment = self._noted
        now = self._deadline.clock.monotonic()
        if (
            self._target.resume
            and self.size - size >= _NOTED_BYTES
            and now - moment >= _NOTED_SECONDS
        ):
            self._noted = (self.size, now)
            self._target.manifest.add(self._key, self._as_note())

    def _hand_to_disk(self, size: int) -> None:
        """Have the disk begin with what was written: the end of a large file waits for the rest."""
        begin = self._handed_to_disk
        if hasattr(os, "posix_fadvise") and size - begin >= _HANDED_BYTES:
            with suppress(OSError):  # advice, which a file system may refuse
                os.posix_fadvise(self._file.fileno(), begin, size - begin, os.POSIX_FADV_DONTNEED)
            self._handed_to_disk = size

    def put(self) -> str:
        """Put the file in its place; returns its SHA-256. Raises SizeDiffers, CannotWrite."""
        if self._source.size not in (None, self.size):
            raise self._other_size(f"{self.size} bytes, but the file has {self._source.size}")
        folder, place, manifest, expected, _ = self._target
        try:
            os.fsync(self._file.fileno())
            # Whoever finds it in its place knows it, even if this process is killed meanwhile.
            manifest.add(self._key, self._as_note())
            mine = os.fstat(self._file.fileno())
            if not folder.moves_open_files:
                self._file.close()
            self._set_time()
            there = folder.look(place.name)
            if expected and there and seen(there) != seen(expected):
                raise self._is_taken()
            folder.move(self._name, place.name, replace=expected is not None)
            found = folder.look(place.name)
        except FileExistsError:
            raise self._is_taken() from None
        except OSError as error:
            raise cannot_write(place.path, error) from error
        if found is None or (folder.moves_open_files and not os.path.samestat(found, mine)):
            raise self._is_taken()
        self._name = ""
        manifest.add(place.key, self._as_note()._replace(seen=seen(found)))
        return self._hash.hexdigest()

    def close(self, *, keep: bool) -> None:
        """Close it, and remove it if it is still there, unless the next download is to find it."""
        if not self._target.folder.moves_open_files:
            self._file.close()
        if keep and self._key.endswith(self._name) and (self.size or not self._is_begun):
            if self.size:
                self._target.manifest.add(self._key, self._as_note())
        elif self._name:
            with suppress(OSError):
                self._target.folder.remove(self._name)
        self._file.close()

    def _as_note(self) -> ManifestEntry:
        return ManifestEntry(
            self._source.mark, self._source.point, self.size, self._hash.hexdigest()
        )

    def _set_time(self) -> None:
        """Give it its time. One that no file has, or that the file system lacks, is passed over."""
        modified = nanoseconds(self._source.modified_at)
        with suppress(OSError, OverflowError):
            if modified is not None:
                self._target.folder.set_time(self._name, modified)

    def _is_taken(self) -> CannotWrite:
        return CannotWrite(
            "The download can't be put in its place",
            f"{printable(str(self._target.place.path))} came to be there, or was changed, while "
            "the download went on. It is left as it is.",
        )

    def _other_size(self, came: str) -> SizeDiffers:
        return SizeDiffers(
            f"{printable(self._target.place.name)} did not come whole",
            f"GET {self._address} gave {came}. What was there before is left as it is. Try "
            "again; is there a proxy in between?",
        )


def _open_in(target: Target, name: str) -> tuple[int, str]:
    """Return the handle of a file, with this user's usual permissions, and its name.

    What an earlier download has left is taken up, unless another process is at it, or something
    else has its name. `tempfile` would make it for this user alone. Raises OSError.
    """
    if target.resume:
        with suppress(OSError):
            handle = target.folder.open_own(name)
            there = target.folder.look(name)
            # The other process may have put it in its place since it was opened.
            if try_lock(handle) and there and os.path.samestat(os.fstat(handle), there):
                return handle, name
            os.close(handle)
    name = f".{os.urandom(8).hex()}.part"
    return target.folder.make_file(name), name
