"""What is done about the files that a path or pattern stands for, before any is fetched."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from terraform_provider_veeam.em import errors, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.destination import Destination, Place
from terraform_provider_veeam.em.files.left_out import ONE_ADDRESS, LeftOut, concerns_all
from terraform_provider_veeam.em.files.listing import Entry, Files
from terraform_provider_veeam.em.files.manifest import Source
from terraform_provider_veeam.em.files.overwrite import Act, Overwrite, Target, Verdict, judge
from terraform_provider_veeam.em.files.paths import PathPattern, address_of, parent_and_name
from terraform_provider_veeam.em.files.progress import Progress
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import counted, readable_size

DEEPEST = 200  # levels of folders that are downloaded
_MOST_AT_ONCE = 10_000  # files: an answer names each of them, and must not get too large
_FETCHED = (Act.FETCH, Act.REPLACE)


class Planned(NamedTuple):
    """A file of a backup, where it goes, and what is done about it."""

    entry: Entry
    place: Place
    source: Source
    verdict: Verdict

    def __str__(self) -> str:
        return printable(f"{self.place.path} is there already, {self.verdict.whose}")


class Part(NamedTuple):
    """A file, or a folder with all that is in it, that Enterprise Manager makes ready at once."""

    path: str
    files: list[Planned]

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return len(self.files) == 1 and self.files[0].entry.path == self.path


class Plan(NamedTuple):
    """What a path or pattern stands for."""

    path: str
    files: list[Planned]  # all of them
    parts: list[Part]  # those that are to be fetched
    left_out: list[LeftOut]

    @property
    def is_file(self) -> bool:
        """Whether one file is to be fetched, named as it is."""
        return len(self.parts) == 1 and self.parts[0].path == self.path and self.parts[0].is_file

    @property
    def size(self) -> str:
        """How much is to be fetched, like `260 files, 1.2 GiB`, as far as sizes are told."""
        sizes = [one.entry.size or 0 for part in self.parts for one in part.files]
        return f"{counted(len(sizes), 'file')}, {readable_size(sum(sizes))}"


class Planner:
    """Finds out what is done about the files of a mount point, and makes folders for them."""

    def __init__(
        self,
        files: Files,
        destination: Destination,
        deadline: Deadline,
        progress: Progress,
        *,
        point: str | None,
        keep_folders: bool,
        overwrite: Overwrite | None,
    ) -> None:
        """Take what `Transfer` takes."""
        self._files = files
        self._destination = destination
        self._deadline = deadline
        self._progress = progress
        ref = models.restore_point_at(files.href)
        self._id = f"{ref.type}/{ref.id}" if ref else files.href
        self._point = point or self._id
        self._keep_folders = keep_folders
        self._overwrite = overwrite
        self._placed: set[tuple[str, str]] = set()  # files by folder of the guest and path
        self._folders: dict[tuple[str, str], Place] = {}  # the guest's folders, by the same
        self.left: list[Planned] = []  # not fetched, because of what is in their destination

    def plan(self, path: str) -> Plan:
        """Return what a path or pattern stands for; raises as `Transfer.plan` does."""
        left_out: list[LeftOut] = []
        with self._progress.during(f"listing {path}"):
            found = self._files.at(path, self._deadline, left_out)
            entries = [self._with_all_below(one, left_out) for one in found]
        times = Counter(address_of(entry.path) for below in entries for entry in below)
        pattern = PathPattern.parse(path)
        base = pattern.folder if pattern else parent_and_name(path)[0]
        layout = _Layout(path, "" if self._keep_folders else base, times, left_out)
        files: list[Planned] = []
        parts: list[Part] = []
        for below in entries:
            placed = self._place(below, layout)
            to_fetch = [one for one in placed if one.verdict.act in _FETCHED]
            files += placed
            parts += [part for part in _parts(below[0].path, to_fetch) if part.files]
        return Plan(path, files, parts, left_out)

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

    def _place(self, entries: list[Entry], layout: "_Layout") -> list[Planned]:
        """Make the folders among some entries, and return what is done about the files."""
        placed = []
        missing = set()  # folders
        for entry in entries:
            self._deadline.check()
            parent = parent_and_name(entry.path)[0]
            reason = None
            if parent in missing:
                reason = LeftOut(entry.path, "its folder is left out")
            elif layout.times[address_of(entry.path)] > 1:
                reason = LeftOut(entry.path, f"it is there twice. {ONE_ADDRESS}")
            else:
                try:
                    if place := self._add(entry, parent, layout.base):
                        placed.append(planned := self._judge(entry, place))
                        if self._overwrite is None and planned.verdict.act is Act.LEAVE:
                            layout.left_out.append(LeftOut(entry.path, str(planned)))
                except errors.CannotWrite as error:
                    if concerns_all(error) or entry.path == layout.path:
                        raise
                    reason = LeftOut.by(entry.path, error)
            if reason:
                layout.left_out.append(reason)
                missing.add(entry.path)
        return placed

    def _judge(self, entry: Entry, place: Place) -> Planned:
        """Find out what is done about a file, and count it. Raises CannotWrite, Stopped."""
        same = f"{place.name}\0{self._id} {entry.path} {entry.size} {entry.modified_at}"
        mark = hashlib.sha256(same.encode(errors="surrogatepass")).hexdigest()
        source = Source(mark, self._point, entry.size, entry.modified_at)
        verdict = Verdict(Act.FETCH)
        with (
            self._progress.during(f"comparing {entry.path}"),
            suppress(FileNotFoundError),  # of a folder that a dry run has not made
            self._destination.opened(place) as folder,
        ):
            target = Target(folder, place, self._destination.manifest)
            verdict = judge(target, source, self._overwrite, self._deadline)
        planned = Planned(entry, place, source, verdict)
        if verdict.act is Act.LEAVE:
            self.left.append(planned)
        else:
            self._progress.expect(entry.size)
        if verdict.act is Act.KEEP:
            self._progress.keep(entry.size)
        return planned

    def _add(self, entry: Entry, parent: str, base: str) -> Place | None:
        """Return the place of a file that has none yet; make that of a folder."""
        if entry.is_folder:
            self._folder(entry.path, base)
            return None
        if (base, entry.path) in self._placed:
            return None
        self._placed.add((base, entry.path))
        inside = self._folder(parent, base)
        return self._destination.add(entry.path, is_folder=False, inside=inside)

    def _folder(self, path: str, base: str) -> Place | None:
        """Return the place of a folder, made with those that it is in; None for that of all."""
        if path == base:
            return None
        if (base, path) not in self._folders:
            inside = self._folder(parent_and_name(path)[0], base)
            self._folders[base, path] = self._destination.add(path, is_folder=True, inside=inside)
        return self._folders[base, path]


class _Layout(NamedTuple):
    """What is known while the files of a path get their destination."""

    path: str
    base: str  # the guest's folder whose place is the folder of all; empty: all volumes
    times: Counter[str]  # how often each address is there
    left_out: list[LeftOut]


def _parts(path: str, files: list[Planned]) -> Iterator[Part]:
    """Cut a folder into parts of which each file can be named in one answer."""
    if len(files) <= _MOST_AT_ONCE:
        yield Part(path, files)
        return
    names = path.count("/") + 2
    below: dict[str, list[Planned]] = {}
    for one in files:
        below.setdefault("/".join(one.entry.path.split("/")[:names]), []).append(one)
    for inner, inner_files in below.items():
        yield from _parts(inner, inner_files)
