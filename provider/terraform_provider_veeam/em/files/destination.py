"""Where the files of a guest go on this machine: below one folder, each in a place of its own.

A file whose name is not possible here, or means another file here, gets another name: always the
same one, so that a second download finds its place again.
"""

import errno
import hashlib
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from terraform_provider_veeam.em.errors import CannotWrite
from terraform_provider_veeam.em.files.folders import Folder
from terraform_provider_veeam.em.files.manifest import NAME, Manifest
from terraform_provider_veeam.em.files.paths import local_name
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.platforms import IS_WINDOWS, is_file_name, is_link

_LONGEST_STEM = 50  # characters: with what follows it, at most 255 bytes
_LONGEST_SUFFIX = 10
_FOR_ALL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


class Place(NamedTuple):
    """Where a file or folder goes."""

    path: Path  # for people
    names: tuple[str, ...]  # how it is reached from the folder of all

    @property
    def name(self) -> str:
        """What it is called here."""
        return self.names[-1]

    @property
    def key(self) -> str:
        """What it is noted by."""
        return "/".join(self.names)


class Destination:
    """The places of one download below a folder that is held open as a context manager."""

    def __init__(
        self,
        folder: Path,
        are_one: Callable[[Folder, str, str], bool] = Folder.are_one,
        *,
        dry_run: bool = False,
        windows: bool = IS_WINDOWS,
    ) -> None:
        self._path = folder
        self._are_one = are_one
        self.dry_run = dry_run
        self._windows = windows
        self._folder: Folder | None = None
        self.manifest = Manifest(None)  # what is known of the files that are there
        self._not_made = (FileNotFoundError,) if dry_run else ()
        self._taken: dict[tuple[str, ...], dict[str, list[str]]] = {(): {_folded(NAME): [NAME]}}
        """Names in each folder, by what all file systems make of them."""
        self.renamed: list[str] = []  # what could not keep its name, as a person is told

    def __enter__(self) -> Self:
        """Open the folder that all go to, which is made if need be. Raises CannotWrite."""
        try:
            if not self.dry_run:
                self._path.mkdir(parents=True, exist_ok=True)
            elif not self._path.exists():
                return self
            self._folder = Folder.open(self._path, windows=self._windows)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self.manifest = Manifest(self._folder)
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        self.manifest.close()
        if self._folder:
            self._folder.close()

    def add(self, path: str, *, is_folder: bool, inside: Place | None = None) -> Place:
        """Return the place of a guest's file, or of a folder, which is made. Raises CannotWrite."""
        outer = inside or Place(self._path, ())
        name = self._free(outer, local_name(path), path)
        place = Place(outer.path / name, (*outer.names, name))
        with suppress(*self._not_made), self.opened(place) as folder:
            if is_folder:
                with folder.below([name], make=not self.dry_run):
                    pass
            elif (found := folder.look(name)) and stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
        return place

    @contextmanager
    def opened(self, place: Place) -> Iterator[Folder]:
        """Give the folder of a place. Raises CannotWrite; FileNotFoundError in a dry run."""
        try:
            with self._root.below(place.names[:-1]) as folder:
                yield folder
        except self._not_made:
            raise
        except OSError as error:
            raise self._refused(place, error) from error

    @property
    def _root(self) -> Folder:
        if self._folder is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return self._folder

    def _refused(self, place: Place, error: OSError) -> CannotWrite:
        """Return the error for a place, which names a link that stands in the way."""
        names = place.names if error.errno in (errno.ENOTDIR, errno.ELOOP) else ()
        with suppress(OSError):
            for number, name in enumerate(names):
                with self._root.below(names[:number]) as folder:
                    found = folder.look(name)
                if found and is_link(found):
                    link = self._path.joinpath(*names[: number + 1])
                    return CannotWrite(
                        "The download would leave its folder",
                        f"{printable(str(link))} is a link, and a download follows none below "
                        f"{printable(str(self._path))}. Nothing was written there.",
                    )
        return cannot_write(place.path, error)

    def _free(self, outer: Place, name: str, path: str) -> str:
        """Return a name that nothing else has in a folder, the guest's own if that can be."""
        for local in (name, _other_name(name, path)):
            taken = self._taken.setdefault(outer.names, {}).setdefault(_folded(local), [])
            if is_file_name(local) and not self._is_taken(outer, local, taken):
                taken.append(local)
                if local != name:
                    self.renamed.append(printable(f"{path}: {outer.path / local}"))
                return local
        raise cannot_write(outer.path / local, FileExistsError(errno.EEXIST, "its name is taken"))

    def _is_taken(self, outer: Place, name: str, taken: list[str]) -> bool:
        if not taken or name in taken or self.dry_run:
            return bool(taken) and (name in taken or self._windows)
        with self.opened(Place(outer.path, (*outer.names, name))) as folder:
            return any(self._are_one(folder, name, other) for other in taken)


def cannot_write(place: Path, error: OSError) -> CannotWrite:
    """Return the error for a file, or a folder, that can't be written on this machine."""
    file_in_the_way = next((one for one in (place, *place.parents) if one.is_file()), None)
    if error.errno in (errno.EEXIST, errno.ENOTDIR) and file_in_the_way:
        advice = (
            f"{printable(str(file_in_the_way))} is a file, where a folder has to be: name a "
            "folder, or move the file away."
        )
    elif error.errno == errno.EISDIR:
        advice = "Move that folder away, or choose another folder for the download."
    else:
        advice = "Is the disk full, and may this user write there?"
    return CannotWrite(
        "The download can't be written",
        f"{printable(str(place))}: {error.strerror or error}. What was there before is left as it "
        f"was. {advice}",
        is_for_all=error.errno in _FOR_ALL,
    )


def _folded(name: str) -> str:
    """Return the same for all names that some file system may take for one."""
    visible = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())


def _other_name(name: str, path: str) -> str:
    """Return a name that this machine can have: like the guest's, with a mark of the path in it."""
    stem, suffix = (
        "".join(c if is_file_name(f"x{c}x") else "_" for c in part)
        for part in os.path.splitext(name)  # noqa: PTH122 - a name of another machine is no path
    )
    mark = hashlib.sha256(path.encode()).hexdigest()[:8]
    if len(suffix) > _LONGEST_SUFFIX:
        stem, suffix = stem + suffix, ""
    return f"{stem[:_LONGEST_STEM]}~{mark}{suffix.rstrip('. ')}"
