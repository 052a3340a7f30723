"""Where the files of a guest go on this machine: below one folder, each in a place of its own.

A file whose name is not possible here, or means another file here, gets another name: always the
same one, so that a second download finds its place again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import CannotWrite
from terraform_provider_veeam.em.files.paths import local_name
from terraform_provider_veeam.platforms import is_file_name
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_STEM = 50  # characters: with what follows it, at most 255 bytes
_LONGEST_SUFFIX = 10
_FOR_ALL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def are_one(folder: Path, name: str, other: str) -> bool:
    """Tell whether two names are the same file in a folder, by trying it. Raises OSError."""
    import tempfile  # noqa: PLC0415 - 2 ms that only a download needs

    with tempfile.TemporaryDirectory(dir=folder, prefix=".", suffix=".part") as trial:
        Path(trial, name).touch()
        return Path(trial, other).exists()


class Places:
    """The places of one download below a folder, none of which is given twice."""

    def __init__(self, folder: Path, are_one: Callable[[Path, str, str], bool] = are_one) -> None:
        self._folder = folder
        self._are_one = are_one
        self._taken: dict[Path, dict[str, list[str]]] = {}
        """Names in each folder, by what all file systems make of them."""
        self.renamed: list[str] = []
        """What could not keep its name, as a person is told."""

    def make(self) -> None:
        """Make the folder that all go to. Raises CannotWrite."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self._folder, error) from error

    def add(self, path: str, *, is_folder: bool, inside: Path | None = None) -> Path:
        """Return the place of a guest's file, or of a folder, which is made.

        It is in the place of a folder that was added before, or else in the folder of all. Never
        outside: CannotWrite for a link that leads there, or when there can't be such a file or
        folder.
        """
        inside = inside or Path(os.path.realpath(self._folder))
        place = inside / self._free(inside, local_name(path), path)
        if is_folder:
            return self._made(place)
        if place.is_dir():
            raise cannot_write(place, IsADirectoryError(errno.EISDIR, "it is a folder"))
        return place

    def _made(self, place: Path) -> Path:
        inside = Path(os.path.realpath(self._folder))
        real = Path(os.path.realpath(place))
        if inside not in real.parents:
            raise CannotWrite(
                "The download would leave its folder",
                f"{printable(str(place))} is, or goes through, a link to {printable(str(real))}, "
                f"outside of {printable(str(inside))}. Nothing was written there.",
            )
        try:
            real.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(place, error) from error
        return real

    def _free(self, inside: Path, name: str, path: str) -> str:
        """Return a name that nothing else has in a folder, the guest's own if that can be."""
        for local in (name, _other_name(name, path)):
            taken = self._taken.setdefault(inside, {}).setdefault(_folded(local), [])
            if is_file_name(local) and not self._is_taken(inside, local, taken):
                taken.append(local)
                if local != name:
                    self.renamed.append(printable(f"{path}: {inside / local}"))
                return local
        raise cannot_write(inside / local, FileExistsError(errno.EEXIST, "its name is taken"))

    def _is_taken(self, inside: Path, name: str, taken: list[str]) -> bool:
        try:
            return any(name == other or self._are_one(inside, name, other) for other in taken)
        except OSError as error:
            raise cannot_write(inside / name, error) from error


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
