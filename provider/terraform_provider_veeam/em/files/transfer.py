"""Files and folders of a mount point brought to a folder of this machine, and how far that is."""

from __future__ import annotations

import stat
from collections import Counter
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from terraform_provider_veeam.em.background import in_background
from terraform_provider_veeam.em.errors import (
    CannotWrite,
    EnterpriseManagerError,
    NotFound,
    SomeLeftOut,
)
from terraform_provider_veeam.em.files.left_out import (
    ONE_ADDRESS,
    LeftOut,
    concerns_all,
    in_lines,
)
from terraform_provider_veeam.em.files.paths import (
    PathPattern,
    address_of,
    parent_and_name,
)
from terraform_provider_veeam.em.files.sizes import readable_size
from terraform_provider_veeam.em.times import nanoseconds
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.files.download import Downloaded
    from terraform_provider_veeam.em.files.listing import Entry, Files
    from terraform_provider_veeam.em.files.places import Places
    from terraform_provider_veeam.em.files.restore import FileRestores
    from terraform_provider_veeam.em.models import Task

DEEPEST = 200
"""Levels of folders that are downloaded."""
_AHEAD = 16  # files that are made ready at the same time
_MOST_AT_ONCE = 10_000  # files: an answer names each of them, and must not get too large
_LARGE = 16 * 1024 * 1024  # bytes of a file that is worth telling how far it is
_COARSEST = 2 * 10**9  # nanoseconds: a FAT file system has only every other second


class Tally:
    """How far a transfer is. It is read while another thread counts."""

    def __init__(self) -> None:
        self.step = ""
        """What is done before more is fetched, like `preparing E:/Docs`; else empty."""
        self.files = 0
        self.bytes = 0
        """Of all files, as far as the server tells sizes."""
        self.files_done = 0
        self.files_kept = 0
        """Those among them that were in their place already."""
        self.bytes_done = 0
        self.current: Entry | None = None
        """The file that is being fetched."""
        self.current_bytes = 0

    @contextmanager
    def during(self, step: str) -> Iterator[None]:
        """Tell for a while what is done before more is fetched."""
        self.step = step
        try:
            yield
        finally:
            self.step = ""

    def __str__(self) -> str:
        if not self.files:
            return self.step
        fetched = readable_size(self.bytes_done + self.current_bytes)
        text = f"{self.files_done} of {_files(self.files)}, {fetched}"
        if self.files_done < self.files:
            text += f" of {readable_size(self.bytes)}"
        current = self.current
        if self.step:
            text += f"; {self.step}"
        elif current and current.size and current.size >= _LARGE:
            text += f"; {current.path} {100 * self.current_bytes // current.size} %"
        return text


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


