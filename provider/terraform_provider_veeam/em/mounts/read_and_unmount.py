"""Mount points that exist: reading, listing and unmounting them, each in its own session.

Follows the vendor's pages get_vmrestorepoints_id_mountpoints, …_id and
delete_vmrestorepoints_id_mountpoints_id, and their siblings of replicas and agents.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from http import HTTPStatus

from terraform_provider_veeam.em import errors, models
from terraform_provider_veeam.em.deadline import Deadline, looks
from terraform_provider_veeam.em.gone import Container, unless_gone
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.http.pages import pages
from terraform_provider_veeam.em.inventory.restore_points import read_restore_point
from terraform_provider_veeam.em.logon import LogonSessions
from terraform_provider_veeam.em.tasks import Tasks, failure_of, parse_task

log = logging.getLogger(__name__)

_Found = list[tuple[str, decoders.Resource]]


class MountPoints:
    """The mount points of one logon session."""

    def __init__(self, client: Client, logon: LogonSessions, session: models.LogonSession) -> None:
        self._client = client
        self._logon = logon
        self._session = session
        self._tasks = Tasks(client, logon, session)

    def read(
        self, restore_point: models.RestorePointRef, href: str, deadline: Deadline
    ) -> models.MountPoint:
        """Return the mount point at a path below `/api`. Raises MountGone, SessionGone."""
        return unless_gone(
            _named(href),
            lambda: self._read(restore_point, href, deadline),
            self._container(href, deadline),
            deadline,
            self._client.policy.pauses(),
        )

    def _read(
        self, restore_point: models.RestorePointRef, href: str, deadline: Deadline
    ) -> models.MountPoint:
        answer = self._client.request("GET", href, deadline, token=self._session.token)
        mount_id, resource = models.mount_id_of(href), answer.document.value
        told = models.mount_id_of(decoders.api_path(decoders.member(resource, "Href")) or "")
        kind = decoders.text(resource, "Type") or ""
        is_mount_point = told == mount_id or kind.casefold().endswith("mount")
        if mount_id is None or not is_mount_point:
            raise decoders.unreadable(
                f"GET {href} was answered with {answer.status}, but with no mount point."
            )
        if told not in (None, mount_id):
            raise decoders.unreadable(
                f"GET {href} was answered with another mount point, number {told}."
            )
        return models.MountPoint(restore_point, mount_id, href, file_system_roots(resource))

    def list(
        self, restore_point: models.RestorePointRef, deadline: Deadline
    ) -> list[models.MountPoint]:
        """Return the mount points that the session has of a restore point, by number.

        Raises SessionGone.
        """
        there = [
            models.MountPoint(
                restore_point, models.mount_id_of(href) or 0, href, file_system_roots(mount)
            )
            for href, mount in self._listed(restore_point.mounts, deadline)
        ]
        return sorted(there, key=lambda mount_point: mount_point.mount_id)

    def _listed(self, path: str, deadline: Deadline) -> _Found:
        """Return the mount points that the session lists at a path, each with its own path."""

        def read(document: decoders.Document) -> _Found:
            listed = document.collection("Mount")
            found = [
                (href, mount)
                for mount in listed or ()
                if (href := decoders.api_path(decoders.member(mount, "Href")))
                and models.mount_id_of(href)
            ]
            if listed is None or len(found) < len(listed):
                raise decoders.unreadable(
                    f"GET {path} was answered, but with no list of mount points."
                )
            return found

        sessions = self._logon.container(self._session, deadline)

        def is_there() -> bool:
            """Tell whether the session is there, and look whether the restore point is."""
            if not sessions.has():
                return False
            if ref := models.restore_point_at(path):
                self.check_restore_point(ref, deadline)
            return True

        try:
            return unless_gone(
                str(self._session),
                lambda: [
                    *pages(
                        self._client, self._session, path, deadline, read, key=lambda one: one[0]
                    )
                ],
                sessions._replace(has=is_there),
                deadline,
                self._client.policy.pauses(),
            )
        except errors.RestorePointGone as error:
            log.info("nothing can be mounted of it: %s", error)
            return []

    def check_restore_point(self, ref: models.RestorePointRef, deadline: Deadline) -> None:
        """Raise RestorePointGone if the restore point is known to be gone."""
        try:
            self._logon.browse(
                lambda own: read_restore_point(self._client, own, ref, deadline), deadline
            )
        except (errors.RestorePointGone, errors.Stopped, errors.DeadlinePassed):
            raise
        except errors.EnterpriseManagerError as error:
            log.info("whether %s is there can't be told: %s", ref.path, error)

    def unmount(self, href: str, deadline: Deadline) -> None:
        """Unmount; 204, a task that succeeds and a mount point that is gone are success.

        After anything else it is waited for until the mount point is gone: whoever answers 200 to
        everything has not unmounted. Raises SessionGone, TaskFailed.
        """
        container = self._container(href, deadline)
        with suppress(errors.MountGone):
            unless_gone(
                _named(href),
                lambda: self._unmount(href, container, deadline),
                container,
                deadline,
                self._client.policy.pauses(),
            )

    def _unmount(self, href: str, container: Container, deadline: Deadline) -> None:
        answer = self._client.request("DELETE", href, deadline, token=self._session.token)
        if answer.status == HTTPStatus.NO_CONTENT:
            return
        task = parse_task(answer.document.value)
        with suppress(
            errors.TaskVanished
        ):  # it may have finished: whether the mount point is there tells
            task = task and self._tasks.wait(task, deadline)
            if task and task.success is False:
                raise errors.TaskFailed(
                    "Enterprise Manager could not unmount the restore point",
                    failure_of(f"DELETE {href}", task),
                )
            if task:
                return
        for _ in looks(deadline):
            if not container.has():
                return

    def _container(self, href: str, deadline: Deadline) -> Container:
        path, mount_id = href.rpartition("/")[0], models.mount_id_of(href)
        return Container(
            f"the list of mount points of {self._session}",
            lambda: any(
                models.mount_id_of(one) == mount_id for one, _ in self._listed(path, deadline)
            ),
            errors.MountGone,
        )


def _named(href: str) -> str:
    return f"mount point {href}"


def file_system_roots(resource: decoders.Resource) -> tuple[str, ...]:
    """Return where the file systems of a mount point begin, as the server spells them.

    Raises UnexpectedAnswer.
    """
    entries = decoders.members(decoders.member(resource, "FSRoots"), "DirectoryEntry")
    found = [decoders.text(entry, "Path") or decoders.text(entry, "Name") for entry in entries]
    if not all(found):
        raise decoders.unreadable(
            "A root of the mount point's file systems has neither path nor name."
        )
    return tuple(root for root in found if root)
