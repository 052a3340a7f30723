"""A Veeam Backup Enterprise Manager for tests and trials; it imports nothing of the provider."""

from typing import TYPE_CHECKING, Any

from em_simulator.accounts import (
    ADMINISTRATOR,
    GUEST,
    PORTAL_USER,
    RESTORE_OPERATOR,
    VM_RESTORE_OPERATOR,
    Account,
)
from em_simulator.catalogue import Family, RestorePoint
from em_simulator.journal import JournalEntry
from em_simulator.manager import MountNumbers
from em_simulator.restores import GUEST_PASSWORD, GUEST_USERNAME, FileRestore

if TYPE_CHECKING:
    from em_simulator.simulator import MountPoint, Simulator

__all__ = [
    "ADMINISTRATOR",
    "GUEST",
    "GUEST_PASSWORD",
    "GUEST_USERNAME",
    "PORTAL_USER",
    "RESTORE_OPERATOR",
    "VM_RESTORE_OPERATOR",
    "Account",
    "Family",
    "FileRestore",
    "JournalEntry",
    "MountNumbers",
    "MountPoint",
    "RestorePoint",
    "Simulator",
]


def __getattr__(name: str) -> Any:
    """Import the server when it is asked for: it needs a package that is optional."""
    if name in ("MountPoint", "Simulator"):
        from em_simulator import simulator  # noqa: PLC0415

        return getattr(simulator, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