class Part(NamedTuple):
    """A file, or a folder with all that is in it, that Enterprise Manager makes ready at once."""

    path: str
    files: list[tuple[Entry, Path]]
    """Each file, and where it goes."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return len(self.files) == 1 and self.files[0][0].path == self.path


class Plan(NamedTuple):
    """What a path or pattern stands for."""

    path: str
    parts: list[Part]
    left_out: list[LeftOut]

    @property
    def is_file(self) -> bool:
        """Whether it is one file, named as it is."""
        return len(self.parts) == 1 and self.parts[0].path == self.path and self.parts[0].is_file

    @property
    def size(self) -> str:
        """How much it is, like `260 files, 1.2 GiB`, as far as the server tells sizes."""
        entries = [entry for part in self.parts for entry, _ in part.files]
        return f"{_files(len(entries))}, {readable_size(sum(entry.size or 0 for entry in entries))}"


class Transfer:
    """Downloads from one mount point to one folder."""

    def __init__(
        self,
        files: Files,
        restores: FileRestores,
        places: Places,
        deadline: Deadline,
        *,
        keep_folders: bool = False,
        resume: bool = False,
    ) -> None:
        """With `keep_folders` each file goes where its whole path leads, from the volume on.

        With `resume` what is in its place already stays there, and what breaks off leaves a
        beginning, with which the next transfer goes on.
        """
        self._files = files
        self._restores = restores
        self._places = places
        self._deadline = deadline
        self._keep_folders = keep_folders
        self._resume = resume
        self._placed: set[tuple[str, str]] = set()
        """Files that have a place: below which folder of the guest, and their paths."""
        self._folders: dict[tuple[str, str], Path] = {}
        """The places of the guest's folders, by the same."""
        self._begun: dict[str, Task | EnterpriseManagerError] = {}
        """What is being made ready, by path, or why it is not."""
        self._finished: set[Path] = set()
        """The places of all that is done with, fetched or not."""
        self.tally = Tally()
        self.downloaded: list[Downloaded] = []
        """The files that were fetched."""

    def plan(self, path: str, seconds: float) -> Generator[str, None, Plan]:
        """Return what a path or pattern stands for, and make its folders here.

        Yields how far it is, every so many seconds. Raises NotFound, CannotWrite, TokenRefused,
        …, and ValueError for a pattern without a volume.
        """
        return in_background(lambda: self._plan(path), seconds, lambda: str(self.tally))

    def fetch(self, plan: Plan, seconds: float) -> Generator[str, None, None]:
        """Download what was planned; yields how far it is, every so many seconds.

        Raises SomeLeftOut when all that can be had is there, and what would concern all files.
        """
        return in_background(lambda: self._fetch(plan), seconds, lambda: str(self.tally))

    def _plan(self, path: str) -> Plan:
        with self.tally.during(f"listing {path}"):
            return self._found(path)

    def _found(self, path: str) -> Plan:
        left_out: list[LeftOut] = []
        pattern = PathPattern.parse(path)
        if pattern:
            base = pattern.folder
            found = list(self._files.matching(pattern, self._deadline, left_out))
        else:
            base = parent_and_name(path)[0]
            found = [self._files.find(path, self._deadline)]
        if not found:
            raise NotFound(
                "Nothing matches", f"Nothing in {printable(base)} matches {printable(path)}.",
                status=HTTPStatus.NOT_FOUND,
            )  # fmt: skip
        if self._keep_folders:
            base = ""
        entries = [self._with_all_below(one, left_out) for one in found]
        times = Counter(address_of(entry.path) for below in entries for entry in below)
        layout = _Layout(path, base, times, left_out)
        parts = [
            part for below in entries for part in _parts(below[0].path, self._place(below, layout))
        ]
        for _, files in parts:
            self.tally.files += len(files)
            self.tally.bytes += sum(entry.size or 0 for entry, _ in files)
        return Plan(path, [part for part in parts if part.files], left_out)

    def _with_all_below(self, entry: Entry, left_out: list[LeftOut]) -> list[Entry]:
        """Return a file or folder, with what is in it; what is too deep is left out."""
        if not entry.is_folder:
            return [entry]
        deepest = entry.path.count("/") + DEEPEST
        below = []
        for one in self._files.walk(entry.path, DEEPEST, self._deadline, left_out):
            if one.is_folder and one.path.count("/") == deepest:
                left_out.append(LeftOut(one.path, f"it is {DEEPEST} folders deep"))
            else:
                below.append(one)
        return [entry, *below]

    def _place(self, entries: list[Entry], layout: _Layout) -> list[tuple[Entry, Path]]:
        """Make the folders among some entries, and return the files with their places."""
        placed = []
        missing = set()  # folders
        for entry in entries:
            parent = parent_and_name(entry.path)[0]
            reason = None
            if parent in missing:
                reason = LeftOut(entry.path, "its folder is left out")
            elif layout.times[address_of(entry.path)] > 1:
                reason = LeftOut(entry.path, f"it is there twice. {ONE_ADDRESS}")
            else:
                try:
                    if place := self._add(entry, parent, layout.base):
                        placed.append((entry, place))
                except CannotWrite as error:
                    if concerns_all(error) or entry.path == layout.path:
                        raise
                    reason = LeftOut.by(entry.path, error)
            if reason:
                layout.left_out.append(reason)
                missing.add(entry.path)
        return placed

    def _add(self, entry: Entry, parent: str, base: str) -> Path | None:
        """Return the place of a file that has none yet; make that of a folder."""
        if entry.is_folder:
            self._folder(entry.path, base)
            return None
        if (base, entry.path) in self._placed:
            return None
        self._placed.add((base, entry.path))
        inside = self._folder(parent, base)
        return self._places.add(entry.path, is_folder=False, inside=inside)

    def _folder(self, path: str, base: str) -> Path | None:
        """Return the place of a folder, made with those that it is in; None for that of all."""
        if path == base:
            return None
        if (base, path) not in self._folders:
            inside = self._folder(parent_and_name(path)[0], base)
            self._folders[base, path] = self._places.add(path, is_folder=True, inside=inside)
        return self._folders[base, path]

    def _fetch(self, plan: Plan) -> None:
        left_out = list(plan.left_out)
        try:
            parts = [
                Part(part.path, [one for one in part.files if not self._is_in_place(*one)])
                for part in plan.parts
            ]
            parts = [part for part in parts if part.files]
            for number, part in enumerate(parts):
                self._begin(parts[number : number + _AHEAD])
                self._fetch_part(part, plan.path, left_out)
        except EnterpriseManagerError as error:
            files = [one for part in plan.parts for one in part.files]
            rest = [printable(entry.path) for entry, place in files if place not in self._finished]
            if rest != [printable(plan.path)]:
                error.add(f"Of {printable(plan.path)} these were not downloaded:\n{in_lines(rest)}")
            raise
        if left_out:
            raise SomeLeftOut(
                "Not everything was downloaded",
                f"{printable(plan.path)} came without:\n{in_lines(left_out)}",
            )

    def _fetch_part(self, part: Part, asked: str, left_out: list[LeftOut]) -> None:
        """Download a part, file by file. What is asked for itself is not left out: it fails."""
        try:
            targets = self._prepare(part)
        except EnterpriseManagerError as error:
            if concerns_all(error) or part.path == asked:
                raise
            left_out.append(LeftOut.by(part.path, error))
            return
        for entry, place in part.files:
            try:
                self._fetch_file(entry, place, targets)
            except EnterpriseManagerError as error:
                if concerns_all(error) or entry.path == asked:
                    raise
                left_out.append(LeftOut.by(entry.path, error))
            self._finished.add(place)

    def _is_in_place(self, entry: Entry, place: Path) -> bool:
        """Tell whether a file need not be fetched again, and count it if so."""
        if not self._resume or not _is_same(entry, place):
            return False
        self.tally.files_kept += 1
        self._count(entry.size or 0, place)
        return True

    def _begin(self, parts: list[Part]) -> None:
        """Ask for the first part to be made ready, and for files that follow it.

        Each takes its time, which need not be waited for one after the other.
        """
        for part in parts:
            if part.path in self._begun or (part is not parts[0] and not part.is_file):
                continue
            try:
                self._begun[part.path] = self._restores.begin(
                    self._files, part.path, self._deadline
                )
            except EnterpriseManagerError as error:
                self._begun[part.path] = error

    def _prepare(self, part: Part) -> dict[str, str]:
        """Wait until a part is ready; returns the addresses that the server gives."""
        begun = self._begun.pop(part.path)
        if isinstance(begun, EnterpriseManagerError):
            raise begun
        targets: list[str] = []
        with self.tally.during(f"preparing {part.path}"):
            for progress in self._restores.finish(
                self._files, part.path, begun, self._deadline, targets
            ):
                self.tally.step = f"preparing {part.path} ({progress})"
        return _targets(targets, part)

    def _fetch_file(self, entry: Entry, place: Path, targets: Mapping[str, str]) -> None:
        self.tally.current = entry

        def report(size: int) -> None:
            self.tally.current_bytes = size

        address = address_of(entry.path)
        point = self._files.href.partition("/mounts/")[0]
        same = f"{point} {entry.path} {entry.size} {entry.modified_at}"
        try:
            done = self._restores.download(
                targets.get(address) or f"{self._files.address(entry.path)}?action=download",
                self._deadline,
                size=entry.size,
                destination=place,
                modified_at=entry.modified_at,
                resume_id=same if self._resume and entry.size is not None else None,
                report=report,
            )
        finally:
            self.tally.current, self.tally.current_bytes = None, 0
        self._count(done.size, place)
        self.downloaded.append(done)

    def _count(self, size: int, place: Path) -> None:
        """Count a file that is in its place."""
        self.tally.bytes_done += size
        self.tally.files_done += 1
        self._finished.add(place)


