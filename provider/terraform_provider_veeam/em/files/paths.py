"""Paths in a mount point: from the volume on, with forward slashes, like `E:/Docs/Offers.docx`.

Follows the vendor's page get_vmrestorepoints_id_mountpoints_id_filepath.
"""

from __future__ import annotations

import re


def parse_guest_path(text: str) -> str:
    """Return a path as the API writes it; ValueError tells a person what is wrong.

    After a drive letter a backslash separates too; elsewhere it may be part of a name.
    """
    path = text.replace("\\", "/") if has_drive(text) else text
    parts = path.rstrip("/").split("/")
    if not parts[0]:
        raise ValueError(
            f'"{text}" does not begin with a volume. Write it like E:/Docs or Volume$0:/etc; '
            "file_system_roots of the mount point lists its volumes."
        )
    if any(part in (".", "..") for part in parts):
        raise ValueError(
            f'"{text}" has a part . or .. in it, which Enterprise Manager\'s API does not know. '
            "Write the whole path."
        )
    if "" in parts:
        raise ValueError(f'"{text}" has two slashes in a row.')
    if "\0" in path:
        raise ValueError(f'"{text}" has a zero character in it, which no name has.')
    return "/".join(parts)


def has_drive(path: str) -> bool:
    """Tell whether a path begins with a drive letter, as in Windows."""
    return re.match(r"[A-Za-z]:", path) is not None


def quoted(path: str) -> str:
    """Return a path as it is written in an address."""
    from urllib.parse import quote  # noqa: PLC0415 - not for the schema

    return quote(path, safe="/:$")


def parent_and_name(path: str) -> tuple[str, str]:
    """Return the folder that a path is in, empty for a volume, and its name there."""
    parent, _, name = path.rpartition("/")
    return parent, name


def is_name_in(folder: str, name: str) -> bool:
    """Tell whether a name that the server tells can be the last part of a path."""
    separators = "/\\\0" if has_drive(folder) else "/\0"
    return name not in ("", ".", "..") and not set(name) & set(separators)


def address_of(path: str) -> str:
    """Return a path as addresses tell it from others: Windows does not care for capitals."""
    return path.lower() if has_drive(path) else path


def same_path(one: str, other: str) -> bool:
    """Tell whether two paths mean the same."""
    return address_of(one) == address_of(other)
