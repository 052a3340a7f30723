"""Mount points, and what is shown or made ready of the files in a restore point.

Follows the vendor's page vmrestorepoints_id_mountpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from em_simulator.catalogue import RestorePoint
    from em_simulator.restores import RestoreSession


@dataclass(slots=True)
class Mount:
    """A mount point."""

    id: int
    restore_point: RestorePoint
    os_kind: str
    restore: RestoreSession


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
