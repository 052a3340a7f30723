"""Mount points that exist: reading, listing and unmounting them, each in its own session.

Follows the vendor's pages get_vmrestorepoints_id_mountpoints, …_id and
delete_vmrestorepoints_id_mountpoints_id, and their siblings of replicas and agents.
"""

import logging
from contextlib import suppress
from http import HTTPStatus
from operator import attrgetter, itemgetter

from terraform_provider_veeam.em import errors, gone, models, tasks
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, pages
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory.restore_points import read_restore_point
from terraform_provider_veeam.em.logon import InSession
from terraform_provider_veeam.em.polling import looks

log = logging.getLogger(__name__)

_Found = list[tuple[int, decoders.Resource]]


class MountPoints(InSession):
    """The mount points of one logon session."""

    def read(
        self, restore_point: models.RestorePointRef, href: str, deadline: Deadline
    ) -> models.MountPoint:
        """Return the mount point at a path below `/api`. Raises MountGone, SessionGone."""
        client = self._client(deadline)
        return gone.unless_gone(
            client,
            f"mount point {href}",
            lambda: _read(client, restore_point, href),
            self._container(href, deadline),
        )

    def list(
        self, restore_point: models.RestorePointRef, deadline: Deadline
    ) -> list[models.MountPoint]:
        """Return the session's mount points of a restore point. Raises SessionGone."""
        there = [
            models.MountPoint(
                restore_point, mount_id, decoders.path_of(mount), file_system_roots(mount)
            )
            for mount_id, mount in self._listed(restore_point.mounts, deadline)
        ]
        return sorted(there, key=attrgetter("mount_id"))

    def _listed(self, path: str, deadline: Deadline) -> _Found:
        """Return the mount points that the session lists at a path, each with its number."""
        client = self._client(deadline)

        def parse(mount: decoders.Resource) -> tuple[int, decoders.Resource] | None:
            mount_id = models.mount_id_of(decoders.path_of(mount))
            return (mount_id, mount) if mount_id else None

        sessions = self._logon.container(self._session, deadline)

        def is_there() -> bool:
            """Tell whether the session is there, and look whether the restore point is."""
            if not sessions.has():
                return False
            if ref := models.restore_point_at(path):
                self.check_restore_point(ref, deadline)
            return True

        try:
            return gone.unless_gone(
                client,
                str(self._session),
                lambda: [*pages.members(client, path, "Mount", parse, key=itemgetter(0))],
                sessions._replace(has=is_there),
            )
        except errors.RestorePointGone as error:
            log.info("nothing can be mounted of it: %s", error)
            return []

    def check_restore_point(self, ref: models.RestorePointRef, deadline: Deadline) -> None:
        """Raise RestorePointGone if the restore point is known to be gone."""
        try:
            self._logon.browse(lambda own: read_restore_point(own, ref), deadline)
        except (errors.RestorePointGone, errors.Stopped, errors.DeadlinePassed):
            raise
        except errors.EnterpriseManagerError as error:
            log.info("whether %s is there can't be told: %s", ref.path, error)

    def unmount(self, href: str, deadline: Deadline) -> None:
        """Unmount; one that is gone is success. Raises SessionGone, TaskFailed.

        After 204 or a task's success it is over; after anything else, when it is no longer listed.
        """
        container = self._container(href, deadline)
        with suppress(errors.MountGone):
            gone.unless_gone(
                self._client(deadline),
                f"mount point {href}",
                lambda: self._unmount(href, container, deadline),
                container,
            )

    def _unmount(self, href: str, container: gone.Container, deadline: Deadline) -> None:
        answer = self._client(deadline).request("DELETE", href)
        if answer.status == HTTPStatus.NO_CONTENT:
            return
        task = tasks.parse_task(answer.document.value)
        with suppress(errors.TaskVanished):  # perhaps finished: whether the mount is there tells
            task = task and tasks.Tasks(self._logon, self._session).wait(task, deadline)
            if task and task.success is False:
                raise errors.TaskFailed(
                    "Enterprise Manager could not unmount the restore point",
                    tasks.failure_of(f"DELETE {href}", task),
                )
            if task:
                return
        for _ in looks(deadline):
            if not container.has():
                return

    def _container(self, href: str, deadline: Deadline) -> gone.Container:
        path, mount_id = href.rpartition("/")[0], models.mount_id_of(href)
        return gone.Container(
            f"the list of mount points of {self._session}",
            lambda: any(one == mount_id for one, _ in self._listed(path, deadline)),
            errors.MountGone,
        )


def _read(
    client: SessionClient, restore_point: models.RestorePointRef, href: str
) -> models.MountPoint:
    answer, mount_id = client.get(href), models.mount_id_of(href)
    resource = answer.document.value
    told = models.mount_id_of(decoders.path_of(resource))
    kind = decoders.text(resource, "Type") or ""
    is_mount_point = told == mount_id or kind.casefold().endswith("mount")
    if mount_id is None or not is_mount_point:
        raise answer.unexpected("with no mount point")
    if told not in (None, mount_id):
        raise decoders.unreadable(
            f"GET {href} was answered with another mount point, number {told}."
        )
    return models.MountPoint(restore_point, mount_id, href, file_system_roots(resource))


def file_system_roots(resource: decoders.Resource) -> tuple[str, ...]:
    """Return where its file systems begin, as spelt there. Raises UnexpectedAnswer."""
    entries = decoders.members(decoders.member(resource, "FSRoots"), "DirectoryEntry")
    found = [decoders.text(entry, "Path", "Name") for entry in entries]
    if not all(found):
        raise decoders.unreadable(
            "A root of the mount point's file systems has neither path nor name."
        )
    return tuple(root for root in found if root)
