"""What was backed up: a few machines, with restore points over some weeks.

The same seed gives the same machines, times and UUIDs.
"""

from __future__ import annotations

import datetime as dt
import uuid
import zlib
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from em_simulator.times import name_text, utc_text

NIGHTS = 21
LAST_NIGHT = dt.datetime(2026, 11, 15, 22, 0, 42, tzinfo=dt.UTC)
HIERARCHY_ROOT_ID = "4f0c1a52-6d2b-4f0e-8a39-0b6f1d7a2c11"
_NAMESPACE = uuid.UUID("5b1ad5b5-4a5d-4f0e-9c3f-0d4f3a6c7e21")
_DIGITS = 7  # at most, in the fraction of a second
_EXACT_DIGITS = 6  # at most, on PostgreSQL
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class BackupServer:
    """A backup server."""

    id: str
    name: str

    @property
    def uid(self) -> str:
        """URN of the backup server."""
        return f"urn:veeam:BackupServer:{self.id}"


FIRST_SERVER = BackupServer("8c88c6d6-931f-4044-8c0b-7a0c5f188b00", "backup01.tech.local")
SECOND_SERVER = BackupServer("5e0a7b13-2c4f-4d91-b7e6-3f8a9c1d0b42", "backup02.tech.local")


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
    minutes: int
    """When its turn comes each night: minutes after the first machine's."""
    is_known_to_host: bool = True
    """Whether its restore points tell where it is in the hierarchy of its host."""

    server: BackupServer = FIRST_SERVER
    own_ref: str | None = None
    """The reference of a VM whose host does not name it as `object_id` says."""

    @property
    def object_id(self) -> str:
        """What its host calls it."""
        return f"vm-{zlib.crc32(self.name.encode()) % 10_000}"

    @property
    def ref(self) -> str:
        """Reference to the VM in the hierarchy of its host."""
        return self.own_ref or f"urn:VMware:Vm:{HIERARCHY_ROOT_ID}.{self.object_id}"

    @property
    def hierarchy_ref(self) -> str | None:
        """Reference to the VM itself; None where restore points do not tell it."""
        if self.family is not Family.VM or not self.is_known_to_host:
            return None
        return self.ref

    @property
    def backup_name(self) -> str:
        """Name of the backup, or replica, that its restore points belong to."""
        return {
            Family.VM: "Daily",
            Family.REPLICA: "Replicas",
            Family.AGENT: f"Agents - {self.name}",
        }[self.family]

    @property
    def backup_id(self) -> str:
        """UUID of that backup or replica."""
        return str(uuid.uuid5(_NAMESPACE, f"backup {self.backup_name}"))


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """One night's backup of one machine."""

    id: str
    machine: Machine
    created_at: dt.datetime
    fraction: str
    """Digits of the second's fraction in `created_at`, up to seven: more than a datetime has."""
    is_full: bool
    is_complete: bool = True
    """Whether it is written to its end; before, it can be neither mounted nor restored."""
    is_exact: bool = False
    """Whether its name has the second's fraction, as on PostgreSQL."""

    @property
    def name(self) -> str:
        """Name as Enterprise Manager shows it."""
        return f"{self.machine.name}@{name_text(self.created_at, is_exact=self.is_exact)}"

    @property
    def uid(self) -> str:
        """URN of the restore point."""
        return f"urn:veeam:{self.machine.family.entity}:{self.id}"

    @property
    def created_text(self) -> str:
        """When it was made, as it stands on the wire."""
        return utc_text(self.created_at, self.fraction)

    @property
    def algorithm(self) -> str:
        """How it was made."""
        return "Full" if self.is_full else "Incremental"

    @property
    def point_type(self) -> str:
        """What it is."""
        if self.machine.family is Family.REPLICA:
            return "Snapshot"
        return "Full" if self.is_full else "Increment"

    @property
    def backup_point_id(self) -> str:
        """UUID of the backup's restore point that it is a part of."""
        return str(uuid.uuid5(_NAMESPACE, f"restore point {self.id}"))

    @property
    def backup_point_name(self) -> str:
        """Name of that restore point, like `Nov 15 2026 10:00PM`: two places for the day."""
        moment = self.created_at
        if self.is_exact:
            return name_text(moment, is_exact=True)
        return f"{moment:%b} {moment.day:2} {moment:%Y} {moment.hour % 12 or 12:2}:{moment:%M%p}"

    @property
    def backup_file_id(self) -> str:
        """UUID of the file that it is in."""
        return str(uuid.uuid5(_NAMESPACE, f"backup file {self.id}"))

    @property
    def backup_file_name(self) -> str:
        """Name of that file."""
        suffix = "vbk" if self.is_full else "vib"
        return f"{self.machine.backup_name}{self.created_at:D%Y-%m-%dT%H%M%S}.{suffix}"


_QUOTED_NAME = 'Büro "Süd"; a,b@c'

