"""What is restored from a mount point, and how that can fail.

Follows the vendor's page post_vmrestorepoints_id_mountpoints_id_filepath_actionrestore.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from em_simulator.catalogue import RestorePoint
    from em_simulator.sessions import Mount

GUEST_USERNAME = r"TECH\guest-admin"
GUEST_PASSWORD = "Guest#2026"  # noqa: S105 - made up, for a machine that does not exist


class OperationFailed(Exception):
    """A task's work can't be done; the text is its message."""

    def __init__(self, message: str, *, credentials_needed: bool = False) -> None:
        super().__init__(message)
        self.credentials_needed = credentials_needed


@dataclass(frozen=True, slots=True)
class GuestCredentials:
    """An account in the machine that files are restored to."""

    username: str
    password: str = field(repr=False)

    @property
    def are_right(self) -> bool:
        """Whether the machine knows the account."""
        return (self.username.lower(), self.password) == (GUEST_USERNAME.lower(), GUEST_PASSWORD)


@dataclass(frozen=True, slots=True)
class FileRestore:
    """A file or a folder that was restored to its original place, or is to be."""

    machine: str
    path: str
    overwrite: bool
    permissions_only: bool = False
    credentials: GuestCredentials | None = None
    """None: those that the backup job has."""


@dataclass(frozen=True, slots=True)
class Download:
    """Files of a mount point that are made ready to be downloaded."""

    mount: Mount
    asked: str
    paths: Sequence[str]


@dataclass(frozen=True, slots=True)
class Browsed:
    """A restore point whose guest files the index shows."""

    restore_point: RestorePoint
