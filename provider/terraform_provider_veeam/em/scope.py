"""Everything that is done in one logon session, and what its end depends on."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import EnterpriseManagerError, MountIncomplete
from terraform_provider_veeam.em.file_restores import FileRestores
from terraform_provider_veeam.em.files import Files
from terraform_provider_veeam.em.leases import OlderSession
from terraform_provider_veeam.em.mounting import Mounter
from terraform_provider_veeam.em.mounts import MountPoints, is_mount, mount_id_of, mount_path
from terraform_provider_veeam.em.posting import MountRequests
from terraform_provider_veeam.em.restore_points import restore_point_at
from terraform_provider_veeam.em.strays import Strays
from terraform_provider_veeam.em.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.models import (
        LogonSession,
        Mounted,
        MountPoint,
        RestorePointRef,
    )
    from terraform_provider_veeam.em.session import LogonSessions
    from terraform_provider_veeam.em.waiting import Clock, Deadline

log = logging.getLogger(__name__)


class SessionScope:
    """One logon session, ours or an older one whose mount points are read and unmounted."""

    def __init__(
        self, session: LogonSession, client: Client, sessions: LogonSessions, clock: Clock
    ) -> None:
        self.session = session
        self._client = client
        self._sessions = sessions
        self._tasks = Tasks(client, session, clock)
        self.mounts = MountPoints(client, session, self._tasks)
        self._requests = MountRequests(client, session, self._tasks, clock)
        self._strays = Strays(session, self._tasks, self.mounts)
        self._mounter = Mounter(
            session,
            tasks=self._tasks,
            mounts=self.mounts,
            requests=self._requests,
            strays=self._strays,
            clock=clock,
        )
        self._older = OlderSession(session, self._tasks, log_out=sessions.log_out)
        self._lock = threading.Lock()
        self.file_restores = FileRestores(client, session, self._tasks, clock)
        self.seen: set[str] = set()
        """Paths of mount points that this process has made or read in the session."""
        self._alive: set[str] = set()
        """Mount points made by this process that have to live on after it."""

    def mount(
        self,
        restore_point: RestorePointRef,
        os_kind: str | None,
        deadline: Deadline,
        *,
        outlives: bool,
    ) -> Mounted:
        """Mount as Mounter does; if it `outlives` this process, the session is left open for it."""
        try:
            mounted = self._mounter.mount(restore_point, os_kind, deadline)
        except MountIncomplete as error:
            if outlives:
                self._remember(error.mounted.mount_point.href)
            raise
        self.seen.add(mounted.mount_point.href)
        if outlives:
            self._remember(mounted.mount_point.href)
        return mounted

    def path(self, ref: RestorePointRef, mount_id: int, href: str | None) -> str:
        """Return the path the server gave, if it is one of this mount, else the documented one."""
        if href and href.startswith("/") and mount_id_of(href) == mount_id and ".." not in href:
            return href
        seen = [known for known in list(self.seen) if is_mount(known, ref, mount_id)]
        return seen[0] if seen else mount_path(ref, mount_id)

    def read(self, ref: RestorePointRef, href: str, deadline: Deadline) -> MountPoint:
        """Return a mount point. Raises NotFound, SessionExpired."""
        mount_point = self.mounts.read(ref, href, deadline)
        self.seen.add(href)
        return mount_point

    def restore_points(self, deadline: Deadline) -> list[RestorePointRef]:
        """Return the restore points that the session's tasks have mounted, the first first."""
        tasks = self._tasks.described(deadline)
        found = [restore_point_at(task.mount_href) for task in tasks if task.mount_href]
        return [ref for ref in found if ref]

    def files(self, href: str) -> Files:
        """Return the file system of the mount point at a path."""
        return Files(self._client, self.session, href)

    def unmount(self, href: str, deadline: Deadline) -> None:
        """Unmount as MountPoints does; the last one out ends an older session."""
        self.mounts.unmount(href, deadline)
        self.seen.discard(href)
        with self._lock:
            self._alive.discard(href)
        if self.session is not self._sessions.current:
            self._older.unmounted(href, deadline)

    def end_if_empty(self, gone: Iterable[str], deadline: Deadline) -> None:
        """End an older session if nothing is mounted in it besides these, which are gone."""
        self._older.end_if_empty(gone, self._read, deadline)

    def settle(self, deadline: Deadline, *, ours: bool) -> None:
        """Log the session out unless a mount point may still live in it."""
        if not ours:
            self._older.settle(self._read, deadline)
            return
        if not self._alive and not self.session.borrowed:
            self._sessions.log_out(self.session, deadline)
            return
        if not self.session.borrowed and self._requests.unanswered:
            with contextlib.suppress(EnterpriseManagerError):
                self._requests.cancel_unknown(deadline)
        for restore_point in self._requests.unanswered:
            self._unmount_strays(restore_point, deadline)

    def _unmount_strays(self, restore_point: RestorePointRef, deadline: Deadline) -> None:
        """Unmount what a lost request or a cancelled task has brought about after all."""
        try:
            self._strays.unmount(restore_point, "", deadline, at_the_end=True)
        except EnterpriseManagerError as error:
            log.info("looking for strays of %s: %s", restore_point.id, error)

    def _read(self, href: str, deadline: Deadline) -> None:
        self._client.request("GET", href, deadline, token=self.session.token)

    def _remember(self, href: str) -> None:
        with self._lock:
            self._alive.add(href)
