"""What paths and patterns bring: each file is fetched, or told at the end."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import (
    AccessDenied,
    CannotWrite,
    EnterpriseManagerError,
    SizeDiffers,
    SomeLeftOut,
    Stopped,
)
from terraform_provider_veeam.em.files import plan
from terraform_provider_veeam.em.files.destination import Destination
from terraform_provider_veeam.em.files.download import Downloaded
from terraform_provider_veeam.em.files.left_out import LeftOut
from terraform_provider_veeam.em.files.listing import Entry
from terraform_provider_veeam.em.files.overwrite import Act, Overwrite, Target
from terraform_provider_veeam.em.files.paths import PathPattern
from terraform_provider_veeam.em.files.plan import DEEPEST
from terraform_provider_veeam.em.files.progress import Progress
from terraform_provider_veeam.em.files.transfer import Transfer
from terraform_provider_veeam.em.models import Task

DEADLINE = Deadline(operation="Downloading", seconds=60, stop=threading.Event(), clock=FakeClock())


class Guest:
    """A folder of a guest, with these files and folders in it, and what goes wrong with some."""

    def __init__(self, *paths: str, **errors: EnterpriseManagerError) -> None:
        self.href = "/vmRestorePoints/x/mounts/1"
        self.paths = paths
        self.errors = errors
        self.begun: list[str] = []
        self.fetched: list[str] = []
        self.ahead: list[int] = []
        """How many more were begun than fetched, each time."""

    def at(self, path: str, *_: Any) -> list[Entry]:
        pattern = PathPattern.parse(path)
        if pattern:
            return list(self.walk(pattern.folder, 1, DEADLINE, []))
        return [Entry(path, path, is_folder=True)]

    def walk(
        self, path: str, depth: int, deadline: Deadline, left_out: list[LeftOut]
    ) -> Iterator[Entry]:
        for each in self.paths:
            whole = f"{path}/{each.rstrip('/')}"
            yield Entry(whole, whole.rpartition("/")[2], is_folder=each.endswith("/"))

    def address(self, path: str) -> str:
        return path

    def begin(self, _: Any, path: str, deadline: Deadline) -> Task:
        self.begun.append(path)
        return Task("task-1", "Finished")

    def finish(self, *_: Any) -> Iterator[str]:
        return iter(())

    def download(
        self, address: str, deadline: Deadline, *, target: Target, **rest: Any
    ) -> Downloaded:
        name = address.partition("?")[0].rpartition("/")[2]
        if name in self.errors:
            raise self.errors[name]
        self.fetched.append(name)
        self.ahead.append(len(self.begun) - len(self.fetched))
        return Downloaded(target.place.path, 0, "")


def finished(told: Generator[str, None, Any]) -> Any:
    """The result of what tells how far it is."""
    while True:
        try:
            next(told)
        except StopIteration as end:
            return end.value


def download(guest: Any, folder: Path, path: str = "C:/t", parallelism: int = 1) -> Progress:
    """How far a download has come in the end."""
    with (
        Destination(folder) as destination,
        Transfer(guest, guest, destination, DEADLINE, parallelism=parallelism) as job,
    ):
        finished(job.fetch(finished(job.plan(path))))
    return job.progress


def test_files_of_one_address_are_told_and_none_of_them_is_fetched(tmp_path: Path) -> None:
    guest = Guest("A.txt", "a.txt", "b", "Docs/", "docs/", "Docs/x", "docs/y")
    with pytest.raises(SomeLeftOut) as raised:
        download(guest, tmp_path)
    assert guest.fetched == ["b"]
    told = [line.split(": ")[0].strip() for line in raised.value.detail.splitlines()[1:]]
    assert told == [f"C:/t/{n}" for n in ("A.txt", "a.txt", "Docs", "docs", "Docs/x", "docs/y")]


def test_in_linux_they_have_addresses_of_their_own(tmp_path: Path) -> None:
    guest = Guest("A.txt", "a.txt")
    download(guest, tmp_path, "Volume$0:/t")
    assert guest.fetched == ["A.txt", "a.txt"]


def test_one_that_fails_is_told_and_the_others_are_fetched(tmp_path: Path) -> None:
    errors = {"b": AccessDenied("Too low", "GET b\n403", status=403), "c": SizeDiffers("Short")}
    guest = Guest("a", "b", "c", "d", **errors)
    with pytest.raises(SomeLeftOut) as raised:
        download(guest, tmp_path)
    assert guest.fetched == ["a", "d"]
    assert "  C:/t/b: Too low. GET b 403\n  C:/t/c: Short" in raised.value.detail


def test_what_concerns_all_ends_it_and_tells_the_rest(tmp_path: Path) -> None:
    guest = Guest("a", "b", "c", b=Stopped("Interrupted"))
    with pytest.raises(Stopped) as raised:
        download(guest, tmp_path)
    assert guest.fetched == ["a"]
    assert raised.value.detail == "Of C:/t these were not downloaded:\n  C:/t/b\n  C:/t/c"


def test_files_that_match_are_made_ready_some_at_a_time(tmp_path: Path) -> None:
    guest = Guest(*(f"{number:02}" for number in range(40)))
    assert download(guest, tmp_path, "C:/t/*").files_done == 40
    assert guest.begun == [f"C:/t/{number:02}" for number in range(40)]
    assert set(guest.ahead) == set(range(17))
    folder = Guest("a", "b")
    download(folder, tmp_path)
    assert folder.begun == ["C:/t"]


def test_a_folder_of_very_many_files_is_made_ready_folder_by_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "_MOST_AT_ONCE", 2)
    guest = Guest("a/", "b/", "c", "b/d/", "a/1", "a/2", "b/1", "b/d/1", "b/d/2")
    assert download(guest, tmp_path).files_done == 6
    assert guest.begun == ["C:/t/c", "C:/t/b/1", "C:/t/a", "C:/t/b/d"]


def test_a_folder_that_is_too_deep_is_told(tmp_path: Path) -> None:
    deep = ["d/" * levels for levels in range(1, DEEPEST + 1)]
    with pytest.raises(SomeLeftOut) as raised:
        download(Guest(*deep, "a"), tmp_path)
    assert f"it is {DEEPEST} folders deep" in raised.value.detail


def test_no_more_is_listed_than_a_person_reads(tmp_path: Path) -> None:
    names = [f"{number:03}" for number in range(150)]
    guest = Guest(*names, **{name: SizeDiffers("Short") for name in names})
    with pytest.raises(SomeLeftOut) as raised:
        download(guest, tmp_path)
    assert len(raised.value.detail.splitlines()) == 102
    assert raised.value.detail.endswith("and 50 more")


def test_a_folder_that_is_a_file_here_is_told_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("mine")
    with pytest.raises(CannotWrite, match="can't be written") as raised:
        download(Guest("a"), tmp_path)
    assert f"{tmp_path / 't'} is a file, where a folder has to be" in raised.value.detail
    assert (tmp_path / "t").read_text() == "mine"


def planned(guest: Any, folder: Path, **how: Any) -> tuple[list[tuple[str, Act]], Transfer]:
    """What is done about each file of a folder, and the transfer."""
    with Destination(folder, dry_run=how.pop("dry_run", False)) as destination:
        job = Transfer(guest, guest, destination, DEADLINE, **how)
        plan = finished(job.plan("C:/t"))
        acts = [(one.entry.name, one.verdict.act) for one in plan.files]
        try:
            finished(job.fetch(plan))
        except SomeLeftOut as error:
            job.told = error.detail  # type: ignore[attr-defined]
    return acts, job


def test_what_is_left_unasked_is_told_file_by_file_and_the_others_are_fetched(
    tmp_path: Path,
) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "b").write_text("mine")
    guest = Guest("a", "b", "c")
    acts, job = planned(guest, tmp_path)
    assert acts == [("a", Act.FETCH), ("b", Act.LEAVE), ("c", Act.FETCH)]
    assert sorted(guest.fetched) == ["a", "c"]
    assert f"C:/t/b: {tmp_path}/t/b is there already, not from a download" in job.told  # type: ignore[attr-defined]
    assert (job.progress.files, job.progress.files_done) == (2, 2)
    assert (tmp_path / "t" / "b").read_text() == "mine"


def test_what_is_left_because_it_was_asked_for_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "b").write_text("mine")
    guest = Guest("a", "b")
    _, job = planned(guest, tmp_path, overwrite=Overwrite.NEVER)
    assert [one.entry.name for one in job.left] == ["b"]
    assert not hasattr(job, "told")
    guest = Guest("b")
    _, job = planned(guest, tmp_path, overwrite=Overwrite.ALWAYS)
    assert guest.fetched == ["b"]
    assert [one.entry.name for one in job.replaced] == ["b"]


def test_what_tells_a_file_from_all_others_is_also_its_restore_point(tmp_path: Path) -> None:
    marks = set()
    for night in ("monday", "tuesday"):
        guest = Guest("a")
        guest.href = f"/vmRestorePoints/{night}/mounts/1"
        with Destination(tmp_path) as destination:
            job = Transfer(guest, guest, destination, DEADLINE, point=night)  # type: ignore[arg-type]
            (one,) = finished(job.plan("C:/t")).files
        marks.add((one.source.mark, one.source.point))
    assert [point for _, point in sorted(marks, key=lambda one: one[1])] == ["monday", "tuesday"]
    assert len({mark for mark, _ in marks}) == 2


def test_it_is_the_same_restore_point_in_every_mount_and_spelling(tmp_path: Path) -> None:
    marks = set()
    uuid = "2b308951-237b-5e2a-9189-ddf2ec27727f"
    for href in (f"/vmRestorePoints/{uuid}/mounts/1", f"/VMRestorePoints/{uuid.upper()}/Mounts/2"):
        guest = Guest("a")
        guest.href = href
        with Destination(tmp_path) as destination:
            job = Transfer(guest, guest, destination, DEADLINE)  # type: ignore[arg-type]
            (one,) = finished(job.plan("C:/t")).files
        marks.add((one.source.mark, one.source.point))
    assert [point for _, point in marks] == [f"vm/{uuid}"]


def test_a_dry_run_fetches_nothing_and_begins_nothing(tmp_path: Path) -> None:
    guest = Guest("x/", "x/a", "b")
    acts, _ = planned(guest, tmp_path / "new", dry_run=True)
    assert acts == [("a", Act.FETCH), ("b", Act.FETCH)]
    assert (guest.begun, guest.fetched) == ([], [])
    assert list(tmp_path.iterdir()) == []


def test_a_stop_is_heard_between_two_files_that_are_planned(tmp_path: Path) -> None:
    bound = Deadline("Downloading", 60, stop=threading.Event())
    guest = Guest("a", "b")
    bound.stop.set()
    with Destination(tmp_path) as destination:
        job = Transfer(guest, guest, destination, bound)  # type: ignore[arg-type]
        with pytest.raises(Stopped):
            finished(job.plan("C:/t"))


# Some at once


class SizedGuest(Guest):
    """A guest whose files have sizes, and which counts how many are fetched at the same time."""

    def __init__(self, sizes: dict[str, int], **errors: EnterpriseManagerError) -> None:
        super().__init__(*sizes, **errors)
        self.sizes = sizes
        self.arrived = threading.Condition()
        self.going = self.most = 0

    def walk(self, path: str, *_: Any) -> Iterator[Entry]:
        for name, size in self.sizes.items():
            yield Entry(f"{path}/{name}", name, is_folder=False, size=size)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        with self.arrived:
            assert self.arrived.wait_for(is_so, 20)

    def download(self, address: str, deadline: Deadline, **how: Any) -> Downloaded:
        name = address.partition("?")[0].rpartition("/")[2]
        with self.arrived:
            self.going += 1
            self.most = max(self.most, self.going)
            self.arrived.notify_all()
        try:
            self.receive(name, how["report"])
            done = super().download(address, deadline, **how)
        finally:
            with self.arrived:
                self.going -= 1
                self.arrived.notify_all()
        return done

    def receive(self, name: str, report: Callable[[int], None]) -> None:
        """What happens while a file comes."""


@pytest.mark.parametrize("parallelism", [1, 2, 3, 8])
def test_no_small_file_waits_for_a_large_one(tmp_path: Path, parallelism: int) -> None:
    class Slow(SizedGuest):
        def receive(self, name: str, report: Callable[[int], None]) -> None:
            if name.startswith("large"):
                self.wait_until(lambda: len(self.fetched) >= 40)

    sizes = {f"large{n}": 2**30 + n for n in range(20)} | {f"small{n}": 10 for n in range(40)}
    guest = Slow(sizes)
    assert download(guest, tmp_path, parallelism=parallelism).files_done == 60
    assert {name[:5] for name in guest.fetched[:40]} == {"small"}


def test_as_many_are_fetched_at_the_same_time_as_asked_for(tmp_path: Path) -> None:
    class Full(SizedGuest):
        def receive(self, name: str, report: Callable[[int], None]) -> None:
            self.wait_until(lambda: self.most == 5)

    guest = Full({f"{n}": n for n in range(50)})
    assert download(guest, tmp_path, parallelism=5).files_done == 50
    assert guest.most == 5


def test_what_came_and_what_did_not_is_told_in_the_order_of_the_backup(tmp_path: Path) -> None:
    names = [f"{n:02}" for n in range(40)]
    bad = {f"{n:02}": SizeDiffers("Short") for n in (31, 5, 17)}
    guest = SizedGuest({name: 100 - int(name) for name in names}, **bad)
    with Destination(tmp_path) as destination, Transfer(guest, guest, destination, DEADLINE) as job:  # type: ignore[arg-type]
        plan = finished(job.plan("C:/t"))
        with pytest.raises(SomeLeftOut) as raised:
            finished(job.fetch(plan))
    assert [one.destination.name for one in job.downloaded] == [n for n in names if n not in bad]
    lines = raised.value.detail.splitlines()[1:]
    assert lines == [f"  C:/t/{n}: Short. " for n in ("05", "17", "31")]


def test_what_concerns_all_ends_the_others_too(tmp_path: Path) -> None:
    class Disk(SizedGuest):
        def receive(self, name: str, report: Callable[[int], None]) -> None:
            if name == "full":
                self.wait_until(lambda: self.going == 8)
                raise CannotWrite("The disk is full", "", is_for_all=True)
            while True:
                report(1)
                time.sleep(0.01)

    guest = Disk({"full": 1} | {f"{n}": 2**20 for n in range(20)})
    with pytest.raises(CannotWrite) as raised:
        download(guest, tmp_path, parallelism=8)
    assert guest.going == 0
    assert len(raised.value.detail.splitlines()) == 22


def test_all_that_is_planned_is_fetched_at_once_and_told_path_by_path(tmp_path: Path) -> None:
    class Both(SizedGuest):
        def receive(self, name: str, report: Callable[[int], None]) -> None:
            self.wait_until(lambda: self.most == 4)

    guest = Both({"a": 1, "b": 2})
    with Destination(tmp_path) as destination, Transfer(guest, guest, destination, DEADLINE) as job:  # type: ignore[arg-type]
        plans = [finished(job.plan(path)) for path in ("C:/t", "C:/u")]
        for plan in plans:
            finished(job.fetch(plan))
    assert [str(one.destination.relative_to(tmp_path)) for one in job.downloaded] == [
        "t/a", "t/b", "u/a", "u/b",
    ]  # fmt: skip


def test_an_error_of_the_program_is_raised_and_hides_nothing(tmp_path: Path) -> None:
    class Faulty(SizedGuest):
        def receive(self, name: str, report: Callable[[int], None]) -> None:
            raise KeyError(name)

    with pytest.raises(KeyError):
        download(Faulty({"a": 1, "b": 2}), tmp_path, parallelism=2)


def test_what_is_given_up_ends_before_the_folder_is_let_go(tmp_path: Path) -> None:
    class Endless(SizedGuest):
        def receive(self, name: str, report: Callable[[int], None]) -> None:
            while True:
                report(1)
                time.sleep(0.01)

    guest = Endless({"a": 1, "b": 2})
    with Destination(tmp_path) as destination, Transfer(guest, guest, destination, DEADLINE) as job:  # type: ignore[arg-type]
        told = job.fetch(finished(job.plan("C:/t")))
        job._start()
        guest.wait_until(lambda: guest.going == 2)
        told.close()
    assert guest.going == 0
