"""Folders and files of a mount point, read page by page.

Follows the vendor's page get_vmrestorepoints_id_mountpoints_id_filepath and its siblings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from terraform_provider_veeam.em.decoding import items, text
from terraform_provider_veeam.em.errors import NotFound, UnexpectedAnswer
from terraform_provider_veeam.em.guest_paths import (
    is_plain_name,
    parent_and_name,
    quoted,
    same_path,
)
from terraform_provider_veeam.em.querying import PAGE_SIZE, has_next
from terraform_provider_veeam.em.restore_points import utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.em.waiting import Deadline


_SIZE = r"\d{1,18}"  # bytes


class Entry(NamedTuple):
    """A folder or a file; `path` as in guest_paths, `modified_at` is RFC 3339 in UTC."""

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
        """Return what a folder holds, asking for a page when it is needed.

        Raises NotFound, SessionExpired.
        """
        base = f"{self.address(path)}?action=listAll&pageSize={PAGE_SIZE}"
        page, before = 1, None
        while True:
            answer = self._client.request(
                "GET", f"{base}&page={page}", deadline, token=self._session.token
            )
            value = answer.document.value
            if not isinstance(value, dict) or not _is_listing(value, answer.document.root):
                raise UnexpectedAnswer(
                    "Enterprise Manager's answer can't be understood",
                    f"GET {base}&page={page} was answered with {answer.status}, but with no list "
                    "of files and folders.",
                )
            found = list(_entries(value, path))
            if found == before:
                return  # the server tells no pages and gives the same one again
            yield from found
            if not has_next(answer.document, page, found, before):
                return
            page, before = page + 1, found

    def walk(self, path: str, depth: int, deadline: Deadline) -> Iterator[Entry]:
        """Return what is below a folder, so many levels deep; a folder comes before its own.

        A folder below that vanishes meanwhile is passed over. Raises as `folder` does.
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


def _is_listing(value: Mapping[str, Any], root: str | None) -> bool:
    names = ("Directories", "Files", "PagingInfo")
    return root == "FileSystemEntries" or any(name in value for name in names)


def _entries(value: Mapping[str, Any], folder: str) -> Iterator[Entry]:
    for entry in items(value.get("Directories"), "DirectoryEntry"):
        if name := _name(entry):
            yield Entry(f"{folder}/{name}", name, is_folder=True)
    for entry in items(value.get("Files"), "FileEntry"):
        if name := _name(entry):
            size = text(entry, "Size") or ""
            yield Entry(
                f"{folder}/{name}",
                name,
                is_folder=False,
                size=int(size) if re.fullmatch(_SIZE, size, re.ASCII) else None,
                owner=text(entry, "Owner"),
                modified_at=utc(text(entry, "ModifiedDateUTC")),
            )


def _name(entry: Mapping[str, Any]) -> str | None:
    """Return the name of an entry, as the server spells it; None for one that can't be used."""
    name = entry.get("Name")
    if not isinstance(name, str) or not name:
        path = str(entry.get("Path") or "")
        name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return name if is_plain_name(name) else None
