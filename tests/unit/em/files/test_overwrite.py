"""What may take the place of a file that is there already."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.destination import Place
from terraform_provider_veeam.em.files.folders import Folder
from terraform_provider_veeam.em.files.manifest import (
    Manifest,
    ManifestEntry,
    Source,
    part_of,
    seen,
)
from terraform_provider_veeam.em.files.overwrite import Act, Overwrite, Target, judge

BOUND = Deadline("The test", float("inf"), stop=threading.Event())
TONIGHT = Source("a" * 64, "oracle03@tonight", 5, "2026-11-02T08:15:30Z")
MODIFIED = 1_793_607_330_000_000_000  # nanoseconds
YESTERDAY = ManifestEntry("b" * 64, "oracle03@yesterday", 5, hashlib.sha256(b"hello").hexdigest())


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    folder = Folder.open(tmp_path)
    yield Target(folder, Place(tmp_path / "a", ("a",)), Manifest(folder))
    folder.close()


def put(target: Target, note: ManifestEntry | None, *, modified: int = MODIFIED) -> Path:
    """A file that is there, with what is noted of it."""
    file = target.place.path
    file.write_bytes(b"hello")
    os.utime(file, ns=(modified, modified))
    if note:
        target.manifest.add("a", note._replace(seen=seen(file.stat())))
    return file


def act(target: Target, overwrite: Overwrite | None = None) -> Act:
    return judge(target, TONIGHT, overwrite, BOUND).act


@pytest.mark.parametrize("overwrite", [None, *Overwrite])
def test_a_free_place_is_filled(target: Target, overwrite: Overwrite | None) -> None:
    assert act(target, overwrite) is Act.FETCH


@pytest.mark.parametrize("overwrite", [None, *Overwrite])
def test_what_is_here_from_the_same_restore_point_is_kept(
    target: Target, overwrite: Overwrite | None
) -> None:
    put(target, YESTERDAY._replace(mark=TONIGHT.mark))
    assert act(target, overwrite) is Act.KEEP


@pytest.mark.parametrize(
    ("overwrite", "expected"),
    [
        (None, Act.REPLACE),
        (Overwrite.NEVER, Act.LEAVE),
        (Overwrite.IF_OLDER, Act.LEAVE),
        (Overwrite.ALWAYS, Act.REPLACE),
    ],
)
def test_the_same_size_and_time_of_another_night_are_another_file(
    target: Target, overwrite: Overwrite | None, expected: Act
) -> None:
    put(target, YESTERDAY)
    verdict = judge(target, TONIGHT, overwrite, BOUND)
    assert verdict.act is expected
    assert verdict.whose.startswith("from oracle03@yesterday")


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize(
    ("overwrite", "expected"),
    [
        (None, Act.LEAVE),
        (Overwrite.NEVER, Act.LEAVE),
        (Overwrite.IF_OLDER, Act.LEAVE),
        (Overwrite.ALWAYS, Act.REPLACE),
    ],
)
def test_ones_own_work_is_replaced_only_when_that_is_asked_for(
    target: Target, overwrite: Overwrite | None, expected: Act, *, changed: bool
) -> None:
    file = put(target, YESTERDAY if changed else None)
    if changed:
        file.write_bytes(b"HELLO")
        os.utime(file, ns=(MODIFIED, MODIFIED))
    assert act(target, overwrite) is expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-2, Act.REPLACE), (-1, Act.LEAVE), (0, Act.LEAVE), (1, Act.LEAVE)]
)
def test_what_is_older_by_more_than_a_file_system_rounds_is_replaced_if_asked(
    target: Target, seconds: int, expected: Act
) -> None:
    put(target, None, modified=MODIFIED + seconds * 10**9)
    assert act(target, Overwrite.IF_OLDER) is expected
    assert act(target) is Act.LEAVE


def test_without_a_time_nothing_is_older(target: Target) -> None:
    put(target, None, modified=0)
    no_time = TONIGHT._replace(modified_at=None)
    assert judge(target, no_time, Overwrite.IF_OLDER, BOUND).act is Act.LEAVE


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe"])
def test_what_is_no_file_is_replaced_only_by_always(
    target: Target, tmp_path: Path, kind: str
) -> None:
    if kind == "link":
        put(target, YESTERDAY).rename(tmp_path / "b")
    if kind == "pipe":
        os.mkfifo(target.place.path)
    else:
        target.place.path.symlink_to("b")
    os.utime(target.place.path, (0, 0), follow_symlinks=False)
    assert [act(target, one) for one in (None, *Overwrite)] == [
        Act.LEAVE,
        Act.LEAVE,
        Act.LEAVE,
        Act.REPLACE,
    ]


def test_what_was_put_there_by_a_process_that_was_killed_then_is_known(target: Target) -> None:
    put(target, None)
    target.manifest.add(part_of("a", TONIGHT.mark), YESTERDAY._replace(mark=TONIGHT.mark))
    assert act(target) is Act.KEEP
