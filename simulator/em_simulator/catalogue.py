"""What was backed up: a few machines, with restore points over some weeks.

The same seed gives the same machines, times and UUIDs.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import Enum

BACKUP_SERVER = "backup01.tech.local"
BACKUP_SERVER_ID = "8c88c6d6-931f-4044-8c0b-7a0c5f188b00"
NIGHTS = 21
LAST_NIGHT = dt.datetime(2026, 11, 15, 22, 0, 42, tzinfo=dt.UTC)
_NAMESPACE = uuid.UUID("5b1ad5b5-4a5d-4f0e-9c3f-0d4f3a6c7e21")


class Family(Enum):
    """The three families of restore points that can be mounted, each with paths of its own."""

    VM = ("vmRestorePoints", "VmRestorePoint")
    REPLICA = ("vmReplicaPoints", "VmReplicaPoint")
    AGENT = ("agents/agentRestorePoints", "AgentRestorePoint")

    def __init__(self, collection: str, entity: str) -> None:
        self.collection = collection
        """Path of the collection below `/api/`."""
        self.entity = entity
        """Name of the resource type."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that is backed up."""

    name: str
    os_kind: str
    family: Family
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """One night's backup of one machine."""

    id: str
    machine: Machine
    created_at: dt.datetime
    is_full: bool

    @property
    def name(self) -> str:
        """Name as Enterprise Manager shows it."""
        return f"{self.machine.name}@{self.created_at:%Y-%m-%d %H:%M:%S}"

    @property
    def uid(self) -> str:
        """URN of the restore point."""
        return f"urn:veeam:{self.machine.family.entity}:{self.id}"


MACHINES = (
    Machine("oracle03", "Windows", Family.VM, ("C:", "E:")),
    Machine("exch01", "Windows", Family.VM, ("C:", "D:", "E:")),
    Machine("files & prints", "Windows", Family.VM, ("C:",)),
    Machine("web02", "Linux", Family.VM, ("Volume$0:", "Volume$1:")),
    Machine("srv04_replica", "Windows", Family.REPLICA, ("C:",)),
    Machine("rhel72", "Linux", Family.AGENT, ("Volume$0:",)),
    Machine("laptop17", "Windows", Family.AGENT, ("C:",)),
)


class Catalogue:
    """All restore points, found by family and UUID."""

    def __init__(self, seed: int, minimum: int = 0) -> None:
        """Make at least so many restore points of VMs."""
        machines = [*MACHINES]
        while len(machines) * NIGHTS < minimum:
            machines.append(Machine(f"vm{len(machines):05}", "Windows", Family.VM, ("C:",)))
        self._points = {
            (point.machine.family, point.id): point
            for number, machine in enumerate(machines)
            for night in range(NIGHTS)
            for point in [_restore_point(seed, number, machine, night)]
        }
        self._sorted: dict[Family, list[RestorePoint]] = {}

    def find(self, family: Family, restore_point_id: str) -> RestorePoint | None:
        """Return a restore point; None when there is none in that family."""
        return self._points.get((family, restore_point_id.lower()))

    def of(self, family: Family) -> list[RestorePoint]:
        """Return the restore points of a family, the newest first."""
        if family not in self._sorted:
            found = [point for (kind, _), point in self._points.items() if kind is family]
            found.sort(key=lambda point: (point.created_at, point.name), reverse=True)
            self._sorted[family] = found
        return self._sorted[family]


def _restore_point(seed: int, number: int, machine: Machine, night: int) -> RestorePoint:
    created_at = LAST_NIGHT - dt.timedelta(days=night, minutes=-7 * number)
    return RestorePoint(
        id=str(uuid.uuid5(_NAMESPACE, f"{seed}/{machine.name}/{night}")),
        machine=machine,
        created_at=created_at,
        is_full=created_at.weekday() == 5,  # noqa: PLR2004 - full backups on Saturdays
    )
