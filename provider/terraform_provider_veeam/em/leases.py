"""Who may end a logon session: whoever unmounts the last mount point of an older one (rule 5).

A session that may still have a mount point is never logged out; if unsure, it is left to expire.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound
from terraform_provider_veeam.em.posting import MOUNT_OPERATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.em.tasks import Tasks
    from terraform_provider_veeam.em.waiting import Deadline

log = logging.getLogger(__name__)


class OlderSession:
    """Counts the mount points of a session that another process made."""

    def __init__(
        self,
        session: LogonSession,
        tasks: Tasks,
        *,
        log_out: Callable[[LogonSession, Deadline], None],
    ) -> None:
        self._session = session
        self._tasks = tasks
        self._log_out = log_out
        self._lock = threading.Lock()
        self._made: set[str] | None = None
        self._asked = False
        self._unmounted: set[str] = set()
        self._ended = session.borrowed or session.session_id is None

    def unmounted(self, href: str, deadline: Deadline) -> None:
        """Take note of an unmount, and end the session when it was the last. Never raises."""
        if self._ended:
            return
        try:
            deadline.acquire(self._lock)
        except EnterpriseManagerError:
            return
        try:
            self._unmounted.add(href)
            if not self._asked:
                self._asked = True
                self._made = self._all_made(deadline)
            if self._made and self._made == self._unmounted:
                self._end(deadline)
        except EnterpriseManagerError as error:
            log.info("%s is left to expire: %s", self._session, error)
        finally:
            self._lock.release()

    def end_if_empty(
        self, gone: Iterable[str], exists: Callable[[str, Deadline], None], deadline: Deadline
    ) -> None:
        """End the session if it has no mount point besides these, which are gone. Never raises.

        `exists` is as for settle.
        """
        if self._ended:
            return
        self._unmounted.update(gone)
        try:
            self._made = self._all_made(deadline)
        except EnterpriseManagerError as error:
            log.info("%s is left to expire: %s", self._session, error)
            return
        self.settle(exists, deadline)

    def settle(self, exists: Callable[[str, Deadline], None], deadline: Deadline) -> None:
        """End the session if the mount points that others unmounted were the rest. Never raises.

        `exists` reads a mount point, and raises NotFound when it is gone.
        """
        if self._ended or not self._made or not self._unmounted <= self._made:
            return
        try:
            for href in sorted(self._made - self._unmounted):
                try:
                    exists(href, deadline)
                except NotFound:
                    self._unmounted.add(href)
                    continue
                return
            self._end(deadline)
        except EnterpriseManagerError as error:
            log.info("%s is left to expire: %s", self._session, error)

    def _all_made(self, deadline: Deadline) -> set[str] | None:
        """Return the mount points made in the session; None when that can't be told."""
        made = set()
        tasks = self._tasks.described(deadline)
        first = self._session.first_task
        if first is not None and all(task.task_id != first for task in tasks):
            return None  # the server forgets finished tasks: there may have been more
        for task in tasks:
            if task.operation not in (None, MOUNT_OPERATION):
                continue
            if not task.finished:
                return None
            if task.mount_href:
                made.add(task.mount_href)
            elif task.success is not False:
                return None
        return made

    def _end(self, deadline: Deadline) -> None:
        self._ended = True
        self._log_out(self._session, deadline)
