"""Folders of this machine that are held open: nothing put in their place leads a download away."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from terraform_provider_veeam.platforms import IS_WINDOWS, hold_folder

# No link is followed, and nobody waited for at a pipe: what is opened is looked at afterwards.
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NOT_ALONE = "it is not a file of this user alone"


class Folder:
    """A folder that is held open; no link below it is followed. Methods raise OSError."""

    def __init__(self, path: Path, handle: int | None, owner: int) -> None:
        """Take over a handle."""
        self.path = path
        self._handle = handle
        self._owner = owner

    @classmethod
    def open(cls, path: Path, *, windows: bool = IS_WINDOWS) -> Self:
        """Open a folder that a person has named; it may be a link."""
        handle = hold_folder(str(path), windows=windows)
        found = path.stat() if handle is None else os.fstat(handle)
        return cls(path, handle, found.st_uid)

    @property
    def moves_open_files(self) -> bool:
        """Whether a file may be open while it gets another name: not in Windows."""
        return self._handle is not None

    def close(self) -> None:
        """Let it go."""
        if self._handle is not None:
            os.close(self._handle)

    @contextmanager
    def below(self, names: Sequence[str], *, make: bool = False) -> Iterator["Folder"]:
        """Give the folder that names lead to, none of them a link; with `make` it is made."""
        inner: Folder = self
        try:
            for name in names:
                outer, inner = inner, inner._enter(name, make=make)
                if outer is not self:
                    outer.close()
            yield inner
        finally:
            if inner is not self:
                inner.close()

    def _enter(self, name: str, *, make: bool) -> "Folder":
        if make:
            with suppress(FileExistsError):
                os.mkdir(self._at(name), dir_fd=self._handle)
        no_handles = self._handle is None
        handle = hold_folder(self._at(name), self._handle, is_below=True, windows=no_handles)
        return Folder(self.path / name, handle, self._owner)

    def look(self, name: str) -> os.stat_result | None:
        """Return what there is of a name, a link as itself; None for nothing."""
        try:
            return os.stat(self._at(name), dir_fd=self._handle, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def make_file(self, name: str) -> int:
        """Make a file that was not there; returns a handle, to read and write."""
        return self._open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def open_own(self, name: str, *, append: bool = False) -> int:
        """Open or make a file, of this user or the folder's owner, and without another name."""
        handle = self._open(name, os.O_RDWR | os.O_CREAT | (os.O_APPEND if append else 0))
        found = os.fstat(handle)
        is_own = self._handle is None or found.st_uid in (os.getuid(), self._owner)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and is_own:
            return handle
        os.close(handle)
        raise FileExistsError(errno.EEXIST, _NOT_ALONE)

    def open_to_read(self, name: str) -> int:
        """Open whatever there is of a name, unless it is a link; returns a handle."""
        return self._open(name, os.O_RDONLY)

    def set_time(self, name: str, nanoseconds: int) -> None:
        """Set when a file was modified."""
        os.utime(
            self._at(name),
            ns=(nanoseconds, nanoseconds),
            dir_fd=self._handle,
            follow_symlinks=self._handle is None,
        )

    def move(self, name: str, to: str, *, replace: bool) -> None:
        """Give a file another name in one step; without `replace` nothing else may have it."""
        if replace or self._handle is None:
            # Windows refuses the second, if the name is taken.
            move = os.replace if replace else os.rename
            move(self._at(name), self._at(to), src_dir_fd=self._handle, dst_dir_fd=self._handle)
            return
        try:
            os.link(
                name, to, src_dir_fd=self._handle, dst_dir_fd=self._handle, follow_symlinks=False
            )
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if self.look(to):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
            self.move(name, to, replace=True)
        else:
            self.remove(name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self._at(name), dir_fd=self._handle)

    def are_one(self, name: str, other: str) -> bool:
        """Tell whether two names are the same file here, by trying it."""
        trial = f".{os.urandom(8).hex()}.part"
        os.mkdir(self._at(trial), 0o700, dir_fd=self._handle)
        try:
            with self.below([trial]) as inside:
                os.close(inside.make_file(name))
                is_one = inside.look(other) is not None
                inside.remove(name)
        finally:
            os.rmdir(self._at(trial), dir_fd=self._handle)
        return is_one

    def _open(self, name: str, flags: int) -> int:
        return os.open(self._at(name), flags | _SAFELY, 0o666, dir_fd=self._handle)

    def _at(self, name: str) -> str:
        """Return how the system is told a name: alone beside a handle, else with its path."""
        return str(self.path / name) if self._handle is None else name
