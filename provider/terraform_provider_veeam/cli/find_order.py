"""In which order `find` mounts restore points: so that few are, or every one.

The newest is number 0. Nothing here mounts anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable


class _Order:
    def __init__(self) -> None:
        self.told: dict[int, bool | None] = {}
        """Whether it has the file, of each that was looked at; None for one that can't be."""

    @property
    def newest_with(self) -> int | None:
        """The newest known to have the file."""
        return min((number for number, has in self.told.items() if has), default=None)


class EveryOne(_Order):
    """One after the other, from the newest on: until one has the file, or to the end."""

    def __init__(self, count: int, *, to_the_end: bool) -> None:
        super().__init__()
        self._left = iter(range(count))
        self._to_the_end = to_the_end

    def take(self) -> int | None:
        """Return the next one, to be begun now; None when there is none."""
        is_over = self.newest_with is not None and not self._to_the_end
        return None if is_over else next(self._left, None)

    def needs(self, number: int) -> bool:
        """Tell whether what comes of one that has begun still matters."""
        newest = self.newest_with
        return self._to_the_end or newest is None or number < newest


class FewOnes(_Order):
    """The newest, then 1, 2, 4, 8 … back; then halves of what is left between two.

    A file that was deleted is in all that are older, up to the backup before it was made: the
    newest with it follows from at most 2 + 2·log2(n). As many as that allows are begun before it
    is known whether they are needed, on the newer side: most people miss a file soon.
    """

    def __init__(self, count: int, at_once: int) -> None:
        super().__init__()
        powers = (2**exponent for exponent in range(count.bit_length()))
        self._steps = list(dict.fromkeys([0, *(n for n in powers if n < count), count - 1]))
        self._most = int(2 + 2 * math.log2(count))
        self._at_once = at_once
        self._begun: set[int] = set()
        self._ahead: int | None = None
        """The one that was begun before it was known to be needed."""

    def take(self) -> int | None:
        """Return the next one, to be begun now; None when none is, for now or for good."""
        number = self._step() if self.newest_with is None else self._between(self.newest_with)
        if number is not None:
            self._begun.add(number)
        return number

    def needs(self, number: int) -> bool:
        """Tell whether what comes of one that has begun still matters."""
        newest = self.newest_with
        return newest is None or self._oldest_without(newest) < number < newest

    def _step(self) -> int | None:
        """Return the next step back: they come in rounds, or the longest would be in vain."""
        left = [step for step in self._steps if step not in self._begun]
        is_full = len(self._begun) % self._at_once == 0 and self._running()
        return None if is_full or not left else left[0]

    def _between(self, newest: int) -> int | None:
        without = self._oldest_without(newest)
        running = [number for number in self._running() if without < number < newest]
        if not running:
            return self._middle(without, newest)
        (first, *others), worst = sorted(running), len(self._begun) + 1
        if others or first in self._steps or self._at_once == 1 or self._ahead in running:
            return None
        worst += math.ceil(math.log2(newest - first))
        self._ahead = self._middle(without, first) if worst <= self._most else None
        return self._ahead

    def _middle(self, without: int, newest: int) -> int | None:
        free = (number for number in range(without + 1, newest) if number not in self._begun)
        return min(free, key=lambda number: abs(2 * number - without - newest), default=None)

    def _oldest_without(self, newest: int) -> int:
        """Return the oldest that lacks the file of those that are newer than one with it."""
        without = (n for n, has in self.told.items() if has is False and n < newest)
        return max(without, default=-1)

    def _running(self) -> Iterable[int]:
        return self._begun - self.told.keys()
