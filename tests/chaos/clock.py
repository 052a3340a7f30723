"""Time that runs faster than the world's, the same for the provider and the simulator."""

import threading
import time


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
