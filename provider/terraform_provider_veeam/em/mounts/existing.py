"""Mount points that exist: reading, listing and unmounting them, each in its own session.

Follows the vendor's pages get_vmrestorepoints_id_mountpoints, …_id and
delete_vmrestorepoints_id_mountpoints_id, and their siblings of replicas and agents.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import NotFound, TaskFailed, TaskVanished
from terraform_provider_veeam.em.http.decoders import (
    Resource,
    api_path,
    member,
    members,
    text,
    unreadable,
)
from terraform_provider_veeam.em.models import MountPoint, RestorePointRef, mount_id_of
from terraform_provider_veeam.em.tasks import Tasks, looks, parse_task

if TYPE_CHECKING:
    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.models import LogonSession


class MountPoints:
    """The mount points of one logon session."""

    def __init__(self, client: Client, session: LogonSession) -> None:
        self._client = client
        self._session = session
        self._tasks = Tasks(client, session)

    def read(self, restore_point: RestorePointRef, href: str, deadline: Deadline) -> MountPoint:
        """Return the mount point at a path below `/api`. Raises NotFound, SessionExpired."""
        answer = self._client.request("GET", href, deadline, token=self._session.token)
        mount_id, resource = mount_id_of(href), answer.document.value
        told = mount_id_of(api_path(member(resource, "Href")) or "")
        is_mount_point = told == mount_id or (text(resource, "Type") or "").endswith("Mount")
        if mount_id is None or not is_mount_point:
            raise unreadable(
                f"GET {href} was answered with {answer.status}, but with no mount point."
            )
        if told not in (None, mount_id):
            raise unreadable(f"GET {href} was answered with another mount point, number {told}.")
        return MountPoint(restore_point, mount_id, href, file_system_roots(resource))

    def list(self, restore_point: RestorePointRef, deadline: Deadline) -> list[MountPoint]:
        """Return the mount points that the session has of a restore point, by number."""
        path = restore_point.mounts
        try:
            answer = self._client.request("GET", path, deadline, token=self._session.token)
        except NotFound:
            return []
        entity = f"{restore_point.type.entity}Mount"
        listed = answer.document.collection(
            (f"{entity}s", entity),
            ("VmRestorePointMounts", "VmRestorePointMount"),
            ("EntityReferences", "Ref"),
            ("Refs", "Ref"),
        )
        found = [
            MountPoint(restore_point, mount_id, href, file_system_roots(mount))
            for mount in listed or ()
            if (href := api_path(member(mount, "Href"))) and (mount_id := mount_id_of(href))
        ]
        if listed is None or len(found) < len(listed):
            raise unreadable(
                f"GET {path} was answered with {answer.status}, but with no list of mount points."
            )
        return sorted(found, key=lambda mount_point: mount_point.mount_id)

    def unmount(self, href: str, deadline: Deadline) -> None:
        """Unmount; 204, 404 and a task that succeeds are success.

        After anything else it is waited for until the mount point is gone: whoever answers 200 to
        everything has not unmounted. Raises SessionExpired, TaskFailed.
        """
        try:
            answer = self._client.request("DELETE", href, deadline, token=self._session.token)
        except NotFound:
            return
        if answer.status == HTTPStatus.NO_CONTENT:
            return
        task = parse_task(answer.document.value)
        if task is None:
            self._wait_until_gone(href, deadline)
            return
        try:
            task = self._tasks.wait(task, deadline)
        except TaskVanished:
            # It may have finished: whether the mount point is there tells.
            self._wait_until_gone(href, deadline)
            return
        if task.success is False:
            raise TaskFailed(
                "Enterprise Manager could not unmount the restore point",
                f"DELETE {href} was accepted, but its task {task.task_id} failed: "
                f"{task.message or 'it gave no reason'}",
            )

    def _wait_until_gone(self, href: str, deadline: Deadline) -> None:
        """Wait for an unmount that was accepted without naming a task."""
        for _ in looks(deadline):
            try:
                self._client.request("GET", href, deadline, token=self._session.token)
            except NotFound:
                return


def file_system_roots(resource: Resource) -> tuple[str, ...]:
    """Return where the file systems of a mount point begin, as the server spells them.

    Raises UnexpectedAnswer.
    """
    entries = members(member(resource, "FSRoots"), "DirectoryEntry", "FSRoots")
    found = [text(entry, "Path") or text(entry, "Name") for entry in entries]
    if not all(found):
        raise unreadable("A root of the mount point's file systems has neither path nor name.")
    return tuple(root for root in found if root)
