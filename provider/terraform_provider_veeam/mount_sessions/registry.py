"""The sessions that this process knows, and the one order in which a mount's session is found."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from terraform_provider_veeam.mount_sessions.local_handover import Handover
from terraform_provider_veeam.mount_sessions.record import SessionRecord

_READ = "read"


class SessionRegistry:
    """Remembers sessions by their fingerprints, for many threads at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], SessionRecord] = {}
        self._read: dict[tuple[str, str], SessionRecord] = {}
        """Those of them that the apply of this command may need."""
        self._found: dict[str, tuple[str | None, str | None]] = {}
        """What the apply of this command may need again: of restore points that it may mount, by
        path, name and time; which objects in jobs Terraform has, by id."""
        self._planned: dict[str, Any] | None = None
        self.handover = Handover()
        """What other processes of this command are told, and have told."""

    def remember(self, record: SessionRecord, *, for_apply: bool = False) -> None:
        """Remember a session; with `for_apply`, also leave it for the apply of this command."""
        self._known[record.fingerprint, record.href] = record
        if for_apply:
            self._read[record.fingerprint, record.href] = record
            self.handover.leave(record)

    def forget(self, fingerprint: str, href: str) -> None:
        """Forget a mount point that is gone."""
        for records in (self._known, self._read):
            records.pop((fingerprint, href), None)
        self.handover.finish(fingerprint)

    def find(self, fingerprint: str, base_url: str, private: bytes = b"") -> SessionRecord | None:
        """Return the session of a fingerprint; None when it is not at hand.

        The order: the resource's private state; what the plan of a create carries for the mount it
        replaces; what this process knows; what the plan of this command has left. Only private
        state may name another Enterprise Manager than the one at `base_url`.
        """
        own = SessionRecord.from_bytes(private) or _carried(private, fingerprint)
        if own is not None and own.fingerprint == fingerprint:
            return own
        known = (record for record in self._records() if record.fingerprint == fingerprint)
        found = next(known, None) or self.handover.find(fingerprint)
        return found if found and found.base_url == base_url else None

    def with_mount_point(
        self, is_wanted: Callable[[str], bool], base_url: str
    ) -> list[SessionRecord]:
        """Return the known sessions with a mount point at a path, else those of the plan."""

        def chosen(records: Iterable[SessionRecord]) -> list[SessionRecord]:
            return [one for one in records if is_wanted(one.href) and one.base_url == base_url]

        if known := chosen(self._records()):
            return known
        left = (self.handover.find(fingerprint) for fingerprint in self.handover.all())
        return chosen(record for record in left if record)

    def carry(self) -> bytes:
        """Return the private state for the plan of a create; empty when no mount has been read.

        A tainted mount is planned as a create, which is told nothing of the mount it replaces; what
        this plan returns is all that the old mount's delete gets.
        """
        read = {record.fingerprint: record.to_plain() for record in list(self._read.values())}
        return json.dumps({_READ: read}).encode() if read else b""

    def remember_found(
        self, path: str, name: str | None = None, created_at: str | None = None
    ) -> None:
        """Remember what was found, for the apply of this command."""
        self._found[path] = name, created_at

    def found_by_plan(self, account: str, path: str) -> tuple[str | None, str | None] | None:
        """Return name and time, as the plan of this command has found them; None if it has not."""
        if self._planned is None:
            self._planned = self.handover.take_found(account)
        match self._planned.get(path):
            case [str() | None as name, str() | None as created_at]:
                return name, created_at
        return None

    def forget_found(self, path: str) -> None:
        """Take note that what was found is used: its plan is over."""
        self._found.pop(path, None)

    def leave_found(self, account: str) -> None:
        """Leave what was found, and is not used yet, for the apply of this command."""
        if self._found:
            self.handover.leave_found(account, self._found)

    def close(self) -> None:
        """Remove from the hand-over what nobody needs any more."""
        self.handover.clear(record.fingerprint for record in self._records())

    def _records(self) -> list[SessionRecord]:
        return list(self._known.values())


def _carried(private: bytes, fingerprint: str) -> SessionRecord | None:
    try:
        plain: Any = json.loads(private)
        return SessionRecord.from_plain(plain[_READ][fingerprint])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
