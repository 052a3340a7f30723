"""What may take the place of a file that is there already, and what may not."""

import os
import stat
from enum import Enum, StrEnum
from typing import NamedTuple

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files import destination, folders, manifest
from terraform_provider_veeam.em.times import nanoseconds

_COARSEST = 2 * 10**9  # nanoseconds: a FAT file system has only every other second


class Overwrite(StrEnum):
    """Which files may be replaced; without one, only what a download brought and nobody changed."""

    NEVER = "never"
    IF_OLDER = "if-older"
    ALWAYS = "always"


class Act(Enum):
    """What is done about a file of a backup."""

    FETCH = "fetch"
    REPLACE = "replace"  # it is fetched, and what is there replaced
    KEEP = "keep"  # it is there already, from the same restore point
    LEAVE = "leave"  # something else is there, and stays


class Target(NamedTuple):
    """Where it goes: a place in a folder that is held open, with the notes about it."""

    folder: folders.Folder
    place: destination.Place
    manifest: manifest.Manifest
    found: os.stat_result | None = None  # what is there, and is replaced
    resume: bool = False  # go on with what an earlier download left, and leave what breaks off


class Verdict(NamedTuple):
    """What is done about a file of a backup, and why."""

    act: Act
    whose: str = ""  # where what is there is from, for people
    found: os.stat_result | None = None  # what is there


def judge(
    target: Target, source: manifest.Source, overwrite: Overwrite | None, deadline: Deadline
) -> Verdict:
    """Return what is done about a file of a backup. Raises OSError, Stopped, DeadlinePassed."""
    folder, place, noted = target[:3]
    found = folder.look(place.name)
    if found is None:
        return Verdict(Act.FETCH)
    # It was put there, and its process killed before that could be noted.
    just_put = noted.of(manifest.part_of(place.key, source.mark))
    known = [
        note
        for note in (noted.of(place.key), just_put)
        if note and manifest.is_noted(note, folder, place.name, found, deadline)
    ]
    if any(note.mark == source.mark for note in known):
        return Verdict(Act.KEEP, found=found)
    whose = f"from {known[0].point}" if known else "not from a download, or changed since"
    if overwrite is Overwrite.ALWAYS or (overwrite is None and known):
        return Verdict(Act.REPLACE, whose, found)
    if overwrite is Overwrite.IF_OLDER and stat.S_ISREG(found.st_mode):
        modified = nanoseconds(source.modified_at)
        if modified is not None and modified - found.st_mtime_ns >= _COARSEST:
            return Verdict(Act.REPLACE, whose, found)
        whose += ", and not older than the backup's"
    return Verdict(Act.LEAVE, whose, found)
