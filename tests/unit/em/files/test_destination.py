"""Where a guest's files go on this machine: each has a place of its own, or is an error."""

import errno
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from terraform_provider_veeam.em.errors import CannotWrite
from terraform_provider_veeam.em.files import destination as module
from terraform_provider_veeam.em.files.destination import Destination, Place
from terraform_provider_veeam.em.files.folders import Folder
from terraform_provider_veeam.em.files.manifest import NAME
from terraform_provider_veeam.platforms import is_file_name


def as_in_windows(folder: Folder, name: str, other: str) -> bool:
    return name.lower() == other.lower()


def add(destination: Destination, *paths: str) -> list[str]:
    """The names of files that are added, each to the folder of all."""
    return [destination.add(path, is_folder=False, inside=None).name for path in paths]


Open = Callable[..., Destination]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """What gives the places below a folder, which is let go in the end."""
    made: list[Destination] = []

    def make(*how: object, folder: Path = tmp_path, **options: object) -> Destination:
        made.append(Destination(folder, *how, **options))  # type: ignore[arg-type]
        return made[-1].__enter__()

    yield make
    for destination in made:
        destination.__exit__()


def test_names_that_the_folder_tells_apart_stay(opened: Open, tmp_path: Path) -> None:
    destination = opened()
    inside = destination.add("Volume$0:/t", is_folder=True)
    names = ["a", "a:", "A", "A.txt", "a.txt", "\xe9", "e\u0301", "\u202egnp.exe", "\x9b\n"]
    paths = [f"Volume$0:/t/{name}" for name in names]
    found = [destination.add(one, is_folder=False, inside=inside).name for one in paths]
    assert found == names
    assert (destination.renamed, list((tmp_path / "t").iterdir())) == ([], [])


def test_names_that_the_folder_takes_for_one_are_told_apart(opened: Open, tmp_path: Path) -> None:
    destination = opened(as_in_windows)
    first, second = add(destination, "Volume$0:/t/A.txt", "Volume$0:/t/a.txt")
    assert first == "A.txt"
    assert (second.startswith("a~"), second.endswith(".txt")) == (True, True)
    assert destination.renamed == [f"Volume$0:/t/a.txt: {tmp_path / second}"]
    again = opened(as_in_windows)
    assert add(again, "Volume$0:/t/A.txt", "Volume$0:/t/a.txt") == [first, second]


def test_two_that_have_the_same_name_in_one_folder_are_told_apart(opened: Open) -> None:
    first, second = add(opened(), "Volume$0:/t/a", "Volume$0:/u/a")
    assert (first, second != first) == ("a", True)


def test_a_volume_and_a_file_are_told_apart(opened: Open, tmp_path: Path) -> None:
    destination = opened()
    assert destination.add("E:", is_folder=True) == Place(tmp_path / "E", ("E",))
    assert add(destination, "C:/x/E")[0].startswith("E~")


def test_it_is_the_folder_that_tells_names_apart(tmp_path: Path) -> None:
    folder = Folder.open(tmp_path)
    assert not folder.are_one("A.txt", "a.txt")
    assert folder.are_one("a", "a")
    folder.close()
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
    monkeypatch: pytest.MonkeyPatch, opened: Open, name: str, like: str
) -> None:
    fits = partial(is_file_name, windows=True)
    monkeypatch.setattr(module, "is_file_name", fits)
    (found,) = add(opened(), f"Volume$0:/t/{name}")
    assert found.startswith(like)
    assert fits(found)


def test_a_name_may_have_as_many_bytes_as_a_file_system_takes(opened: Open, tmp_path: Path) -> None:
    short, long, end = "東" * 80, "東" * 100 + ".txt", "a." + "東" * 100
    found = add(opened(), *(f"Volume$0:/t/{n}" for n in (short, long, end)))
    assert found[0] == short
    assert found[1].startswith("東" * 50 + "~")
    assert found[1].endswith(".txt")
    assert all(len(os.fsencode(name)) <= 255 for name in found)
    for name in found:
        (tmp_path / name).touch()


