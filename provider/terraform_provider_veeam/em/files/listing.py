"""Folders and files of a mount point, or of a restore point in the index, read page by page.

Follows the vendor's page get_vmrestorepoints_id_mountpoints_id_filepath and its siblings.
"""

import logging
from collections.abc import Iterator
from itertools import count
from math import inf
from typing import NamedTuple

from terraform_provider_veeam.em import errors, models, patterns
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files import paths
from terraform_provider_veeam.em.files.left_out import ONE_ADDRESS, LeftOut, concerns_all
from terraform_provider_veeam.em.http import decoders, pages
from terraform_provider_veeam.em.http.client import Client, SessionClient
from terraform_provider_veeam.masking import printable

_PAGE_SIZE = 500  # with the longest paths of Windows, an answer of 3 MiB
_SHOWN = 5  # of a folder, in an error
log = logging.getLogger(__name__)


class Entry(NamedTuple):
    """A folder or a file; `path` as in the module paths, `modified_at` is RFC 3339 in UTC."""

    path: str
    name: str
    is_folder: bool
    size: int | None = None  # bytes; None for a folder, or when the server does not tell
    owner: str | None = None
    modified_at: str | None = None


class Files:
    """One file system; `href`, below `/api`, holds its volumes, which only the index lists."""

    def __init__(self, client: Client, session: models.LogonSession, href: str) -> None:
        self._client = client
        self._session = session
        self.href = href

    def address(self, path: str) -> str:
        """Return a file's or folder's path below `/api`."""
        return f"{self.href}/{paths.quoted(path)}"

    def folder(self, path: str, deadline: Deadline, left_out: list[LeftOut]) -> Iterator[Entry]:
        """Yield what a folder holds; impossible names go to `left_out`. Raises NotFound."""
        address = f"{self.address(path)}?action=listAll&pageSize={_PAGE_SIZE}"

        def read(document: decoders.Document) -> list[Entry]:
            if (found := _entries(document, path)) is None:
                raise decoders.unreadable(f"GET {address} was answered, but with no list of files.")
            return found

        client = SessionClient(self._client, self._session, deadline)
        for entry in pages.pages(client, address, read):
            if paths.is_name_in(path, entry.name):
                yield entry
            else:
                left_out.append(LeftOut(entry.path, "no path can have such a name"))

    def walk(
        self, path: str, depth: int, deadline: Deadline, left_out: list[LeftOut]
    ) -> Iterator[Entry]:
        """Yield what is below a folder, each before what is in it. Raises as `folder` does."""
        below = [(path, depth)]
        while below:
            inner, left = below.pop(0)
            try:
                for entry in self.folder(inner, deadline, left_out):
                    yield entry
                    if entry.is_folder and left > 1:
                        below.append((entry.path, left - 1))
            except errors.EnterpriseManagerError as error:
                if inner == path or concerns_all(error):
                    raise
                left_out.append(LeftOut.by(inner, error))

    def matching(
        self,
        pattern: paths.PathPattern,
        deadline: Deadline,
        left_out: list[LeftOut],
        most_folders: float = inf,
    ) -> Iterator[Entry]:
        """Yield what matches, nothing below it, in at most so many folders. Raises as `walk`."""
        below = [(pattern.folder, pattern.start())]
        for number in count():
            if not below:
                return
            if number >= most_folders:
                why = f"only {number:,} folders were looked into; name one nearer to the file"
                left_out.append(LeftOut(pattern.folder, why))
                return
            folder, state = below.pop(0)
            try:
                entries = list(self.folder(folder, deadline, left_out))
            except errors.EnterpriseManagerError as error:
                if folder == pattern.folder or concerns_all(error):
                    raise
                left_out.append(LeftOut.by(folder, error))
                continue
            names = frozenset(pattern.folded(entry.name) for entry in entries)
            for entry in entries:
                after = pattern.step(state, entry.name, names)
                if pattern.is_whole(after):
                    yield entry
                elif after and entry.is_folder:
                    below.append((entry.path, after))

    def at(self, path: str, deadline: Deadline, left_out: list[LeftOut]) -> list[Entry]:
        """Return what is at a path, or matches a pattern; never nothing. Raises NotFound."""
        if found := self.look(path, deadline, left_out):
            return found
        if pattern := paths.PathPattern.parse(path):
            what = "Nothing matches"
            why = f"Nothing in {printable(pattern.folder)} matches {printable(path)}."
        else:
            parent, name = map(printable, paths.parent_and_name(path))
            what, why = "There is no such file or folder", f"{parent} has nothing named {name}."
        raise errors.NotFound(what, why)

    def look(
        self, path: str, deadline: Deadline, left_out: list[LeftOut], most_folders: float = inf
    ) -> list[Entry]:
        """Return what is at a path or matches a pattern. Raises NotFound for a missing folder."""
        if pattern := paths.PathPattern.parse(path):
            return list(self.matching(pattern, deadline, left_out, most_folders))
        parent, name = paths.parent_and_name(path)
        if not parent:
            next(self.folder(path, deadline, []), None)  # there is no list of volumes to look at
            return [Entry(path, name, is_folder=True)]
        inside = self.folder(parent, deadline, [])
        found = [entry for entry in inside if paths.same_path(entry.path, path)]
        if len(found) > 1:
            raise decoders.unreadable(
                f"{printable(parent)} has {' and '.join(printable(one.name) for one in found)}: "
                f"{ONE_ADDRESS}."
            )
        return found

    def find(self, path: str, deadline: Deadline) -> Entry:
        """Return what is at a path. Raises NotFound; UnexpectedAnswer for two at one address."""
        return self.at(path, deadline, [])[0]

    def neighbours(self, path: str, deadline: Deadline) -> str:
        """Return, for a person, what there is near a path that leads nowhere. Raises nothing."""
        parent, name = paths.parent_and_name(path)
        try:
            while parent:
                try:
                    inside = list(self.folder(parent, deadline, []))
                except errors.NotFound:
                    parent, name = paths.parent_and_name(parent)
                else:
                    if any(paths.same_path(entry.path, f"{parent}/{name}") for entry in inside):
                        return ""  # the answer that it is not there was a passing fault
                    return _nearest(parent, name, [entry.name for entry in inside])
        except errors.EnterpriseManagerError as error:
            log.info("there is no advice: %s", error)
        return ""


