"""Lists to which something comes, and from which something goes, while their pages are read."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, Family, Simulator
from em_simulator.catalogue import NIGHTS
from em_simulator.faults import Fault, Faults
from support.clocks import FakeClock
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files import listing as listing_module
from terraform_provider_veeam.em.inventory import machines
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.jobs.jobs import WantedJobs
from terraform_provider_veeam.em.jobs.sessions import WantedSessions
from terraform_provider_veeam.em.models import LogonSession, RestorePointType

MakeDeadline = Callable[..., Deadline]
FOLDER = "C:/Invoices"
LIMIT = 10_000


class Meanwhile(Faults):
    """Lets something happen just before a page is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.happens: list[tuple[int, Callable[[], object]]] = []
        """What, with the number of the request."""

    def take(self, method: str, path: str) -> list[Fault]:
        if path == "/query" or path.endswith("/Invoices"):
            self.asked += 1
            while self.happens and self.happens[0][0] == self.asked:
                self.happens.pop(0)[1]()
        return super().take(method, path)


@pytest.fixture
def meanwhile() -> Meanwhile:
    return Meanwhile()


@pytest.fixture
def simulator(clock: FakeClock, meanwhile: Meanwhile) -> Iterator[Simulator]:
    with Simulator(clock=clock, faults=meanwhile) as running:
        yield running


class Listing(ABC):
    """A list of things that have numbers; those with the lowest are on its first page."""

    things = 210

    def __init__(self, simulator: Simulator, em: EnterpriseManager, deadline: Any) -> None:
        self.simulator, self.em, self.deadline = simulator, em, deadline
        self.ids: dict[int, str] = {}

    @abstractmethod
    def come(self, number: int) -> None: ...

    @abstractmethod
    def go(self, number: int) -> None: ...

    @abstractmethod
    def read(self) -> list[str]: ...


class RestorePoints(Listing):
    things = 130

    def come(self, number: int) -> None:
        self.ids[number] = self.simulator.add_restore_point("web02", _time(number)).id

    def go(self, number: int) -> None:
        self.simulator.remove_restore_point(Family.VM, self.ids[number])

    def read(self) -> list[str]:
        found = self.em.restore_points.find(Wanted(), LIMIT, self.deadline())
        return [point.ref.id for point in found]


class Jobs(Listing):
    def come(self, number: int) -> None:
        self.ids[number] = self.simulator.add_job(f"job {number}").id

    def go(self, number: int) -> None:
        self.simulator.remove_job(f"job {number}")

    def read(self) -> list[str]:
        return [job.id for job in self.em.jobs.find(WantedJobs(), self.deadline())]


class BackupSessions(Listing):
    def come(self, number: int) -> None:
        self.ids[number] = self.simulator.add_backup("Daily", "oracle03", _time(number)).id

    def go(self, number: int) -> None:
        self.simulator.remove_backup(self.ids[number])

    def read(self) -> list[str]:
        found = self.em.backups.job_sessions(WantedSessions(), LIMIT, self.deadline())
        return [session.id for session in found]


class FilesOfFolder(Listing):
    def __init__(self, simulator: Simulator, em: EnterpriseManager, deadline: Any) -> None:
        super().__init__(simulator, em, deadline)
        points = simulator.restore_points(Family.VM)
        point = next(point for point in points if point.machine.name == "oracle03")
        who = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
        mount = simulator.mount(who[1], Family.VM, point.id)
        self.files, _ = em.files(LogonSession(*who), mount.path)

    def come(self, number: int) -> None:
        self.ids[number] = f"{number:04}.pdf"
        self.simulator.add_file("oracle03", f"{FOLDER}/{self.ids[number]}", b"")

    def go(self, number: int) -> None:
        self.simulator.remove_file("oracle03", f"{FOLDER}/{self.ids[number]}")

    def read(self) -> list[str]:
        return [entry.name for entry in self.files.folder(FOLDER, self.deadline(), [])]


def _time(number: int) -> str:
    """Return a time after all nights: the lower the number, the newer."""
    return f"2026-11-20T{23 - number // 60:02}:{59 - number % 60:02}:00Z"


@pytest.mark.parametrize("kind", [RestorePoints, Jobs, BackupSessions, FilesOfFolder])
def test_what_was_there_all_the_time_is_listed_once(
    kind: type[Listing],
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    meanwhile: Meanwhile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing_module, "_PAGE_SIZE", 100)
    listing = kind(simulator, em, deadline)
    for number in range(kind.things):
        listing.come(number)
    old, new = itertools.count(), itertools.count(kind.things)
    there = set(listing.read())
    for at, (comes, goes) in itertools.product(range(2, 6), ((0, 0), (0, 1), (1, 0))):
        coming, going = next(new), next(old)
        meanwhile.happens += [(meanwhile.asked + at + comes, partial(listing.come, coming))]
        meanwhile.happens += [(meanwhile.asked + at + goes, partial(listing.go, going))]
        meanwhile.happens.sort(key=itemgetter(0))
        found = listing.read()
        assert not meanwhile.happens, "there are too few pages"
        there.remove(listing.ids[going])
        assert len(found) == len(set(found)), (at, comes, goes)
        assert not there - set(found), (at, comes, goes)
        there.add(listing.ids[coming])


def test_a_machine_counts_each_restore_point_once(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    meanwhile: Meanwhile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machines, "_PAGE_SIZE", 100)
    for number in range(30):
        simulator.add_restore_point("web02", _time(number))
    for at in range(2, 6):
        newest = simulator.restore_points(Family.VM)[0]
        remove = partial(simulator.remove_restore_point, Family.VM, newest.id)
        add = partial(simulator.add_restore_point, "web02", _time(30 + at))
        meanwhile.happens = [(meanwhile.asked + at, remove), (meanwhile.asked + at + 1, add)]
        found = em.machines.find(Wanted(), deadline(), [RestorePointType.VM]).machines
        counts = {one.name: one.restore_point_count for one in found}
        assert counts.pop("web02") - NIGHTS in (29, 30, 31)
        assert set(counts.values()) == {NIGHTS}
