"""Work in threads of its own: so that whoever waits can tell how far it is, or side by side."""

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from queue import SimpleQueue
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


def start_thread(begin: Callable[[], Result]) -> Result:
    """Return what begins a thread. Raises Unreachable where this machine gives none."""
    try:
        return begin()
    except RuntimeError as error:
        raise at_limit("no more threads can be started", "ulimit -u") from error


class Threads:
    """Threads that are used again, and that the end of the process does not wait for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Callable[[], None] | None]] = []
        self._is_closed = False

    def start(self, work: Callable[[], None]) -> None:
        """Do work, which raises nothing, in an idle thread or a new one. Raises Unreachable."""
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox:
            inbox.put(work)
            return
        thread = threading.Thread(target=self._work, args=(work,), daemon=True, name=self._name)
        start_thread(thread.start)

    def close(self) -> None:
        """End those that have no work, and the others when theirs is done."""
        with self._lock:
            self._is_closed = True
            for inbox in self._idle:
                inbox.put(None)
            self._idle.clear()

    def _work(self, work: Callable[[], None] | None) -> None:
        inbox: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        while work:
            work()
            with self._lock:
                if self._is_closed:
                    return
                self._idle.append(inbox)
            work = None  # what it refers to is not kept while there is nothing to do
            work = inbox.get()


def in_background(
    work: Callable[[], Result], seconds: float, state: Callable[[], State]
) -> Generator[State, None, Result]:
    """Do work in a thread; yield its state every so many seconds, and return its result.

    Raises what the work raises, and Unreachable without a thread. Whoever gives up waiting still
    waits for its end: it has to know of a stop by itself.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="work") as pool:
        working = start_thread(lambda: pool.submit(work))
        while not wait((working,), seconds).done:
            yield state()
        return working.result()


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], at_once: int
) -> Generator[Result, None, None]:
    """Do work for each item, for so many at once; yield the results in their order.

    Raises what the work raises, and Unreachable without a thread. What has not begun when nobody
    reads on is dropped; what has is waited for.
    """
    with ThreadPoolExecutor(at_once, thread_name_prefix="work") as pool:
        working = start_thread(lambda: [pool.submit(work, item) for item in items])
        try:
            for one in working:
                yield one.result()
        finally:
            for one in working:
                one.cancel()
