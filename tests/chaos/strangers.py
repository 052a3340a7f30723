"""Other users of the server: they mount the same restore points, and nothing of theirs may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from em_simulator import ADMINISTRATOR, Family, Simulator
from em_simulator.mounts import Mount
from em_simulator.simulator import _described

if TYPE_CHECKING:
    from em_simulator.sessions import Session, Task


class Place(NamedTuple):
    """Where a mount point is."""

    session_id: str
    path: str


class Stranger:
    """Somebody with a logon session; the provider may have been given its token."""

    def __init__(self, simulator: Simulator) -> None:
        self.session_id, self.token = simulator.log_on(
            ADMINISTRATOR.username, ADMINISTRATOR.password
        )
        self._manager = simulator._manager
        self._tasks: list[Task] = []
        session = self._manager.sessions.find(self.token)
        assert session is not None
        self._session: Session = session

    def mount(self, restore_point_id: str, seconds: float = 0.0) -> None:
        """Mount a restore point of a VM; it takes so many seconds."""
        with self._manager.lock:
            point = self._manager.catalogue.find(Family.VM, restore_point_id)
            if point is None or self._manager.use(self.token) is None:
                return
            task = self._manager.mount(self._session, point, "Windows")
            task.collected_at = task.finished_at = self._manager._clock() + seconds
            self._tasks.append(task)
            self._manager.advance()

    @property
    def places(self) -> set[Place]:
        """Where what they have mounted is, or was before somebody else removed it."""
        with self._manager.lock:
            self._manager.advance()
            return {
                Place(self.session_id, _described(self._session, task.made).path)
                for task in self._tasks
                if isinstance(task.made, Mount)
            }

    @property
    def is_logged_on(self) -> bool:
        with self._manager.lock:
            return self._manager.sessions.find(self.token) is not None

    @property
    def has_everything(self) -> bool:
        """Whether all that they have mounted is there, and what they are mounting goes on."""
        with self._manager.lock:
            self._manager.advance()
            there = list(self._session.mounts.values())
            return self.is_logged_on and all(
                any(task.made is mount for mount in there)
                if task.made
                else self._session.tasks.get(task.id) is task
                for task in self._tasks
            )
