"""Answers about what a call has made: what nobody is told of is undone."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

_UNSEEN_SECONDS = 0.6
"""Terraform may have been dead for as long before its end is noticed."""

_log = logging.getLogger(__name__)


class Answers:
    """Knows what was made and answered a moment ago, and whether anybody still takes answers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: list[tuple[float, Callable[[], None]]] = []
        self._is_deserted = False

    def give(self, context: Any, undo: Callable[[], None]) -> None:
        """Take note of what a call made, before its answer; undo it if gRPC's context is dead."""
        with self._lock:
            now = self._clock()
            if not self._is_deserted and (context is None or context.is_active()):
                self._recent = [one for one in self._recent if one[0] > now - _UNSEEN_SECONDS]
                self._recent.append((now, undo))
                return
        _undo(undo)

    def desert(self, *, unseen: bool) -> None:
        """Undo from now on what calls make; with `unseen` also what was answered last."""
        with self._lock:
            self._is_deserted = True
            now, recent, self._recent = self._clock(), self._recent, []
        for moment, undo in recent:
            if unseen and moment > now - _UNSEEN_SECONDS:
                _undo(undo)


def _undo(undo: Callable[[], None]) -> None:
    _log.warning("nobody takes the answer to a call: what it made is undone")
    try:
        undo()
    except Exception:  # noqa: BLE001 - whatever it is, nobody is there to be told
        _log.exception("what a call made could not be undone")
