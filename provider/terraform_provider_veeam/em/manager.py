"""Enterprise Manager as the provider sees it: what can be asked of it, by many threads at once."""

from __future__ import annotations

import contextlib
import logging
import random as system_random
import threading
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from terraform_provider_veeam.em.backup_servers import BackupServer, backup_servers
from terraform_provider_veeam.em.client import Client
from terraform_provider_veeam.em.errors import EnterpriseManagerError, SessionExpired
from terraform_provider_veeam.em.mounts import is_mount
from terraform_provider_veeam.em.restore_points import (
    FoundRestorePoint,
    Wanted,
    find_restore_points,
    read_restore_point,
)
from terraform_provider_veeam.em.restore_sessions import RestoreSession, working_restores
from terraform_provider_veeam.em.scope import SessionScope
from terraform_provider_veeam.em.session import LogonSessions, token_refused
from terraform_provider_veeam.em.waiting import SYSTEM_CLOCK, Clock, Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from terraform_provider_veeam.em.file_restores import FileRestores
    from terraform_provider_veeam.em.files import Files
    from terraform_provider_veeam.em.models import (
        LogonSession,
        Mounted,
        MountPoint,
        RestorePoint,
        RestorePointRef,
    )
    from terraform_provider_veeam.em.settings import Settings

Result = TypeVar("Result")

log = logging.getLogger(__name__)


def _ignore(secret: str) -> None:
    """Hide nothing: for those who keep no log."""


