"""The group of the door for mount points, each of them in a logon session of its own."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from terraform_provider_veeam.em import errors, models, tasks
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory.restore_sessions import running_restores
from terraform_provider_veeam.em.logon import Group, LogonSessions, conceal_session
from terraform_provider_veeam.em.mounts.create import create_mount
from terraform_provider_veeam.em.mounts.read_and_unmount import MountPoints

log = logging.getLogger(__name__)


class Mounts(Group):
    """The mount points of all sessions."""

    def __init__(self, logon: LogonSessions) -> None:
        super().__init__(logon)
        self._passing: dict[tuple[str, str], models.LogonSession] = {}
        """The sessions of mounts for this process alone, by token and path."""

    def create(
        self,
        ref: models.RestorePointRef,
        os_kind: str | None,
        deadline: Deadline,
        *,
        outlives: bool = True,
    ) -> models.Mounted:
        """Mount in a new session; with `outlives` false for this process alone."""
        mounted = create_mount(self._logon, ref, os_kind, deadline)
        if not outlives:
            self._passing[mounted.session.token, mounted.mount_point.href] = mounted.session
        return mounted

    def get(
        self,
        session: models.LogonSession,
        ref: models.RestorePointRef,
        href: str,
        deadline: Deadline,
    ) -> models.MountPoint:
        """Return a mount point of that session. Raises MountGone, SessionGone."""
        return self._of(session).read(ref, href, deadline)

    def unmount(self, session: models.LogonSession, href: str, deadline: Deadline) -> None:
        """Unmount in that session, and end it unless borrowed. Raises SessionGone, TaskFailed."""
        self._of(session).unmount(href, deadline)
        self._passing.pop((session.token, href), None)
        log.info("unmounted: %s of %s", href, session)
        self._logon.leave(session, deadline)  # nobody would come back to it

    def touch(self, session: models.LogonSession, href: str, deadline: Deadline) -> None:
        """Use that session: read its mount point, or its tasks. Raises MountGone, SessionGone."""
        if ref := models.restore_point_at(href):
            self._of(session).read(ref, href, deadline)
        else:
            tasks.Tasks(self._logon, session).all(deadline)

    def restore_points(self, deadline: Deadline) -> Iterator[models.RestorePointRef]:
        """Yield, once each, what the session may have mounted: its tasks', then all restores'."""
        session = self._logon.browsing(deadline)
        own, seen = SessionClient(self._logon.client, session, deadline), set()
        hrefs = (task.mount_href or "" for task in tasks.Tasks(self._logon, session).all(deadline))
        restored = (ref for restore in running_restores(own) for ref in restore.restore_points)
        for ref in chain(map(models.restore_point_at, hrefs), restored):
            if ref and ref not in seen:
                seen.add(ref)
                yield ref

    def close(self, deadline: Deadline) -> None:
        """Remove the mounts that must not outlive this process. Raises nothing."""
        for (_, href), session in list(self._passing.items()):
            with suppress(errors.EnterpriseManagerError):
                self._of(session).unmount(href, deadline)
            with suppress(errors.EnterpriseManagerError):
                self._logon.end(session, deadline)

    def _of(self, session: models.LogonSession) -> MountPoints:
        conceal_session(session)
        return MountPoints(self._logon, session)

    def list(
        self, session: models.LogonSession, ref: models.RestorePointRef, deadline: Deadline
    ) -> list[models.MountPoint]:
        """Return a restore point's mount points in that session. Raises SessionGone."""
        return self._of(session).list(ref, deadline)
