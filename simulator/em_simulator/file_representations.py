"""How folders and files of a mount point are represented.

Follows the vendor's page get_vmrestorepoints_id_mountpoints_id_filepath and its siblings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from em_simulator.representations import Link, Listing, Resource

if TYPE_CHECKING:
    from em_simulator.files import File, Folder
    from em_simulator.query import Page


def entries(mount_href: str, folder: Folder, page: Page, action: str) -> Resource:
    """Return a page of what a folder holds."""
    href = href_of(mount_href, folder.path)
    of_folders = [_directory(mount_href, item) for item in page.items if _is_folder(item)]
    of_files = [_file(mount_href, item) for item in page.items if not _is_folder(item)]
    paged = f"{href}?action={action}&pageSize={page.size}"
    rels = (
        ("First", 1),
        ("Prev", page.number - 1),
        ("Next", page.number + 1),
        ("Last", page.count),
    )
    links = [
        Link(rel, f"{paged}&page={number}") for rel, number in rels if 1 <= number <= page.count
    ]
    paging = {"PageNum": page.number, "PageSize": page.size, "PagesCount": page.count}
    return Resource(
        "FileSystemEntries",
        {"Href": f"{paged}&page={page.number}"},
        properties={
            "Directories": Listing("DirectoryEntry", of_folders),
            "Files": Listing("FileEntry", of_files),
            "PagingInfo": Resource("PagingInfo", paging, links),
        },
    )


def one_file(mount_href: str, file: File) -> Resource:
    """Return a file on its own."""
    return _file(mount_href, file)


def href_of(mount_href: str, path: str) -> str:
    """Return the address of a path in a mount point."""
    return f"{mount_href}/{quote(path, safe='/:$')}"


def _is_folder(item: File | Folder) -> bool:
    return not hasattr(item, "size")


def _shown_path(path: str) -> str:
    """Return a path as the machine writes it."""
    return path.replace("/", "\\") if path[1:2] == ":" else path


def _directory(mount_href: str, folder: Folder) -> Resource:
    href = href_of(mount_href, folder.path)
    return Resource(
        "DirectoryEntry",
        {"Href": href, "Type": "DirectoryEntry"},
        [
            *(Link("Down", f"{href}?action={a}") for a in ("listAll", "listDirs", "listFiles")),
            Link("Restore", f"{href}?action=restore"),
        ],
        {"Path": _shown_path(folder.path), "Name": folder.name},
    )


def _file(mount_href: str, file: File) -> Resource:
    href = href_of(mount_href, file.path)
    return Resource(
        "FileEntry",
        {"Href": href, "Type": "FileEntry"},
        [Link("Up", href.rpartition("/")[0], "DirectoryEntry")],
        {
            "Path": _shown_path(file.path),
            "Name": file.name,
            "Size": file.size,
            "Owner": file.owner,
            "ModifiedDateUTC": f"{file.modified:%Y-%m-%dT%H:%M:%SZ}",
            "Actions": Listing("Link", [_restore(href)]),
        },
    )


def _restore(href: str) -> Resource:
    return Resource("Link", {"Rel": "Restore", "Href": f"{href}?action=restore"})
