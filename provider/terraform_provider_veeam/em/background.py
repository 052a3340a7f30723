"""Work in a thread of its own, so that whoever waits for it can tell how far it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Result = TypeVar("Result")
State = TypeVar("State")


def in_background(
    work: Callable[[], Result], seconds: float, state: Callable[[], State]
) -> Generator[State, None, Result]:
    """Do work in a thread; yields its state every so many seconds, and returns its result.

    Raises what the work raises. Whoever gives up waiting still waits for its end: it has to know
    of a stop by itself.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="work") as pool:
        working = pool.submit(work)
        while not wait((working,), seconds).done:
            yield state()
        return working.result()
