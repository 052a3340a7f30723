"""What is on the disks of the machines that are backed up: folders and files, made up.

The same seed gives the same files; a file's bytes differ from restore point to restore point.
Files that come, change and go between two backups are in some restore points and not in others.
"""

from __future__ import annotations

import copy
import datetime as dt
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from em_simulator.catalogue import Machine, RestorePoint

CHANGED = dt.datetime(2026, 11, 2, 8, 15, 30, tzinfo=dt.UTC)
_LOGS = 250  # files in one folder: more than a page
_WINDOWS = {
    "Users/william.fox/Report.docx": 18_213,
    "Users/william.fox/Desktop/100% sure #1 + more.txt": 77,
    "Users/ann.lee/übersicht & pläne.txt": 4_096,
    "Users/ann.lee/empty.txt": 0,
    "Documentation 2014/Offers.docx": 70_001,
    "Documentation 2014/Invoices/bank_details.txt": 311,
    "Windows/System32/drivers/etc/hosts": 824,
    **{f"Logs/{day:03}.log": 100 + day for day in range(_LOGS)},
}
_LINUX = {
    "etc/hosts": 158,
    "home/ann/notes: a\\b?.txt": 45,
    "home/ann/reports/2026/q3.csv": 12_345,
    "var/lib/data.bin": 300_000,
    **{f"var/log/{day:03}.log": 100 + day for day in range(_LOGS)},
}
# A contract that was written, changed, and then deleted: (machine, path), when, its new size.
_CONTRACT = ("oracle03", "E:/Documentation 2014/Contract.docx")
_VERSIONS = (
    (dt.datetime(2026, 10, 1, 9, 12, tzinfo=dt.UTC), 38_144),
    (dt.datetime(2026, 11, 5, 16, 40, 21, tzinfo=dt.UTC), 41_372),
    (dt.datetime(2026, 11, 9, 10, 3, tzinfo=dt.UTC), None),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file; `path` begins with its volume and has forward slashes."""

    path: str
    size: int
    owner: str
    modified: dt.datetime
    bytes: bytes | None = field(default=None, repr=False)
    """What is in it, if it is not made up."""

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return self.path.rpartition("/")[2]


class Change(NamedTuple):
    """What happened to a path of a disk, seen in the backups that were made after it."""

    at: dt.datetime
    path: str
    file: File | None
    """What has been there since; None when it was removed."""


@dataclass(slots=True)
class Folder:
    """A folder with what it holds, by name."""

    path: str
    folders: dict[str, Folder] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name; that of a volume is its path."""
        return self.path.rpartition("/")[2]

    def copy(self) -> Folder:
        """Return a folder of its own with the same files."""
        folders = {key: folder.copy() for key, folder in self.folders.items()}
        return replace(self, folders=folders, files=dict(self.files))

    def all_files(self) -> Iterator[File]:
        """Return every file below, folder by folder."""
        yield from self.files.values()
        for folder in self.folders.values():
            yield from folder.all_files()


class Disk:
    """The volumes of one machine. Windows does not care for capitals in a name."""

    def __init__(self, machine: Machine) -> None:
        self._is_windows = machine.os_kind == "Windows"
        self._volumes = Folder("")
        for number, root in enumerate(machine.roots):
            self._volumes.folders[self._key(root)] = Folder(root)
            for path, size in (_WINDOWS if self._is_windows else _LINUX).items():
                owner = "TECH\\william.fox" if self._is_windows else "ann"
                moment = CHANGED + dt.timedelta(days=number, seconds=size)
                self.put(File(f"{root}/{path}", size, owner, moment))

    def copy(self) -> Disk:
        """Return a disk of its own with the same files."""
        other = copy.copy(self)
        other._volumes = self._volumes.copy()  # noqa: SLF001 - of its own kind
        return other

    @property
    def volumes(self) -> Folder:
        """What holds all volumes; it has no path."""
        return self._volumes

    def find(self, path: str) -> File | Folder | None:
        """Return what is at a path, like `E:/Documentation 2014`; None when there is nothing."""
        *parents, last = path.strip("/").split("/")
        folder = self._volumes
        for name in parents:
            inner = folder.folders.get(self._key(name))
            if inner is None:
                return None
            folder = inner
        return folder.folders.get(self._key(last)) or folder.files.get(self._key(last))

    def remove(self, path: str) -> None:
        """Remove a file or a folder."""
        parent, _, name = path.rpartition("/")
        folder = self.find(parent)
        if isinstance(folder, Folder):
            folder.files.pop(self._key(name), None)
            folder.folders.pop(self._key(name), None)

    def put(self, file: File) -> None:
        """Put a file on a volume that exists, with the folders it needs."""
        folder, so_far = self._volumes, ""
        *parents, name = file.path.split("/")
        for parent in parents:
            so_far = f"{so_far}/{parent}".lstrip("/")
            folder = folder.folders.setdefault(self._key(parent), Folder(so_far))
        folder.files[self._key(name)] = file

    def _key(self, name: str) -> str:
        return name.lower() if self._is_windows else name


class Disks:
    """The disks of all machines, made when they are first looked at."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._disks: dict[str, Disk] = {}
        self._changes: dict[str, list[Change]] = {}
        machine, path = _CONTRACT
        for at, size in _VERSIONS:
            file = None if size is None else File(path, size, "TECH\\ann.lee", at)
            self.change(machine, Change(at, path, file))

    def of(self, machine: Machine) -> Disk:
        """Return the disk of a machine, as far as it never changes."""
        if machine.name not in self._disks:
            self._disks[machine.name] = Disk(machine)
        return self._disks[machine.name]

    def change(self, machine_name: str, change: Change) -> None:
        """Let something happen to a machine's disk."""
        self._changes.setdefault(machine_name, []).append(change)

    def at(self, restore_point: RestorePoint) -> Disk:
        """Return the disk of a machine as a restore point has it."""
        changes = self._changes.get(restore_point.machine.name, ())
        if not changes:
            return self.of(restore_point.machine)
        disk = self.of(restore_point.machine).copy()
        for change in sorted(changes, key=lambda change: change.at):
            if change.at > restore_point.created_at:
                break
            if change.file:
                disk.put(change.file)
            else:
                disk.remove(change.path)
        return disk

    def content(self, restore_point: RestorePoint, file: File) -> bytes:
        """Return the bytes of a file as they were at a restore point."""
        if file.bytes is not None:
            return file.bytes
        seed = f"{self._seed} {restore_point.id} {file.path}"
        return random.Random(seed).randbytes(file.size)  # noqa: S311 - the same on every run
