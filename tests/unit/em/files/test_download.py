"""A file on its way to its place: what is there before, and after a fault."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import CannotWrite, SizeDiffers, Stopped
from terraform_provider_veeam.em.files.download import download
from terraform_provider_veeam.em.models import LogonSession

DEADLINE = Deadline(operation="Downloading", seconds=60, stop=threading.Event(), clock=FakeClock())
LONGEST = "東" * 85  # 255 bytes


class Server:
    """A client whose server sends these bytes, and what happens then."""

    def __init__(self, content: bytes, then: Callable[[], None] = lambda: None) -> None:
        self.content = content
        self.then = then

    def download(self, path: str, deadline: Deadline, *, token: str, into: Any) -> None:
        into.restart()
        into.write(self.content)
        self.then()


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def fetch(server: Any, place: Path, size: int = 3) -> None:
    download(server, LogonSession("id", "token"), "/a", DEADLINE, size=size, destination=place)


def test_a_temporary_name_is_short_and_says_nothing(tmp_path: Path) -> None:
    seen: list[str] = []
    place = tmp_path / LONGEST
    fetch(Server(b"abc", lambda: seen.extend(names(tmp_path))), place)
    (name,) = seen
    assert len(os.fsencode(name)) < 30
    assert (names(tmp_path), place.read_bytes()) == ([LONGEST], b"abc")


@pytest.mark.parametrize("error", [Stopped("Interrupted"), KeyboardInterrupt(), ValueError()])
def test_whatever_ends_it_no_temporary_file_is_left(tmp_path: Path, error: BaseException) -> None:
    def end() -> None:
        raise error

    place = tmp_path / "a"
    place.write_text("before")
    with pytest.raises(type(error)):
        fetch(Server(b"abc", end), place)
    assert (names(tmp_path), place.read_text()) == (["a"], "before")


def test_a_size_that_differs_leaves_what_was_there(tmp_path: Path) -> None:
    with pytest.raises(SizeDiffers):
        fetch(Server(b"abcd"), tmp_path / "a")
    assert names(tmp_path) == []


def test_a_place_that_can_not_be_had_leaves_nothing_either(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(CannotWrite):
        fetch(Server(b"abc"), tmp_path / "a")
    assert names(tmp_path) == ["a"]


def test_the_file_is_closed_before_it_is_moved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    replace, fdopen = Path.replace, os.fdopen
    opened: list[Any] = []

    def seen(*arguments: Any, **options: Any) -> Any:
        opened.append(fdopen(*arguments, **options))
        return opened[-1]

    def only_closed(source: Path, target: Path) -> Path:
        """As in Windows."""
        assert [file.closed for file in opened] == [True]
        return replace(source, target)

    monkeypatch.setattr(os, "fdopen", seen)
    monkeypatch.setattr(Path, "replace", only_closed)
    fetch(Server(b"abc"), tmp_path / "a")
