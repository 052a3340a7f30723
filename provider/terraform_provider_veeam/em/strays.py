"""Telling which mount point is whose, when no link of a task says so.

Knows the mount points that this process made; what a mount that was given up leaves behind is found
and unmounted.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from terraform_provider_veeam.em.models import LogonSession, RestorePointRef, Task
    from terraform_provider_veeam.em.mounts import MountPoints
    from terraform_provider_veeam.em.tasks import Tasks
    from terraform_provider_veeam.em.waiting import Deadline

_PAUSE = 0.5  # seconds between two looks
_LOOKS = 4  # for a mount point that no link names

log = logging.getLogger(__name__)


class Strays:
    """The mount points of one logon session that no result has been made of."""

    def __init__(self, session: LogonSession, tasks: Tasks, mounts: MountPoints) -> None:
        self._session = session
        self._tasks = tasks
        self._mounts = mounts
        self._lock = threading.Lock()
        self._claimed: set[str] = set()
        self._under_way: dict[str, RestorePointRef] = {}
        self._prepared: set[RestorePointRef] = set()

    def prepare(self, restore_point: RestorePointRef, deadline: Deadline) -> None:
        """Before a mount: in a session that others use too, what is there is not ours."""
        if self._session.borrowed and restore_point not in self._prepared:
            there = self._mounts.paths(restore_point, deadline)
            with self._lock:
                self._claimed.update(there)
                self._prepared.add(restore_point)

    def begin(self, task_id: str, restore_point: RestorePointRef) -> None:
        """Take note of a mount that is under way."""
        with self._lock:
            self._under_way[task_id] = restore_point

    def end(self, task_id: str) -> None:
        """Take note that it is no longer under way."""
        with self._lock:
            self._under_way.pop(task_id, None)

    def claim(self, href: str) -> None:
        """Take note of a mount point that belongs to a result."""
        with self._lock:
            self._claimed.add(href)

    def find(self, restore_point: RestorePointRef, task: Task, deadline: Deadline) -> str | None:
        """Return the path of the mount point of a finished task without a link, and claim it."""
        self.end(task.task_id)
        for look in range(_LOOKS):
            if look:
                deadline.wait(_PAUSE)
            deadline.wait_for(lambda: not self._others_under_way(restore_point), pause=_PAUSE)
            candidates = self._unclaimed(restore_point, task.task_id, deadline)
            with self._lock:
                free = [href for href in candidates if href not in self._claimed]
                if free:
                    self._claimed.add(free[0])
                    return free[0]
        return None

    def unmount(
        self,
        restore_point: RestorePointRef,
        task_id: str,
        deadline: Deadline,
        *,
        at_the_end: bool = False,
    ) -> None:
        """Unmount what the given up task of that id may have left.

        `at_the_end` nobody mounts any more: whatever is unclaimed in a session of our own is left.
        Raises when it can't be told apart from the mounts of others.
        """
        for _ in range(_LOOKS):
            strays = self._unclaimed(restore_point, task_id, deadline, at_the_end=at_the_end)
            if not strays:
                return
            if self._session.borrowed:
                break  # whoever shares the session may have made them
            if not self._others_under_way(restore_point, task_id):
                for href in strays:
                    log.info("unmounting %s, which belongs to a mount that was given up", href)
                    self._mounts.unmount(href, deadline)
                return
            deadline.wait(_PAUSE)
        raise UnexpectedAnswer(
            "what may be left of it can't be told from other mounts of the restore point",
            f"{restore_point.mounts} has mount points that may be somebody else's.",
        )

    def _others_under_way(self, restore_point: RestorePointRef, task_id: str | None = None) -> bool:
        with self._lock:
            return any(
                ref == restore_point and other != task_id for other, ref in self._under_way.items()
            )

    def _unclaimed(
        self,
        restore_point: RestorePointRef,
        task_id: str,
        deadline: Deadline,
        *,
        at_the_end: bool = False,
    ) -> list[str]:
        """Return the mount points that neither a result nor another task's link accounts for."""
        # First the mount points: one that is made in between is not mistaken for a stray.
        there = self._mounts.paths(restore_point, deadline)
        with self._lock:
            unknown = [href for href in there if href not in self._claimed]
        if not unknown or (at_the_end and not self._session.borrowed):
            return unknown  # in a session of our own, nobody else mounts
        linked = {
            task.mount_href for task in self._tasks.described(deadline) if task.task_id != task_id
        }
        return [href for href in unknown if href not in linked]
