"""Work that may hang: done on a thread of its own, which is left alone once nobody waits."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_SLICE = 0.1  # seconds between two looks at whether a stop was asked for

Result = TypeVar("Result")


class Abandoned(Exception):
    """The work is still going on, and what comes of it will not be known."""


def wait_or_abandon(work: Callable[[], Result], *, stop: threading.Event, seconds: float) -> Result:
    """Return what the work returns, and raise what it raises.

    Raises Abandoned when a stop was asked for or the seconds are over. The work goes on to its own
    end then, so it has to be such that nobody misses its result.
    """
    results: list[Result] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True, name="request").start()
    end = time.monotonic() + seconds
    while not done.wait(_SLICE):
        if stop.is_set() or time.monotonic() > end:
            raise Abandoned
    if errors:
        raise errors[0]
    return results[0]