MACHINES = (
    Machine("oracle03", "Windows", Family.VM, ("C:", "E:"), 0),
    Machine("exch01", "Windows", Family.VM, ("C:", "D:", "E:"), 7),
    Machine("files & prints", "Windows", Family.VM, ("C:",), 14, is_known_to_host=False),
    Machine("web02", "Linux", Family.VM, ("Volume$0:", "Volume$1:"), 21),
    Machine("srv04_replica", "Windows", Family.REPLICA, ("C:",), 28),
    Machine("rhel72", "Linux", Family.AGENT, ("Volume$0:",), 35),
    Machine("laptop17", "Windows", Family.AGENT, ("C:",), 42),
    Machine(_QUOTED_NAME, "Windows", Family.VM, ("C:",), -60),
    Machine(f"{_QUOTED_NAME}2", "Windows", Family.VM, ("C:",), -50),
    Machine(f"Alt-{_QUOTED_NAME}", "Windows", Family.VM, ("C:",), -40),
    Machine("oracle03.tech.local", "Windows", Family.VM, ("C:",), -30),
)


class Catalogue:
    """All restore points, found by family and UUID."""

    def __init__(
        self, seed: int, minimum: int = 0, nights: int = NIGHTS, *, is_exact: bool = False
    ) -> None:
        """Make at least so many restore points of VMs, one a night; with exact names or without."""
        self._is_exact = is_exact
        self._machines = [*MACHINES]
        while len(self._machines) * nights < minimum:
            number = len(self._machines)
            self._machines.append(
                Machine(f"vm{number:05}", "Windows", Family.VM, ("C:",), 7 * number)
            )
        self._points = {
            (point.machine.family, point.id): point
            for number, machine in enumerate(self._machines)
            for night in range(nights)
            for point in [_restore_point(seed, number, machine, night, is_exact=is_exact)]
        }
        self._sorted: dict[Family, list[RestorePoint]] = {}
        self._added = 0

    def find(self, family: Family, restore_point_id: str) -> RestorePoint | None:
        """Return a restore point; None when there is none in that family."""
        return self._points.get((family, restore_point_id.lower()))

    def of(self, family: Family) -> list[RestorePoint]:
        """Return the restore points of a family, the newest first."""
        if family not in self._sorted:
            found = [point for (kind, _), point in self._points.items() if kind is family]
            found.sort(key=_age, reverse=True)
            self._sorted[family] = found
        return self._sorted[family]

    def machine(self, name: str) -> Machine:
        """Return a machine. Raises ValueError when there is none of that name."""
        for machine in self._machines:
            if machine.name == name:
                return machine
        raise ValueError(f"there is no machine {name!r}")

    @property
    def machines(self) -> list[Machine]:
        """All machines."""
        return list(self._machines)

    def machine_at(self, ref: str, name: str) -> Machine:
        """Return the machine of a VM, one without restore points if it never had any."""
        for machine in self._machines:
            if machine.family is Family.VM and ref == machine.ref:
                return machine
        return self._add_machine(Machine(name, "Windows", Family.VM, ("C:",), 0, own_ref=ref))

    def replica_of(self, name: str) -> Machine:
        """Return the replica of a VM, one without restore points if it never had any."""
        name = f"{name}_replica"
        for machine in self._machines:
            if machine.family is Family.REPLICA and name == machine.name:
                return machine
        return self._add_machine(Machine(name, "Windows", Family.REPLICA, ("C:",), 0))

    def _add_machine(self, machine: Machine) -> Machine:
        self._machines.append(machine)
        return machine

    def add(
        self,
        machine: Machine,
        created_at: dt.datetime,
        fraction: str,
        *,
        is_full: bool = False,
        is_complete: bool = True,
    ) -> RestorePoint:
        """Add a restore point of a machine."""
        self._added += 1
        point = RestorePoint(
            id=str(uuid.uuid5(_NAMESPACE, f"added {self._added}/{machine.name}")),
            machine=machine,
            created_at=created_at,
            fraction=fraction,
            is_full=is_full,
            is_complete=is_complete,
            is_exact=self._is_exact,
        )
        self._points[machine.family, point.id] = point
        self._sorted.pop(machine.family, None)
        return point

    def add_twin(self, machine: Machine) -> list[RestorePoint]:
        """Have the second backup server back a VM of the same name up, half an hour later."""
        twin = self._add_machine(replace(machine, server=SECOND_SERVER))
        return [
            self.add(twin, point.created_at + dt.timedelta(minutes=30), point.fraction)
            for point in self.of(machine.family)
            if point.machine == machine
        ]

    def remove(self, point: RestorePoint) -> None:
        """Remove a restore point. Raises KeyError when it is not there."""
        del self._points[point.machine.family, point.id]
        self._sorted.pop(point.machine.family, None)


def _age(point: RestorePoint) -> tuple[dt.datetime, str, str]:
    return point.created_at.replace(microsecond=0), point.fraction.ljust(_DIGITS, "0"), point.name


@lru_cache(4096)
def _restore_point(
    seed: int, number: int, machine: Machine, night: int, *, is_exact: bool
) -> RestorePoint:
    made = uuid.uuid5(_NAMESPACE, f"{seed}/{machine.name}/{night}")
    created_at = LAST_NIGHT - dt.timedelta(days=night, minutes=-machine.minutes)
    most = _EXACT_DIGITS if is_exact else _DIGITS
    fraction = f"{made.int % 10**_DIGITS:07}"[: (number + night) % (most + 1)]
    return RestorePoint(
        id=str(made),
        machine=machine,
        created_at=created_at.replace(microsecond=int(fraction[:6].ljust(6, "0"))),
        fraction=fraction,
        is_full=created_at.weekday() == _SATURDAY,
        is_exact=is_exact,
    )