class _Layout(NamedTuple):
    """What is known while the files of a path get their places."""

    path: str
    base: str
    """The folder of the guest whose place is the folder of all; empty: that of all volumes."""
    times: Counter[str]
    """How often each address is there."""
    left_out: list[LeftOut]


def _parts(path: str, files: list[tuple[Entry, Path]]) -> Iterator[Part]:
    """Cut a folder into parts of which each file can be named in one answer."""
    if len(files) <= _MOST_AT_ONCE:
        yield Part(path, files)
        return
    names = path.count("/") + 2
    below: dict[str, list[tuple[Entry, Path]]] = {}
    for one in files:
        below.setdefault("/".join(one[0].path.split("/")[:names]), []).append(one)
    for inner, inner_files in below.items():
        yield from _parts(inner, inner_files)


def _is_same(entry: Entry, place: Path) -> bool:
    """Tell whether a file on this machine is the guest's: its size and its time say so."""
    modified = nanoseconds(entry.modified_at)
    try:
        there = place.lstat()
    except OSError:
        return False
    return (
        stat.S_ISREG(there.st_mode)
        and there.st_size == entry.size
        and modified is not None
        and abs(there.st_mtime_ns - modified) < _COARSEST
    )


def _targets(targets: list[str], part: Part) -> dict[str, str]:
    """Return the addresses that the server gives, by the address of the file in the guest.

    One that could be of several files is none: all may be in lower case, and the guest tell
    capitals apart.
    """
    if len(targets) == 1 and part.is_file:
        return {address_of(part.path): targets[0]}
    found: dict[str, list[str]] = {}
    for target in targets:
        path = unquote(target.partition("?")[0]).partition("/mounts/")[2].partition("/")[2]
        found.setdefault(address_of(path), []).append(target)
    return {address: same[0] for address, same in found.items() if len(same) == 1}
