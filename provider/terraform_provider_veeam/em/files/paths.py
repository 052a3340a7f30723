"""Paths in a mount point: from the volume on, with forward slashes, like `E:/Docs/Offers.docx`.

Follows the vendor's page get_vmrestorepoints_id_mountpoints_id_filepath.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self


def parse_guest_path(text: str) -> str:
    """Return a path as the API writes it; ValueError tells a person what is wrong."""
    path = text.replace("\\", "/") if has_drive(text) else text
    if path.startswith("/"):
        raise ValueError(
            f'"{text}" does not begin with a volume. Write it like E:/Docs or Volume$0:/etc.'
        )
    path = _checked(path, text)
    volume = path.partition("/")[0]
    if has_drive(path) and len(volume) > len("C:"):
        raise ValueError(f'"{text}" has no slash after its volume. Write it like C:/Docs.')
    return path


def parse_sought_path(text: str) -> str:
    """Return a path, or one without a volume for `on_volumes`. Raises ValueError for a person."""
    path = text.replace("\\", "/") if has_drive(text) else text
    if not path.startswith("/"):
        path = parse_guest_path(text)
        if "/" in path:
            PathPattern.parse(path)
        return path
    return f"/{_checked(path[1:], text)}"


def _checked(path: str, text: str) -> str:
    parts = path.rstrip("/").split("/")
    if not path.strip("/ \t"):
        raise ValueError(f'"{text}" names nothing.' if text.strip() else "It is blank.")
    if any(part in (".", "..") for part in parts):
        raise ValueError(
            f'"{text}" has a part . or .. in it, which Enterprise Manager\'s API does not know. '
            "Write the whole path."
        )
    if "" in parts:
        raise ValueError(f'"{text}" has two slashes in a row.')
    if "\0" in path:
        raise ValueError(f'"{text}" has a null character in it, which no name has.')
    return "/".join(parts)


def on_volumes(path: str, roots: Sequence[str]) -> list[str]:
    """Return the paths that something sought may have: on each root, unless it names a volume."""
    volumes = [root.rstrip("/\\" if has_drive(root) else "/") for root in roots]
    first = path.partition("/")[0]
    if not volumes or any(same_path(first, volume) for volume in volumes):
        return [path]
    if has_volume(path):
        return []
    return [
        f"{volume}{'' if path.startswith('/') else '/**/'}"
        + (path.replace("\\", "/") if has_drive(volume) else path)
        for volume in volumes
    ]


def has_volume(path: str) -> bool:
    """Tell whether a path names the volume that it begins with."""
    return ":" in path.partition("/")[0]


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


def local_name(path: str) -> str:
    """Return what a file or folder is called on this machine, where there is no `C:`."""
    parent, name = parent_and_name(path)
    return name if parent else name.rstrip(":")


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


class PathPattern(NamedTuple):
    """A path with `*` (anything in a name), `?` (one character), or `**` (folders, any number)."""

    folder: str  # the deepest folder that is named without them: all that matches is below it
    names: tuple[str, ...]  # what follows it, name by name

    @classmethod
    def parse(cls, path: str) -> Self | None:
        """Return a path's pattern; None if it is none. Raises ValueError without a volume."""
        parts = path.split("/")
        first = next((place for place, part in enumerate(parts) if set(part) & set("*?")), None)
        if first is None:
            return None
        if first == 0:
            raise ValueError(
                f'"{path}" begins with a pattern. Name the volume, like C: or Volume$0:, and use '
                "* after it."
            )
        return cls("/".join(parts[:first]), tuple(parts[first:]))

    def start(self) -> frozenset[int]:
        """Return which of its names what is in `folder` may match."""
        return self._past_any_depth({0})

    def step(self, state: frozenset[int], name: str, others: frozenset[str]) -> frozenset[int]:
        """Return which names may match inside of `name`; one of `others` matches only itself."""
        found = set()
        for place in state:
            wanted = self.names[place] if place < len(self.names) else None
            if wanted == _ANY_DEPTH:
                found.add(place)
            elif wanted is not None and self._matches(wanted, name, others):
                found.add(place + 1)
        return self._past_any_depth(found)

    def is_whole(self, state: frozenset[int]) -> bool:
        """Tell whether a state is that of something that matches."""
        return len(self.names) in state

    def _matches(self, wanted: str, name: str, others: frozenset[str]) -> bool:
        wanted, name = self.folded(wanted), self.folded(name)
        if wanted in others:
            return wanted == name
        signs = {"*": ".*", "?": "."}
        expression = "".join(signs.get(character) or re.escape(character) for character in wanted)
        return re.fullmatch(expression, name, re.DOTALL) is not None

    def folded(self, name: str) -> str:
        """Return a name as it is compared: Windows does not care for capitals."""
        return name.lower() if has_drive(self.folder) else name

    def _past_any_depth(self, state: set[int]) -> frozenset[int]:
        """Add what matches when `**` stands for no folder at all."""
        for place, wanted in enumerate(self.names):
            if place in state and wanted == _ANY_DEPTH:
                state.add(place + 1)
        return frozenset(state)


_ANY_DEPTH = "**"
