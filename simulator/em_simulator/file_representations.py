"""How folders and files of a mount point are represented.

Follows the vendor's page get_vmrestorepoints_id_mountpoints_id_filepath and its siblings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from em_simulator.catalogue import Family
from em_simulator.files import File, Folder
from em_simulator.queries import paging_info
from em_simulator.representations import Link, Listing, Resource
from em_simulator.times import utc_text

if TYPE_CHECKING:
    from em_simulator.addresses import Addresses
    from em_simulator.catalogue import RestorePoint
    from em_simulator.mounts import Mount
    from em_simulator.query import Page

LIST_ALL, LIST_FOLDERS, LIST_FILES = "listAll", "listDirs", "listFiles"
_LINKED_SIZE = 10  # of pages that links to the lists of folders or of files ask for


class MountedFiles:
    """Represents what is in one mount point."""

    def __init__(self, addresses: Addresses, mount: Mount) -> None:
        self._at = addresses
        self._mount = mount
        self._is_agents = mount.restore_point.machine.family is Family.AGENT

    def entries(self, folder: Folder, page: Page, action: str) -> Resource:
        """Return a page of what a folder holds."""
        href = self._href(folder)
        paged = f"{href}?action={action}&pageSize={page.size}"
        folders = [self._folder(item) for item in page.items if isinstance(item, Folder)]
        files = [self._file(item) for item in page.items if isinstance(item, File)]
        links = [Link(rel, f"{paged}&page={number}") for rel, number in page.turns]
        return Resource(
            "FileSystemEntries",
            {"Href": f"{paged}&page={page.number}"},
            [Link("Up", href, "DirectoryEntry")],
            {
                "Files": Listing("FileEntry", files) if action != LIST_FOLDERS else None,
                "Directories": Listing("DirectoryEntry", folders) if action != LIST_FILES else None,
                "PagingInfo": paging_info(page, links),
            },
        )

    def entry(self, item: File | Folder) -> Resource:
        """Return one file or folder on its own."""
        told = {
            "FileEntry": self._file(item) if isinstance(item, File) else None,
            "DirectoryEntry": self._folder(item, alone=True) if isinstance(item, Folder) else None,
        }
        return Resource("FileSystemEntry", properties=told)

    def _folder(self, folder: Folder, *, alone: bool = False) -> Resource:
        href, paging = self._href(folder), f"pageSize={_LINKED_SIZE}&page=1"
        links = [
            *([] if alone else self._up(folder)),
            Link("Down", f"{href}?action={LIST_ALL}", "FileSystemItemsList"),
            Link("Down", f"{href}?action={LIST_FILES}&{paging}", "FileEntryList"),
            Link("Down", f"{href}?action={LIST_FOLDERS}&{paging}", "DirectoryEntryList"),
            *self._restoring(folder),
        ]
        attributes = {"Href": href, "Type": "DirectoryEntry"}
        values = {"Path": folder.path or None, "Name": folder.name or None}
        return Resource("DirectoryEntry", attributes, links, values)

    def _file(self, file: File) -> Resource:
        href = self._href(file)
        return Resource(
            "FileEntry",
            {"Href": href, "Type": "FileEntry"},
            [*self._up(file), *self._restoring(file)],
            {
                "Path": file.path,
                "Name": file.name,
                "Size": file.size,
                "Owner": None if self._is_agents else file.owner,
                "ModifiedDateUTC": utc_text(file.modified),
            },
        )

    def _up(self, item: File | Folder) -> list[Link]:
        return [Link("Up", self._at.parent(self._mount, item.path), "DirectoryEntry")]

    def _restoring(self, item: File | Folder) -> list[Link]:
        return [Link("Restore", f"{self._href(item)}?action=restore")]

    def _href(self, item: File | Folder) -> str:
        return self._at.file(self._mount, item.path)


class IndexedFiles(MountedFiles):
    """Represents what the index has of one restore point; samples link less than in a mount."""

    def __init__(self, addresses: Addresses, point: RestorePoint) -> None:
        self._at = addresses
        self._point = point
        self._is_agents = False

    def _up(self, _: File | Folder) -> list[Link]:
        return []

    def _restoring(self, item: File | Folder) -> list[Link]:
        return super()._restoring(item) if isinstance(item, File) else []

    def _href(self, item: File | Folder) -> str:
        return self._at.indexed_file(self._point, item.path)
