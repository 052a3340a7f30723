"""How far a transfer is, for people."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from terraform_provider_veeam.durations import readable_time
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Clock
from terraform_provider_veeam.em.files.listing import Entry
from terraform_provider_veeam.text import counted, readable_size

_LARGE = 16 * 1024 * 1024  # bytes of a file that is worth telling how far it is
_RATE_SECONDS = 30.0  # that the rate is of


class Progress:
    """How far a transfer is. It is read while other threads count."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque()  # when how many bytes had come
        self._lock = threading.Lock()
        self._steps: dict[object, str] = {}  # before more is fetched, like `preparing E:/Docs`
        self.files = 0  # those that are to be here in the end
        self.bytes = 0  # of all of them, as far as the server tells sizes
        self.knows_sizes = True
        self.files_done = 0
        self.files_kept = 0  # those among them that were in their place already
        self.bytes_done = 0
        self.bytes_kept = 0
        # What is being fetched, with the bytes that are here; twice where two paths lead to it.
        self._current: dict[object, tuple[Entry, int]] = {}

    @contextmanager
    def during(self, step: str) -> Iterator[Callable[[str], None]]:
        """Tell for a while what is done before more is fetched; gives what changes the text."""
        key = object()
        self._steps[key] = step
        try:
            yield partial(self._steps.__setitem__, key)
        finally:
            del self._steps[key]

    @contextmanager
    def fetching(self, entry: Entry) -> Iterator[Callable[[int], None]]:
        """Count a file while it is fetched; gives what is told how many bytes of it are here."""
        key = object()
        if not self._samples:  # the rate is of what comes from now on
            self._samples.append((self._clock.monotonic(), self.bytes_done - self.bytes_kept))

        def count(come: int) -> None:
            self._current[key] = (entry, come)

        count(0)
        try:
            yield count
        finally:
            del self._current[key]

    def expect(self, size: int | None) -> None:
        """Count a file that is to be here in the end."""
        self.files += 1
        self.bytes += size or 0
        self.knows_sizes = self.knows_sizes and size is not None

    def keep(self, size: int | None) -> None:
        """Count a file that is here already."""
        self.files_kept += 1
        self.bytes_kept += size or 0
        self.come(size or 0)

    def come(self, size: int) -> None:
        """Count a file that is here."""
        with self._lock:
            self.files_done += 1
            self.bytes_done += size

    @property
    def _bytes_here(self) -> int:
        return self.bytes_done + sum(come for _, come in self._current.copy().values())

    @property
    def share(self) -> float | None:
        """How much is here, from 0 to 1; None if that is not known."""
        if not self.bytes or not self.knows_sizes:
            return None
        return min(1.0, self._bytes_here / self.bytes)

    def texts(self) -> list[str]:
        """Return how far it is now, the most important first. It is to be asked again and again."""
        step = list(self._steps.values())[-1:]
        if not self.files:
            return step
        large = [
            f"{entry.path} {100 * come // entry.size} %"
            for entry, come in self._current.copy().values()
            if entry.size and entry.size >= _LARGE
        ]
        said = [", ".join(self._speed()), str(self), *(large or step)]
        return [one for one in said if one]

    def __str__(self) -> str:
        fetched = readable_size(self._bytes_here)
        text = f"{self.files_done} of {counted(self.files, 'file')}, {fetched}"
        if self.files_done < self.files:
            text += f" of {readable_size(self.bytes)}"
        return text

    def _speed(self) -> Iterator[str]:
        """Return the share in per cent, the rate, and the time that is left, as far as known."""
        now, come = self._clock.monotonic(), self._bytes_here - self.bytes_kept
        while len(self._samples) > 1 and now - self._samples[1][0] > _RATE_SECONDS:
            self._samples.popleft()
        self._samples.append((now, come))
        began, before = self._samples[0]
        rate = (come - before) / (now - began) if now > began else 0.0
        share = self.share
        if share is not None:
            yield f"{int(100 * share)} %"
        if now > began:
            yield f"{readable_size(round(rate))}/s"
        if rate and share is not None:
            left = self.bytes - self._bytes_here
            yield f"{readable_time(left / rate)} left"
