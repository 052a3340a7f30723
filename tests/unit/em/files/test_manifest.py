"""What is noted of the files of a folder, and what is made of notes that somebody has changed."""

import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import Stopped
from terraform_provider_veeam.em.files import manifest as module
from terraform_provider_veeam.em.files.folders import Folder
from terraform_provider_veeam.em.files.manifest import (
    NAME,
    Manifest,
    ManifestEntry,
    is_noted,
    part_of,
    seen,
)

MARK = "0123456789abcdef" * 4
BEGUN = ManifestEntry(MARK, "oracle03@2026-11-08", 3, "aa")
WHOLE = ManifestEntry(MARK, "oracle03@2026-11-08", 5, "bb", (5, 1, 2, 3))
BOUND = Deadline("The test", float("inf"), stop=threading.Event())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.open(tmp_path)


def noted(folder: Folder, file: str) -> ManifestEntry | None:
    manifest = Manifest(folder)
    manifest.close()
    return manifest.of(file)


def test_the_next_download_knows_what_was_noted(folder: Folder) -> None:
    manifest = Manifest(folder)
    manifest.add("t/a", WHOLE)
    manifest.add("t/b", BEGUN)
    manifest.add("t/b", BEGUN._replace(size=4))
    manifest.close()
    assert noted(folder, "t/a") == WHOLE
    assert noted(folder, "t/b") == BEGUN._replace(size=4)
    assert noted(folder, "t/c") is None


def test_nothing_is_made_to_read_notes(folder: Folder, tmp_path: Path) -> None:
    assert noted(folder, "a") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_whole_has_no_beginning_any_more(folder: Folder) -> None:
    manifest = Manifest(folder)
    part = part_of("t/a", MARK)
    assert part == "t/.0123456789abcdef.part"
    for how in (manifest, None):
        manifest.add(part, BEGUN)
        assert (how or Manifest(folder)).of(part) == BEGUN
        manifest.add("t/a", WHOLE)
        assert (how or Manifest(folder)).of(part) is None
    manifest.add(part, BEGUN)
    assert noted(folder, part) == BEGUN, "the file was removed, and comes again"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"file": "a"}',
        b'{"file": "a", "mark": 1, "point": 2, "size": "x", "sha256": 3, "seen": 4}',
        b'{"file": "a", "mark": "m", "point": "p", "size": 1, "sha256": "s", "seen": null, "z": 1}',
        b'{"file": "a", "mark": "m", "point": "p", "size": -1e999, "sha256": "s", "seen": null}',
        json.dumps({"file": "a", **WHOLE._asdict()}).encode()[:-5],
    ],
)
def test_what_can_not_be_read_is_as_if_it_were_not_there(
    folder: Folder, tmp_path: Path, line: bytes
) -> None:
    (tmp_path / NAME).write_bytes(line)
    manifest = Manifest(folder)
    assert manifest.of("a") is None
    manifest.add("b", WHOLE)
    manifest.close()
    assert noted(folder, "b") == WHOLE


@pytest.mark.parametrize("planted", ["link", "pipe", "folder"])
def test_what_is_planted_as_notes_is_neither_read_nor_written(
    folder: Folder, tmp_path: Path, planted: str
) -> None:
    target = tmp_path / "target"
    target.write_text(json.dumps({"file": "a", **WHOLE._asdict()}))
    if planted == "link":
        (tmp_path / NAME).symlink_to(target)
    elif planted == "pipe":
        os.mkfifo(tmp_path / NAME)
    else:
        (tmp_path / NAME).mkdir()
    before = target.read_bytes()
    manifest = Manifest(folder)
    assert manifest.of("a") is None
    manifest.add("b", WHOLE)
    assert manifest.of("b") == WHOLE, "for this process"
    manifest.close()
    assert target.read_bytes() == before


def test_lines_that_no_longer_count_are_dropped(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SPARE_LINES", 10)
    for night in range(50):
        manifest = Manifest(folder)
        for file in "abc":
            manifest.add(file, WHOLE._replace(size=night))
        manifest.close()
    assert len((tmp_path / NAME).read_text().splitlines()) < 25
    assert [noted(folder, file) for file in "abc"] == [WHOLE._replace(size=49)] * 3


def test_what_another_process_has_noted_meanwhile_is_not_dropped(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SPARE_LINES", 3)
    manifest, other = Manifest(folder), Manifest(folder)
    other.add("theirs", WHOLE)
    for size in range(20):
        manifest.add("ours", WHOLE._replace(size=size))
    assert noted(folder, "theirs") == WHOLE
    assert noted(folder, "ours") == WHOLE._replace(size=19)


@pytest.mark.parametrize(
    ("change", "is_the_same"),
    [
        ("nothing", True),
        ("copied", True),
        ("touched", True),
        ("edited, time kept", False),
        ("longer", False),
        ("a link", False),
    ],
)
def test_a_file_is_known_until_its_content_changes(
    folder: Folder, tmp_path: Path, change: str, *, is_the_same: bool
) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"hello")
    found = file.stat()
    note = ManifestEntry(MARK, "oracle03", 5, hashlib.sha256(b"hello").hexdigest(), seen(found))
    if change == "copied":
        (tmp_path / "b").write_bytes(b"hello")
        (tmp_path / "b").rename(file)
    elif change == "touched":
        file.touch()
    elif change == "edited, time kept":
        file.write_bytes(b"HELLO")
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    elif change == "longer":
        file.write_bytes(b"hello!")
    elif change == "a link":
        file.rename(tmp_path / "b")
        file.symlink_to("b")
    assert is_noted(note, folder, "a", file.lstat(), BOUND) is is_the_same


def test_a_stop_is_heard_while_a_file_is_read(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    bound = Deadline("The test", 60, stop=threading.Event())
    bound.stop.set()
    with pytest.raises(Stopped):
        is_noted(WHOLE, folder, "a", (tmp_path / "a").stat(), bound)
