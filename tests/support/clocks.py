"""Clocks that tests hold in their hands: waiting costs nothing, or little."""

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeClock:
    """Time passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self.at_next_wait: Callable[[], None] | None = None
        """What happens elsewhere while the next wait lasts."""
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if event.is_set():
            return True
        with self._lock:
            self.waits.append(seconds)
            self.now += seconds
        if seconds and self.at_next_wait:
            happen, self.at_next_wait = self.at_next_wait, None
            happen()
        return event.is_set()


class FastClock:
    """So many seconds in each second. Threads may wait side by side, unlike on a fake clock."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self) -> float:
        return self.monotonic()

    def monotonic(self) -> float:
        return time.monotonic() * self.factor

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self.factor)
