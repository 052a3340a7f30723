"""Mount points that exist: reading, listing and unmounting them, each in its own session.

Follows the vendor's pages get_vmrestorepoints_id_mountpoints, …_id and
delete_vmrestorepoints_id_mountpoints_id, and their siblings of replicas and agents.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.decoding import (
    Resource,
    api_path,
    member,
    members,
    text,
    unreadable,
)
from terraform_provider_veeam.em.errors import NotFound, TaskFailed, TaskVanished
from terraform_provider_veeam.em.models import MountPoint, RestorePointRef
from terraform_provider_veeam.em.tasks import Tasks, parse_task

if TYPE_CHECKING:
    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.models import LogonSession, Task
    from terraform_provider_veeam.em.waiting import Deadline

_MOUNT_ID = re.compile(r"/mounts/([1-9]\d{0,18})$")


def mount_path(restore_point: RestorePointRef, mount_id: int) -> str:
    """Return the path below `/api` that a mount point has by the documentation."""
    return f"{restore_point.mounts}/{mount_id}"


def mount_id_of(href: str) -> int | None:
    """Return the number of the mount point at a path; None when it is no mount point's path."""
    found = _MOUNT_ID.search(href)
    return int(found[1]) if found else None


def is_mount(href: str, restore_point: RestorePointRef, mount_id: int) -> bool:
    """Tell whether a path is that of a mount point."""
    return mount_id_of(href) == mount_id and restore_point.id in href.lower()


class MountPoints:
    """The mount points of one logon session."""

    def __init__(self, client: Client, session: LogonSession, tasks: Tasks) -> None:
        self._client = client
        self._session = session
        self._tasks = tasks

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
        roots = file_system_roots(resource)
        return MountPoint(restore_point, mount_id, href, roots)

    def paths(self, restore_point: RestorePointRef, deadline: Deadline) -> list[str]:
        """Return the paths below `/api` of the mount points that the session has of it."""
        return [mount_point.href for mount_point in self.list(restore_point, deadline)]

    def list(self, restore_point: RestorePointRef, deadline: Deadline) -> list[MountPoint]:
        """Return the mount points that the session has of a restore point, by number."""
        try:
            answer = self._client.request(
                "GET", restore_point.mounts, deadline, token=self._session.token
            )
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
            MountPoint(restore_point, mount_id, path, file_system_roots(mount))
            for mount in listed or ()
            if (path := api_path(member(mount, "Href"))) and (mount_id := mount_id_of(path))
        ]
        if listed is None or len(found) < len(listed):
            raise unreadable(
                f"GET {restore_point.mounts} was answered with {answer.status}, but with no list "
                "of mount points.",
            )
        return sorted(found, key=lambda mount_point: mount_point.mount_id)

    def unmount(self, href: str, deadline: Deadline) -> None:
        """Unmount; 204, 200, 404 and a 202 whose task succeeds are success.

        Raises SessionExpired, TaskFailed.
        """
        try:
            answer = self._client.request("DELETE", href, deadline, token=self._session.token)
        except NotFound:
            return
        if answer.status != HTTPStatus.ACCEPTED:
            return
        task = parse_task(answer.document.value)
        if task is None:
            self._wait_until_gone(href, deadline)
            return
        if not task.finished:
            try:
                task = self._tasks.wait(task.task_id, deadline)
            except TaskVanished:
                # Perhaps it had finished: the mount point itself tells.
                self._wait_until_gone(href, deadline)
                return
        if task.success is False:
            raise task_failed(task, f"DELETE {href}")

    def _wait_until_gone(self, href: str, deadline: Deadline) -> None:
        """Wait for an unmount that was accepted without saying which task it is."""

        def gone() -> bool:
            try:
                self._client.request("GET", href, deadline, token=self._session.token)
            except NotFound:
                return True
            return False

        deadline.wait_for(gone, pause=1.0)


def file_system_roots(resource: Resource) -> tuple[str, ...]:
    """Return where the file systems of a mount point begin, as the server spells it.

    Raises UnexpectedAnswer.
    """
    entries = members(member(resource, "FSRoots"), "DirectoryEntry", "FSRoots")
    found = [text(entry, "Path") or text(entry, "Name") for entry in entries]
    if not all(found):
        raise unreadable("A root of the mount point's file systems has neither path nor name.")
    return tuple(root for root in found if root)


def task_failed(task: Task, tried: str) -> TaskFailed:
    """Return the error for a task that ended without success, with the server's message."""
    message = task.message or "It gave no reason."
    return TaskFailed(
        "Enterprise Manager could not do it",
        f"{tried} was accepted, but its task {task.task_id} failed: {message}",
    )