def _nearest(folder: str, name: str, names: list[str]) -> str:
    similar = patterns.similar_names(name, names)
    shown = ", ".join(map(printable, similar or sorted(names)[:_SHOWN]))
    said = f"{printable(folder)} is there, but has no {printable(name)}"
    if similar:
        return f"{said}. Similar names there: {shown}."
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{said}. It has: {shown}{more}." if names else f"{said}: it is empty."


def _entries(document: decoders.Document, folder: str) -> list[Entry] | None:
    """Return what a listing tells, the folders first; None when it is no listing."""
    value = document.value
    folders = decoders.listed(value, "DirectoryEntry", "Directory")
    files = decoders.listed(value, "FileEntry", "File")
    names = ("directories", "files", "paginginfo")
    is_listing = document.has_root("FileSystemEntries") or (
        isinstance(value, dict) and any(name in value for name in names)
    )
    if not folders and not files and not is_listing:
        return None
    found, prefix = [], f"{folder}/" if folder else ""
    for entry in folders or ():
        name = _name(entry)
        found.append(Entry(f"{prefix}{name}", name, is_folder=True))
    for entry in files or ():
        name = _name(entry)
        found.append(
            Entry(
                f"{prefix}{name}",
                name,
                is_folder=False,
                size=decoders.size(entry, "Size"),
                owner=decoders.text(entry, "Owner"),
                modified_at=decoders.time(entry, "ModifiedDateUTC"),
            )
        )
    return found


def _name(entry: decoders.Resource) -> str:
    """Return the name of an entry, as the server spells it."""
    name = decoders.member(entry, "Name")
    if isinstance(name, str) and name:
        return name
    path = str(decoders.member(entry, "Path") or "")
    path = path.replace("\\", "/") if paths.has_drive(path) else path
    return path.rstrip("/").rpartition("/")[2]
