"""Folders that others may write to: what they put there leads nothing away."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from terraform_provider_veeam.em.files.folders import Folder


@pytest.fixture(params=[False, True], ids=["handles", "as in Windows"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Folder]:
    opened = Folder.open(tmp_path, windows=request.param)
    yield opened
    opened.close()


def test_a_file_is_made_with_the_usual_permissions(folder: Folder, tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        os.close(folder.make_file("a"))
        os.close(folder.open_own("b"))
    finally:
        os.umask(mask)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o640] * 2


def test_a_file_that_is_there_is_not_made(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(FileExistsError):
        folder.make_file("a")
    assert (tmp_path / "a").read_text() == "mine"


@pytest.mark.parametrize("planted", ["link", "dangling link", "hard link", "pipe", "folder"])
def test_only_a_file_of_ones_own_is_opened(folder: Folder, tmp_path: Path, planted: str) -> None:
    target, place = tmp_path / "target", tmp_path / "place"
    if planted != "dangling link":
        target.write_text("somebody's")
    if planted.endswith("link") and planted != "hard link":
        place.symlink_to(target)
    elif planted == "hard link":
        place.hardlink_to(target)
    elif planted == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    for append in (False, True):
        with pytest.raises(OSError):
            folder.open_own("place", append=append)
    assert not target.exists() or target.read_text() == "somebody's"


def test_a_file_of_another_user_is_not_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "place").write_text("planted")
    folder = Folder.open(tmp_path)
    os.close(folder.open_own("place"))
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    os.close(folder.open_own("place"))  # it is of whom the folder belongs to
    monkeypatch.setattr(folder, "_owner", tmp_path.stat().st_uid + 1)
    with pytest.raises(FileExistsError, match="this user alone"):
        folder.open_own("place")
    folder.close()


def test_a_folder_stays_the_one_that_was_opened(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    folder = Folder.open(tmp_path / "a")
    with folder.below(["b"]) as inner:
        (tmp_path / "a").rename(tmp_path / "moved")
        (tmp_path / "a").symlink_to("/")
        os.close(inner.make_file("c"))
        os.close(folder.make_file("d"))
    assert (tmp_path / "moved" / "b" / "c").exists()
    assert (tmp_path / "moved" / "d").exists()
    folder.close()


def test_handles_of_folders_are_let_go(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "link").symlink_to("/")
    before = _opened(tmp_path)
    for names in (["a", "b"], ["a", "link", "x"], ["a", "b", "nothing"]):
        try:
            with folder.below(names):
                pass
        except OSError:
            assert names != ["a", "b"]
    with folder.below(["new", "er"], make=True):
        pass
    assert (tmp_path / "new" / "er").is_dir()
    assert _opened(tmp_path) == before


def _opened(folder: Path) -> list[str]:
    """Return what this process holds open in a folder."""
    links = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sorted(str(link) for link in links if link.is_relative_to(folder))


@pytest.mark.parametrize("way", ["links", "no links"])
def test_a_name_that_is_taken_is_not_given_again(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "no links":

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    folder = Folder.open(tmp_path)
    for name in ("new", "dangling"):
        (tmp_path / name).write_text(name)
    (tmp_path / "taken").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for taken in ("taken", "link"):
        with pytest.raises(FileExistsError):
            folder.move("new", taken, replace=False)
    assert (tmp_path / "taken").read_text() == "mine"
    folder.move("new", "free", replace=False)
    folder.move("dangling", "link", replace=True)
    assert (tmp_path / "free").read_text() == "new"
    assert (tmp_path / "link").read_text() == "dangling"
    assert not (tmp_path / "link").is_symlink()
    folder.close()


def test_a_time_is_not_set_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    before = target.stat().st_mtime_ns
    (tmp_path / "link").symlink_to(target)
    folder = Folder.open(tmp_path)
    folder.set_time("link", 1_000_000_000)
    assert target.stat().st_mtime_ns == before
    folder.close()
