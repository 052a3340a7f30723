"""What ends a process that serves: Terraform's Shutdown, a signal, or the death of Terraform."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from queue import Empty, SimpleQueue
from typing import NoReturn

from tfplugin.process.processes import hang_up_signals, has_lost_terraform

_PARENT_POLL_SECONDS = 0.5


class Ending(Enum):
    """Why the process ends."""

    SHUTDOWN = "Terraform asked for it"
    SIGNAL = "a signal asked for it"
    ORPHANED = "Terraform is gone"


class Lifetime:
    """Waits for the first thing that ends the process."""

    def __init__(self, parent: int | None = None) -> None:
        """Take the pid of the process whose death ends this one too; None if there is none."""
        self.parent = parent
        # Unlike a Queue, it can be filled by a signal handler that interrupts its reader.
        self._endings: SimpleQueue[Ending] = SimpleQueue()

    def end(self, ending: Ending) -> None:
        """End the process. May be called by any thread and any number of times."""
        self._endings.put(ending)

    def wait(self) -> Ending:
        """Return the first ending. Only on the main thread does a signal wake it."""
        while True:
            try:
                return self._endings.get(timeout=_PARENT_POLL_SECONDS)
            except Empty:
                if self.parent is not None and has_lost_terraform(self.parent):
                    return Ending.ORPHANED

    @contextmanager
    def signals(self, *, ctrl_c_ends: bool) -> Iterator[None]:
        """End on SIGTERM, and on SIGHUP unless it is ignored, as under `nohup`.

        Ctrl-C reaches Terraform too, which decides: the provider ignores it.
        """
        handlers: dict[signal.Signals, Callable[..., None] | signal.Handlers] = {
            signal.SIGTERM: self._on_signal,
            signal.SIGINT: self._on_signal if ctrl_c_ends else signal.SIG_IGN,
        }
        for number in hang_up_signals():
            if signal.getsignal(number) is not signal.SIG_IGN:
                handlers[number] = self._on_signal
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, *_: object) -> None:
        self.end(Ending.SIGNAL)


def leave(code: int) -> NoReturn:
    """End the process at once, with all written out: the usual way takes 10 ms, and waits."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # there may be none, or nobody reads
            stream.flush()
    os._exit(code)


def exit_within(seconds: float, clean_up: Callable[[], None]) -> None:
    """End the process within that many seconds, whatever hangs. Its exit code is 0."""

    def give_up() -> None:
        logging.getLogger(__name__).error("something hangs: the process is ended")
        clean_up()
        leave(0)

    watchdog = threading.Timer(seconds, give_up)
    watchdog.daemon = True
    watchdog.start()
