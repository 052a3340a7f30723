"""Handing a mount's logon session from Terraform's plan to the apply of the same command.

Terraform reads a managed mount point in the plan, in one process of the provider, and runs actions
and data sources that refer to it in another, which is told nothing of a mount that stays as it is.
So the first leaves the session for the second, in this user's private folder, under the number of
the Terraform that started both; the second removes it, or else the next command.

In the same way a process tells which session it logs out at its end, though others have its token,
and the plan leaves what it has found of restore points and of Terraform's own objects in jobs.
On another machine there is none of this: that is `sealed_session.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.private_folder import private_folder
from tfplugin.process.processes import is_alive, terraform_process

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIX = ".session"
_UNFINISHED = ".new"
_PASSING = ".passing"
_FOUND = ".found"


class Handover:
    """The files of one process: those it has left, and those it has used."""

    def __init__(self) -> None:
        self._left: set[str] = set()
        self._done: set[tuple[str, str]] = set()
        """Which files nobody needs any more at the end of this process, by name and suffix."""
        self._is_swept = False

    def leave(self, record: SessionRecord) -> None:
        """Leave a session for the apply, most of which can do without it."""
        if record.fingerprint in self._left:
            return
        self._left.add(record.fingerprint)
        self._write(record.fingerprint, _SUFFIX, record.to_bytes())

    def leave_found(self, account: str, found: Mapping[str, Any]) -> None:
        """Leave what was found with an account."""
        self._write(account, _FOUND, json.dumps(found).encode())

    def take_found(self, account: str) -> dict[str, Any]:
        """Return what the plan of this command has found with an account, perhaps nothing."""
        try:
            found = json.loads(_path(account, _FOUND).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        self._done.add((account, _FOUND))
        return found if isinstance(found, dict) else {}

    def find(self, fingerprint: str) -> SessionRecord | None:
        """Return a session that the plan of this command has left; None when there is none."""
        try:
            record = SessionRecord.from_bytes(_path(fingerprint).read_bytes())
        except OSError:
            return None
        self._done.add((fingerprint, _SUFFIX))
        return record

    def all(self) -> list[str]:
        """Return the fingerprints of what other processes of this command have left."""
        try:
            prefix = _path("").stem
            names = [path.stem for path in _path("").parent.glob(f"{prefix}*{_SUFFIX}")]
        except OSError:
            return []
        return sorted({name.removeprefix(prefix) for name in names} - self._left)

    def mark_passing(self, fingerprint: str) -> None:
        """Tell other processes of this command that this one will log a session out at its end."""
        self._done.add((fingerprint, _PASSING))
        self._write(fingerprint, _PASSING, b"")

    def is_passing(self, fingerprint: str) -> bool:
        """Tell whether a process of this command will log a session out at its end."""
        try:
            return _path(fingerprint, _PASSING).exists()
        except OSError:
            return False

    def finish(self, fingerprint: str) -> None:
        """Take note that nobody will ask for a session any more: its mount point is gone."""
        self._done.add((fingerprint, _SUFFIX))

    def clear(self, known: Iterable[str]) -> None:
        """Remove what was used or is known by now; what this process has left is for the apply."""
        taken_up = {(fingerprint, _SUFFIX) for fingerprint in set(known) - self._left}
        with suppress(OSError):
            for name, suffix in self._done | taken_up:
                _path(name, suffix).unlink(missing_ok=True)

    def _write(self, name: str, suffix: str, text: bytes) -> None:
        """Write a file for this user alone, the first time after a sweep; a failure is no error."""
        with suppress(OSError):
            if not self._is_swept:
                self._is_swept = True
                _sweep()
            path = _path(name, suffix)
            temporary = path.with_suffix(_UNFINISHED)
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            temporary.replace(path)


def trouble() -> str | None:
    """Return why nothing can be handed over on this machine; None when it can."""
    try:
        private_folder()
    except OSError as error:
        return str(error)
    return None


def _path(name: str, suffix: str = _SUFFIX) -> Path:
    """Return the path of a file of this command. Raises OSError."""
    from pathlib import Path  # noqa: PLC0415 - few need it

    # A name may come from a configuration, which may say anything.
    own = "".join(filter(str.isalnum, name))[:16]
    return Path(private_folder(), f"{terraform_process()}-{own}{suffix}")


def _sweep() -> None:
    """Remove what belongs to Terraform processes that are gone."""
    for path in _path("").parent.iterdir():
        if path.suffix not in (_SUFFIX, _UNFINISHED, _PASSING, _FOUND):
            continue
        number = path.name.partition("-")[0]
        with suppress(OSError):
            if not number.isdigit() or not is_alive(int(number)):
                path.unlink()