def test_a_folder_can_not_take_the_place_of_a_file_nor_the_reverse(
    opened: Open, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    destination = opened()
    with pytest.raises(CannotWrite, match="it is a folder"):
        destination.add("Volume$0:/t/folder", is_folder=False)
    with pytest.raises(CannotWrite, match="is a file, where a folder has to be"):
        destination.add("Volume$0:/t/file", is_folder=True)


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("where", ["outside", "inside/y", "nowhere"])
def test_no_link_is_followed_wherever_it_leads(
    opened: Open, tmp_path: Path, where: str, *, windows: bool
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "inside" / "y").mkdir(parents=True)
    (tmp_path / "inside" / "x").symlink_to(tmp_path / where)
    destination = opened(folder=tmp_path / "inside", windows=windows)
    with pytest.raises(CannotWrite, match="would leave its folder") as raised:
        destination.add("Volume$0:/x", is_folder=True)
    assert f"{tmp_path / 'inside' / 'x'} is a link" in raised.value.detail
    assert [*(tmp_path / "outside").iterdir(), *(tmp_path / "inside/y").iterdir()] == []


@pytest.mark.parametrize("windows", [False, True])
def test_a_link_that_takes_the_place_of_a_folder_is_noticed_when_it_is_used(
    opened: Open, tmp_path: Path, *, windows: bool
) -> None:
    destination = opened(folder=tmp_path / "inside", windows=windows)
    outer = destination.add("Volume$0:/a", is_folder=True)
    inner = destination.add("Volume$0:/a/b", is_folder=True, inside=outer)
    place = destination.add("Volume$0:/a/b/c", is_folder=False, inside=inner)
    (tmp_path / "elsewhere" / "b").mkdir(parents=True)
    (tmp_path / "inside" / "a").rename(tmp_path / "moved")
    (tmp_path / "inside" / "a").symlink_to(tmp_path / "elsewhere")
    if windows:  # which looks at each folder when it enters it
        (tmp_path / "inside" / "a").unlink()
        (tmp_path / "inside" / "a").mkdir()
        (tmp_path / "inside" / "a" / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotWrite, match="would leave its folder"), destination.opened(place):
        pass


def test_the_folder_that_a_person_names_may_be_a_link(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    opened(folder=tmp_path / "link").add("E:/Docs", is_folder=True)
    assert (tmp_path / "real" / "Docs").is_dir()


def test_a_guests_file_does_not_take_the_place_of_the_notes(opened: Open) -> None:
    assert add(opened(), f"E:/{NAME}")[0].startswith(".terraform-provider-veeam~")


def test_a_dry_run_makes_nothing(opened: Open, tmp_path: Path) -> None:
    destination = opened(folder=tmp_path / "new", dry_run=True)
    outer = destination.add("E:/Docs", is_folder=True)
    inner = destination.add("E:/Docs/a", is_folder=True, inside=outer)
    place = destination.add("E:/Docs/a/b.txt", is_folder=False, inside=inner)
    assert place.path == tmp_path / "new" / "Docs" / "a" / "b.txt"
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_finds_what_is_in_the_way(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    destination = opened(dry_run=True)
    with pytest.raises(CannotWrite, match="where a folder has to be"):
        destination.add("E:/file", is_folder=True)
    with pytest.raises(CannotWrite, match="would leave its folder"):
        destination.add("E:/link", is_folder=True)
    assert destination.add("E:/new", is_folder=True).names == ("new",)
    assert add(destination, "E:/A", "E:/a") == ["A", "a"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


@pytest.mark.parametrize(
    ("number", "ends_all"), [(errno.ENOSPC, True), (errno.ENAMETOOLONG, False)]
)
def test_a_full_disk_ends_all_and_one_name_does_not(number: int, ends_all: bool) -> None:
    assert module.cannot_write(Path("x"), OSError(number, "no")).is_for_all is ends_all
