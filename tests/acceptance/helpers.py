"""The Enterprise Manager of a test, and the configurations that are applied to it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from em_simulator import ADMINISTRATOR, Family, JournalEntry, MountPoint, Simulator
from em_simulator.catalogue import Catalogue

SEED = 1
MOUNTS = r"/(?:vmRestorePoints|vmReplicaPoints|agents/agentRestorePoints)/[0-9a-f-]{36}/mounts"
_FAMILIES = {"vm": Family.VM, "replica": Family.REPLICA, "agent": Family.AGENT}
_NEWEST = {kind: Catalogue(SEED).of(family)[0].id for kind, family in _FAMILIES.items()}
RESTORE_POINT = _NEWEST["vm"]
NOTES = ".terraform-provider-veeam.jsonl"

REQUIRED = """
terraform {
  required_providers {
    veeam = {
      source = "veeam-em/veeam"
    }
  }
}
"""


def mount_points(
    count: int, *, kind: str = "vm", extra: str = "", restore_point: str | None = None
) -> str:
    """Return a configuration with so many mounts of one restore point."""
    written = "" if kind == "vm" else f'restore_point_type = "{kind}"'
    return f"""{REQUIRED}
resource "veeam_mount_point" "this" {{
  count            = {count}
  restore_point_id = "{restore_point or _NEWEST[kind]}"
  {written}
  {extra}
}}
"""


class Server:
    """A simulator, as the tests look at it."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    @property
    def fingerprint(self) -> str:
        return self.simulator.fingerprint

    @property
    def environment(self) -> dict[str, str]:
        """How the provider finds it."""
        return {
            "VEEAM_EM_URL": self.simulator.url,
            "VEEAM_EM_USERNAME": ADMINISTRATOR.username,
            "VEEAM_EM_PASSWORD": ADMINISTRATOR.password,
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": self.simulator.fingerprint,
            "VEEAM_EM_MAX_RETRIES": "2",  # a fault that stays costs a second, not fifteen
        }

    def requests(self, method: str = r"\w+", path: str = ".*") -> list[JournalEntry]:
        """Return the requests so far whose method and path below /api match."""
        return [
            entry
            for entry in self.simulator.journal
            if re.fullmatch(method, entry.method)
            and re.fullmatch(f"{path}/?", entry.path, re.IGNORECASE)
        ]

    def mounts(self) -> list[MountPoint]:
        return self.simulator.mounts()

    def sessions(self) -> list[str]:
        return self.simulator.sessions()

    def expire_sessions(self) -> None:
        self.simulator.expire_sessions()

    def fault(self, name: str, pattern: str, count: int | None = 1, **options: Any) -> None:
        self.simulator.add_fault(name, pattern, count, **options)

    def log_on(self) -> str:
        """Make a logon session as somebody else; returns its token."""
        return self.simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)[1]

    def mount_with(self, token: str) -> MountPoint:
        """Mount the tests' restore point in the session of that token."""
        return self.simulator.mount(token, Family.VM, RESTORE_POINT)

    def mount_as_somebody_else(self) -> MountPoint:
        """Mount the tests' restore point in a session that nobody else knows."""
        return self.mount_with(self.log_on())


def files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Return the files below a folder, by their paths in it, without the notes of a download."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != NOTES:
            yield file.relative_to(folder).as_posix(), file.read_bytes()
