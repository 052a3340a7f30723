"""Work in threads of its own: so that whoever waits can tell how far it is, or side by side."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from terraform_provider_veeam.em.errors import Unreachable

Item = TypeVar("Item")
Result = TypeVar("Result")
State = TypeVar("State")


def at_limit(why: str, command: str) -> Unreachable:
    """Return the error for what this machine does not give, and the command that shows how much."""
    return Unreachable(
        "This machine is at its limits",
        f"Nothing was sent, because {why}. That is a limit of this machine, its container or this "
        f"account: raise it ({command}), or do less at once (terraform apply -parallelism=2).",
    )


def in_background(
    work: Callable[[], Result], seconds: float, state: Callable[[], State]
) -> Generator[State, None, Result]:
    """Do work in a thread; yields its state every so many seconds, and returns its result.

    Raises what the work raises, and Unreachable where this machine gives no thread. Whoever gives
    up waiting still waits for its end: it has to know of a stop by itself.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="work") as pool:
        try:
            working = pool.submit(work)
        except RuntimeError as error:
            raise at_limit("no more threads can be started", "ulimit -u") from error
        while not wait((working,), seconds).done:
            yield state()
        return working.result()


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], at_once: int
) -> Generator[Result, None, None]:
    """Do work for each item, for so many at the same time; return the results in their order.

    Raises what the work raises, and Unreachable where this machine gives no thread. What has not
    begun when nobody reads on is dropped; what has, is waited for.
    """
    with ThreadPoolExecutor(at_once, thread_name_prefix="work") as pool:
        working: list[Future[Result]] = []
        try:
            working += (pool.submit(work, item) for item in items)
        except RuntimeError as error:
            raise at_limit("no more threads can be started", "ulimit -u") from error
        try:
            for one in working:
                yield one.result()
        finally:
            for one in working:
                one.cancel()
