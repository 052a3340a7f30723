"""Where a guest's files go on this machine: each has a place of its own, or is an error."""

import errno
import os
from functools import partial
from pathlib import Path

import pytest

from terraform_provider_veeam.em.errors import CannotWrite
from terraform_provider_veeam.em.files import places as module
from terraform_provider_veeam.em.files.places import Places, are_one
from terraform_provider_veeam.platforms import is_file_name


def as_in_windows(folder: Path, name: str, other: str) -> bool:
    return name.lower() == other.lower()


def add(places: Places, *paths: str) -> list[str]:
    """The names of files that are added, each to the folder of all."""
    return [places.add(path, is_folder=False, inside=None).name for path in paths]


def test_names_that_the_folder_tells_apart_stay(tmp_path: Path) -> None:
    places = Places(tmp_path)
    inside = places.add("Volume$0:/t", is_folder=True)
    names = ["a", "a:", "A", "A.txt", "a.txt", "\xe9", "e\u0301", "\u202egnp.exe", "\x9b\n"]
    found = [places.add(f"Volume$0:/t/{n}", is_folder=False, inside=inside).name for n in names]
    assert found == names
    assert (places.renamed, list(inside.iterdir())) == ([], [])


def test_names_that_the_folder_takes_for_one_are_told_apart(tmp_path: Path) -> None:
    places = Places(tmp_path, as_in_windows)
    first, second = add(places, "Volume$0:/t/A.txt", "Volume$0:/t/a.txt")
    assert first == "A.txt"
    assert (second.startswith("a~"), second.endswith(".txt")) == (True, True)
    assert places.renamed == [f"Volume$0:/t/a.txt: {tmp_path / second}"]
    again = Places(tmp_path, as_in_windows)
    assert add(again, "Volume$0:/t/A.txt", "Volume$0:/t/a.txt") == [first, second]


def test_two_that_have_the_same_name_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    first, second = add(Places(tmp_path), "Volume$0:/t/a", "Volume$0:/u/a")
    assert (first, second != first) == ("a", True)


def test_a_volume_and_a_file_are_told_apart(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert places.add("E:", is_folder=True) == tmp_path / "E"
    assert add(places, "C:/x/E")[0].startswith("E~")


def test_it_is_the_folder_that_tells_names_apart(tmp_path: Path) -> None:
    assert not are_one(tmp_path, "A.txt", "a.txt")
    assert are_one(tmp_path, "a", "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("CON", "CON~"),
        ("nul.txt", "nul~"),
        ("a. ", "a~"),
        ("a:b?.txt", "a_b_~"),
        ("tab\there", "tab_here~"),
        ("東" * 300, "東" * 50 + "~"),
    ],
)
def test_a_name_that_windows_can_not_have_becomes_one_that_it_can(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, like: str
) -> None:
    fits = partial(is_file_name, windows=True)
    monkeypatch.setattr(module, "is_file_name", fits)
    (found,) = add(Places(tmp_path), f"Volume$0:/t/{name}")
    assert found.startswith(like)
    assert fits(found)


def test_a_name_may_have_as_many_bytes_as_a_file_system_takes(tmp_path: Path) -> None:
    short, long, end = "東" * 80, "東" * 100 + ".txt", "a." + "東" * 100
    found = add(Places(tmp_path), *(f"Volume$0:/t/{n}" for n in (short, long, end)))
    assert found[0] == short
    assert found[1].startswith("東" * 50 + "~")
    assert found[1].endswith(".txt")
    assert all(len(os.fsencode(name)) <= 255 for name in found)
    for name in found:
        (tmp_path / name).touch()


def test_a_folder_can_not_take_the_place_of_a_file_nor_the_reverse(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    places = Places(tmp_path)
    with pytest.raises(CannotWrite, match="it is a folder"):
        places.add("Volume$0:/t/folder", is_folder=False)
    with pytest.raises(CannotWrite, match="exists"):
        places.add("Volume$0:/t/file", is_folder=True)


def test_folders_that_are_one_here_share_their_names(tmp_path: Path) -> None:
    (tmp_path / "y").mkdir()
    (tmp_path / "x").symlink_to(tmp_path / "y")
    places = Places(tmp_path)
    x, y = (places.add(f"Volume$0:/{n}", is_folder=True) for n in "xy")
    first = places.add("Volume$0:/x/a", is_folder=False, inside=x)
    second = places.add("Volume$0:/y/a", is_folder=False, inside=y)
    assert first != second


@pytest.mark.parametrize(
    ("number", "ends_all"), [(errno.ENOSPC, True), (errno.ENAMETOOLONG, False)]
)
def test_a_full_disk_ends_all_and_one_name_does_not(number: int, ends_all: bool) -> None:
    assert module.cannot_write(Path("x"), OSError(number, "no")).is_for_all is ends_all
