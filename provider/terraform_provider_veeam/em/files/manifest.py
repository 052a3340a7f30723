"""From which restore point each file of a folder is, noted in that folder as the files come.

A line of JSON tells of one file, the last one of those for a file counts. What can't be read in it,
or is not of this user, is as if it were not there: no file is then known to be from a download.
"""

import hashlib
import json
import os
import stat
import threading
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.folders import Folder
from terraform_provider_veeam.platforms import try_lock

NAME = ".terraform-provider-veeam.jsonl"
_CHUNK = 1024 * 1024
_LONGEST_LINE = 64 * 1024
_MARK_DIGITS = 16  # in the name of a file
_SPARE_LINES = 1000  # that no longer count, before they are dropped


class Source(NamedTuple):
    """What is known of a file in a backup."""

    mark: str  # tells its bytes from all others, as in its note
    point: str  # its restore point, for people
    size: int | None = None  # bytes; None when the server does not tell
    modified_at: str | None = None  # RFC 3339 in UTC


class ManifestEntry(NamedTuple):
    """What is known of a file that a download has brought, or has begun to bring."""

    mark: str  # tells its bytes from others: restore point, path, size and time in one hash
    point: str  # its restore point, for people
    size: int  # bytes that have come
    sha256: str  # of those bytes
    seen: tuple[int, ...] | None = None  # what the file system told of it in its place


class Manifest:
    """The notes of one folder; none for a folder that is not there."""

    def __init__(self, folder: Folder | None) -> None:
        """Read them. Raises nothing."""
        self._folder = folder
        self._handle: int | None = None
        self._notes: dict[str, ManifestEntry] = {}
        self._lines = 0
        self._lock = threading.Lock()
        with suppress(OSError):
            if folder and folder.look(NAME):
                self._handle = folder.open_own(NAME, append=True)
                self._read(self._handle)

    def of(self, file: str) -> ManifestEntry | None:
        """Return what is noted of a file, by its path in the folder with forward slashes."""
        return self._notes.get(file)

    def add(self, file: str, note: ManifestEntry) -> None:
        """Note something of a file. Where nothing can be written, it is for this process alone."""
        with self._lock, suppress(OSError):
            self._take(file, note)
            if self._handle is None and self._folder:
                self._handle = self._folder.open_own(NAME, append=True)
            if self._handle is None:
                return
            files = [file]
            if self._lines > 2 * len(self._notes) + _SPARE_LINES and try_lock(self._handle):
                self._read(self._handle)  # what other processes have noted meanwhile
                os.ftruncate(self._handle, 0)
                self._lines, files = 0, list(self._notes)
            for one in files:
                # A break comes first: what is written when a process is killed has no end.
                line = json.dumps({"file": one} | self._notes[one]._asdict())
                os.write(self._handle, f"\n{line}".encode())
                self._lines += 1

    def close(self) -> None:
        """Close the file that they are in."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _read(self, handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        with os.fdopen(os.dup(handle), "rb") as file:
            while line := file.readline(_LONGEST_LINE):
                self._lines += 1
                with suppress(ValueError, TypeError, OverflowError, RecursionError):
                    self._take(*_parsed(**json.loads(line)))

    def _take(self, file: str, note: ManifestEntry) -> None:
        self._notes[file] = note
        if note.seen:
            self._notes.pop(part_of(file, note.mark), None)


def part_of(file: str, mark: str) -> str:
    """Return where a file is until it is whole: beside its place, under a name of its own."""
    folder, slash, _ = file.rpartition("/")
    return f"{folder}{slash}.{mark[:_MARK_DIGITS]}.part"


def _parsed(
    *, file: str, mark: str, point: str, size: int, sha256: str, seen: list[int] | None
) -> tuple[str, ManifestEntry]:
    """Return what a line tells. Raises TypeError, OverflowError for one that is something else."""
    put = tuple(seen) if seen else None
    return str(file), ManifestEntry(str(mark), str(point), int(size), str(sha256), put)


def seen(found: os.stat_result) -> tuple[int, ...]:
    """Return what changes when a file does; nobody can set the third of it back."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def is_noted(
    note: ManifestEntry | None, folder: Folder, name: str, found: os.stat_result, deadline: Deadline
) -> bool:
    """Tell whether a file is the one of a note, whole and unchanged. Raises Stopped."""
    if note is None or not stat.S_ISREG(found.st_mode) or found.st_size != note.size:
        return False
    if note.seen == seen(found):
        return True
    try:
        with os.fdopen(folder.open_to_read(name), "rb") as file:
            return sha256_of(file, found.st_size, deadline).hexdigest() == note.sha256
    except OSError:
        return False


def sha256_of(file: BinaryIO, most: int, deadline: Deadline) -> "hashlib._Hash":
    """Return the hash of the next bytes of a file. Raises OSError, Stopped, DeadlinePassed."""
    found = hashlib.sha256()
    while most > 0 and (chunk := file.read(min(most, _CHUNK))):
        deadline.check()
        found.update(chunk)
        most -= len(chunk)
    return found
