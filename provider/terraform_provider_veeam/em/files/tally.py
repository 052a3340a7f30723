"""How far a transfer is, for people."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Clock
from terraform_provider_veeam.em.files.listing import Entry
from terraform_provider_veeam.text import counted, readable_size, readable_time

_LARGE = 16 * 1024 * 1024  # bytes of a file that is worth telling how far it is
_RATE_SECONDS = 30.0  # that the rate is of


class Tally:
    """How far a transfer is. It is read while another thread counts."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque()
        """When how many bytes had come."""
        self.step = ""
        """What is done before more is fetched, like `preparing E:/Docs`; else empty."""
        self.files = 0
        """Those that are to be here in the end."""
        self.bytes = 0
        """Of all of them, as far as the server tells sizes."""
        self.knows_sizes = True
        self.files_done = 0
        self.files_kept = 0
        """Those among them that were in their place already."""
        self.bytes_done = 0
        self.bytes_kept = 0
        self.current: Entry | None = None
        """The file that is being fetched."""
        self.current_bytes = 0

    @contextmanager
    def during(self, step: str) -> Iterator[None]:
        """Tell for a while what is done before more is fetched."""
        before, self.step = self.step, step
        try:
            yield
        finally:
            self.step = before

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
        self.files_done += 1
        self.bytes_done += size

    @property
    def share(self) -> float | None:
        """How much is here, from 0 to 1; None if that is not known."""
        if not self.bytes or not self.knows_sizes:
            return None
        return min(1.0, (self.bytes_done + self.current_bytes) / self.bytes)

    def progress(self) -> list[str]:
        """Return how far it is now, the most important first. It is to be asked again and again."""
        if not self.files:
            return [self.step] if self.step else []
        said = [", ".join(self._speed()), str(self)]
        current = self.current
        if self.step:
            said.append(self.step)
        elif current and current.size and current.size >= _LARGE:
            said.append(f"{current.path} {100 * self.current_bytes // current.size} %")
        return [one for one in said if one]

    def __str__(self) -> str:
        fetched = readable_size(self.bytes_done + self.current_bytes)
        text = f"{self.files_done} of {counted(self.files, 'file')}, {fetched}"
        if self.files_done < self.files:
            text += f" of {readable_size(self.bytes)}"
        return text

    def _speed(self) -> Iterator[str]:
        """Return the share in per cent, the rate, and the time that is left, as far as known."""
        now, come = self._clock.monotonic(), self.bytes_done - self.bytes_kept + self.current_bytes
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
            left = self.bytes - self.bytes_done - self.current_bytes
            yield f"{readable_time(left / rate)} left"
