"""What paths and patterns bring: each file is fetched, or told at the end."""

import threading
from collections.abc import Generator, Iterator
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
from terraform_provider_veeam.em.files import transfer
from terraform_provider_veeam.em.files.download import Downloaded
from terraform_provider_veeam.em.files.left_out import LeftOut
from terraform_provider_veeam.em.files.listing import Entry
from terraform_provider_veeam.em.files.paths import PathPattern
from terraform_provider_veeam.em.files.places import Places
from terraform_provider_veeam.em.files.transfer import DEEPEST, Tally, Transfer
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

    def find(self, path: str, deadline: Deadline) -> Entry:
        return Entry(path, path, is_folder=True)

    def matching(self, pattern: PathPattern, *_: Any) -> Iterator[Entry]:
        return self.walk(pattern.folder, 1, DEADLINE, [])

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
        self, target: str, deadline: Deadline, *, destination: Path, **rest: Any
    ) -> Downloaded:
        name = target.partition("?")[0].rpartition("/")[2]
        if name in self.errors:
            raise self.errors[name]
        self.fetched.append(name)
        self.ahead.append(len(self.begun) - len(self.fetched))
        return Downloaded(destination, 0, "")


def finished(told: Generator[str, None, Any]) -> Any:
    """The result of what tells how far it is."""
    while True:
        try:
            next(told)
        except StopIteration as end:
            return end.value


def download(guest: Any, folder: Path, path: str = "C:/t") -> Tally:
    """How far a download has come in the end."""
    job = Transfer(guest, guest, Places(folder), DEADLINE)
    finished(job.fetch(finished(job.plan(path, 60)), 60))
    return job.tally


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
    assert set(guest.ahead) == set(range(16))
    folder = Guest("a", "b")
    download(folder, tmp_path)
    assert folder.begun == ["C:/t"]


def test_a_folder_of_very_many_files_is_made_ready_folder_by_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_MOST_AT_ONCE", 2)
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


def test_how_far_it_is_counts_files_and_bytes(tmp_path: Path) -> None:
    tally = Tally()
    tally.files, tally.bytes, tally.files_done, tally.bytes_done = 260, 2 * 2**30, 37, 2**30
    assert str(tally) == "37 of 260 files, 1.0 GiB of 2.0 GiB"
    tally.current, tally.current_bytes = Entry("C:/big", "big", is_folder=False, size=2**30), 2**28
    assert str(tally) == "37 of 260 files, 1.2 GiB of 2.0 GiB; C:/big 25 %"


def test_a_folder_that_is_a_file_here_is_told_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("mine")
    with pytest.raises(CannotWrite, match="can't be written") as raised:
        download(Guest("a"), tmp_path)
    assert f"{tmp_path / 't'} is a file, where a folder has to be" in raised.value.detail
    assert (tmp_path / "t").read_text() == "mine"
