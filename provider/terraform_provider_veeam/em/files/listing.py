"""Folders and files of a mount point, read page by page.

Follows the vendor's page get_vmrestorepoints_id_mountpoints_id_filepath and its siblings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from terraform_provider_veeam.em.errors import NotFound
from terraform_provider_veeam.em.files.paths import (
    is_plain_name,
    parent_and_name,
    quoted,
    same_path,
)
from terraform_provider_veeam.em.http.decoders import (
    Resource,
    integer,
    member,
    members,
    text,
    unreadable,
)
from terraform_provider_veeam.em.inventory.query import PAGE_SIZE, pages
from terraform_provider_veeam.em.times import utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.http.decoders import Document
    from terraform_provider_veeam.em.models import LogonSession


class Entry(NamedTuple):
    """A folder or a file; `path` as in the module paths, `modified_at` is RFC 3339 in UTC."""

    path: str
    name: str
    is_folder: bool
    size: int | None = None
    """Bytes; None for a folder, or when the server does not tell."""
    owner: str | None = None
    modified_at: str | None = None


class Files:
    """The file system of one mount point; `href` is the mount point's path below `/api`."""

    def __init__(self, client: Client, session: LogonSession, href: str) -> None:
        self._client = client
        self._session = session
        self.href = href

    def address(self, path: str) -> str:
        """Return a file's or folder's path below `/api`."""
        return f"{self.href}/{quoted(path)}"

    def folder(self, path: str, deadline: Deadline) -> Iterator[Entry]:
        """Return what a folder holds, asking for each page when it is needed.

        Raises NotFound, SessionExpired.
        """
        address = f"{self.address(path)}?action=listAll&pageSize={PAGE_SIZE}"

        def read(document: Document) -> list[Entry]:
            if not _is_listing(document):
                raise unreadable(f"GET {address} was answered, but with no list of files.")
            return list(_entries(document.value, path))

        yield from pages(self._client, self._session, address, deadline, read)

    def walk(self, path: str, depth: int, deadline: Deadline) -> Iterator[Entry]:
        """Return what is below a folder, `depth` levels deep; a folder comes before what is in it.

        A folder below it that vanishes meanwhile is skipped. Raises as `folder` does.
        """
        below: list[tuple[str, int]] = []
        for entry in self.folder(path, deadline):
            yield entry
            if entry.is_folder and depth > 1:
                below.append((entry.path, depth - 1))
        while below:
            inner, left = below.pop(0)
            try:
                for entry in self.folder(inner, deadline):
                    yield entry
                    if entry.is_folder and left > 1:
                        below.append((entry.path, left - 1))
            except NotFound:
                continue

    def find(self, path: str, deadline: Deadline) -> Entry:
        """Return the folder or file at a path, as its folder lists it. Raises NotFound."""
        parent, name = parent_and_name(path)
        if not parent:
            return Entry(path, name, is_folder=True)
        for entry in self.folder(parent, deadline):
            if same_path(entry.path, path):
                return entry
        raise NotFound(
            "There is no such file or folder",
            f"{parent} has nothing of the name {name}.",
            status=404,
        )


def _is_listing(document: Document) -> bool:
    names = ("directories", "files", "paginginfo")
    return document.has_root("FileSystemEntries") or (
        isinstance(document.value, dict) and any(name in document.value for name in names)
    )


def _entries(value: Resource | None, folder: str) -> Iterator[Entry]:
    for entry in members(member(value, "Directories"), "DirectoryEntry", "Directory"):
        if name := _name(entry):
            yield Entry(f"{folder}/{name}", name, is_folder=True)
    for entry in members(member(value, "Files"), "FileEntry", "File"):
        if name := _name(entry):
            yield Entry(
                f"{folder}/{name}",
                name,
                is_folder=False,
                size=_size(entry),
                owner=text(entry, "Owner"),
                modified_at=utc(text(entry, "ModifiedDateUTC")),
            )


def _size(entry: Resource) -> int | None:
    size = integer(entry, "Size")
    return None if size is None or size < 0 else size


def _name(entry: Resource) -> str | None:
    """Return the name of an entry, as the server spells it; None for one that can't be used."""
    name = member(entry, "Name")
    if not isinstance(name, str) or not name:
        path = str(member(entry, "Path") or "")
        name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return name if is_plain_name(name) else None