class EnterpriseManager:
    """One Enterprise Manager. Errors are those of `errors`, ready to be shown.

    `conceal` is called with every secret the moment it is known, so that logs can hide it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = SYSTEM_CLOCK,
        random: Callable[[], float] = system_random.random,
        conceal: Callable[[str], None] = _ignore,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._conceal = conceal
        self._client = Client(settings, clock=clock, random=random)
        self._sessions = LogonSessions(self._client, settings, conceal)
        self._lock = threading.Lock()
        self._scopes: dict[str, SessionScope] = {}

    @property
    def settings(self) -> Settings:
        """What it was made with."""
        return self._settings

    @property
    def base_url(self) -> str:
        """Where Enterprise Manager is: `https://HOST:PORT/api`."""
        return self._settings.base_url

    @property
    def session_is_borrowed(self) -> bool:
        """Whether an existing session's token was configured, in place of a user name."""
        return self._settings.session_token is not None

    def session(self, deadline: Deadline) -> LogonSession:
        """Return our own session, logging on when it is the first time."""
        return self._sessions.own(deadline)

    def session_is_gone(self, session_id: str, deadline: Deadline) -> bool:
        """Tell whether the server no longer has that logon session."""
        return not self._in_own_session(
            lambda session: self._sessions.exists(session, session_id, deadline), deadline
        )

    def restore_point(self, ref: RestorePointRef, deadline: Deadline) -> RestorePoint:
        """Return a restore point. Raises NotFound."""
        return self._in_own_session(
            lambda session: read_restore_point(self._client, session, ref, deadline), deadline
        )

    def restore_points(
        self, wanted: Wanted, limit: int, deadline: Deadline
    ) -> list[FoundRestorePoint]:
        """Return at most so many restore points, the newest first, reading no page in vain."""
        return self._in_own_session(
            lambda session: list(
                islice(find_restore_points(self._client, session, wanted, deadline), limit)
            ),
            deadline,
        )

    def latest_restore_point(self, wanted: Wanted, deadline: Deadline) -> FoundRestorePoint | None:
        """Return the newest restore point that has been written; None when there is none."""

        def find(session: LogonSession) -> FoundRestorePoint | None:
            for found in find_restore_points(self._client, session, wanted, deadline):
                if found.is_complete:
                    return found
                log.info("passing over %s, which is still being written", found.name)
            return None

        return self._in_own_session(find, deadline)

    def working_restores(self, deadline: Deadline) -> list[RestoreSession]:
        """Return the file-level restores that have not stopped, the newest first."""
        return self._in_own_session(
            lambda session: list(working_restores(self._client, session, deadline)), deadline
        )

    def backup_servers(self, deadline: Deadline) -> list[BackupServer]:
        """Return the backup servers."""
        return self._in_own_session(
            lambda session: list(backup_servers(self._client, session, deadline)), deadline
        )

    def mount(
        self,
        ref: RestorePointRef,
        os_kind: str | None,
        deadline: Deadline,
        *,
        outlives: bool = True,
    ) -> Mounted:
        """Mount a restore point in our own session, and return it when its disks are there.

        Unless it `outlives` this process, the session is logged out at the end in spite of it.

        Raises MountIncomplete when it is mounted but could not be read; after any other error
        nothing is mounted, or the error names the task and the session that may still do it.
        """
        return self._in_own_session(
            lambda session: self._scope(session).mount(ref, os_kind, deadline, outlives=outlives),
            deadline,
        )

    def mount_point(
        self,
        session: LogonSession,
        ref: RestorePointRef,
        mount_id: int,
        deadline: Deadline,
        *,
        href: str | None = None,
    ) -> MountPoint:
        """Return a mount point of that session. Never logs on. Raises NotFound, SessionExpired."""
        scope = self._scope(session)
        return scope.read(ref, scope.path(ref, mount_id, href), deadline)

    def mount_points(
        self, session: LogonSession, ref: RestorePointRef, deadline: Deadline
    ) -> list[MountPoint]:
        """Return what that session has mounted of a restore point, by number. Never logs on."""
        scope = self._scope(session)
        found = scope.mounts.list(ref, deadline)
        scope.seen.update(mount_point.href for mount_point in found)
        return found

    def mounted_restore_points(self, deadline: Deadline) -> Iterator[RestorePointRef]:
        """Return the restore points of which our own session may have mount points, each once.

        Those of its tasks come first, then those that the backup servers show as being restored:
        how long a finished task stays listed is not documented.
        """
        session = self._sessions.own(deadline)
        seen = dict.fromkeys(self._scope(session).restore_points(deadline))
        yield from list(seen)
        for restore in working_restores(self._client, session, deadline):
            for ref in restore.restore_points:
                if ref not in seen:
                    seen[ref] = None
                    yield ref

    def sessions_with(self, ref: RestorePointRef, mount_id: int) -> list[LogonSession]:
        """Return the sessions in which this process has made or read that mount point."""
        with self._lock:
            scopes = list(self._scopes.values())
        return [
            scope.session
            for scope in scopes
            if any(is_mount(href, ref, mount_id) for href in list(scope.seen))
        ]

    @property
    def known_fingerprints(self) -> list[str]:
        """The fingerprints of the sessions that this process has done something in."""
        with self._lock:
            return [scope.session.fingerprint for scope in self._scopes.values()]

    def known_session(self, fingerprint: str) -> LogonSession | None:
        """Return a session that this process has come across; None when it has not."""
        with self._lock:
            known = [scope.session for scope in self._scopes.values()]
        if self._sessions.current:
            known.append(self._sessions.current)
        return next((session for session in known if session.fingerprint == fingerprint), None)

    def files(
        self, session: LogonSession, ref: RestorePointRef, mount_id: int
    ) -> tuple[Files, FileRestores]:
        """Return the file system of a mount point of that session, and what restores from it."""
        scope = self._scope(session)
        return scope.files(scope.path(ref, mount_id, None)), scope.file_restores

    def unmount(
        self,
        session: LogonSession,
        ref: RestorePointRef,
        mount_id: int,
        deadline: Deadline,
        *,
        href: str | None = None,
    ) -> None:
        """Unmount a mount point of that session; one that is gone already is no error.

        Never logs on. Raises SessionExpired, TaskFailed.
        """
        scope = self._scope(session)
        scope.unmount(scope.path(ref, mount_id, href), deadline)

    def unmount_path(self, session: LogonSession, href: str, deadline: Deadline) -> None:
        """Unmount the mount point at a path in its session, as `unmount` does."""
        self._scope(session).unmount(href, deadline)

    def touch(self, session: LogonSession, href: str, deadline: Deadline) -> None:
        """Read the mount point at a path in its session. Raises NotFound, SessionExpired."""
        self._client.request("GET", href, deadline, token=session.token)

    def end_if_empty(self, session: LogonSession, gone: Iterable[str], deadline: Deadline) -> None:
        """End an older session if no mount point lives in it besides these, which are gone.

        If that can't be told, or somebody else made the session, it is left alone. No error.
        """
        self._scope(session).end_if_empty(gone, deadline)

    def close(self, seconds: float) -> None:
        """End what was begun within that many seconds: sessions that nothing lives in. No error."""
        bound = Deadline(
            operation="Logging out", seconds=seconds, stop=threading.Event(), clock=self._clock
        )
        with self._lock:
            scopes = list(self._scopes.values())
        own = self._sessions.current
        if own and own.token not in self._scopes:
            scopes.append(self._scope(own))
        for scope in scopes:
            with contextlib.suppress(EnterpriseManagerError):
                scope.settle(bound, ours=own is not None and scope.session.token == own.token)
        self._client.close()

    def _scope(self, session: LogonSession) -> SessionScope:
        with self._lock:
            scope = self._scopes.get(session.token)
            if scope is None:
                self._sessions.conceal(session)
                scope = SessionScope(session, self._client, self._sessions, self._clock)
                self._scopes[session.token] = scope
            return scope

    def _in_own_session(
        self, operation: Callable[[LogonSession], Result], deadline: Deadline
    ) -> Result:
        """Run an operation that asks for nothing twice; a session that idled away is replaced."""
        session = self._sessions.own(deadline)
        try:
            return operation(session)
        except SessionExpired as error:
            if session.borrowed:
                raise token_refused(error) from error
            log.info("%s has ended; logging on anew", session)
            self._sessions.forget(session)
        return operation(self._sessions.own(deadline))
