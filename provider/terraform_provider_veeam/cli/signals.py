"""The signals that ask a command to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from tfplugin.process.processes import hang_up_signals

STOP = threading.Event()
"""Set once one of them has come."""
EXIT_CODE = 128
"""With the number of the signal: the exit code that shells know."""


def handle_signals(handler: Callable[[int], None]) -> None:
    """Call a function with the number of each signal from now on.

    What is ignored stays ignored, as `nohup` and the `&` of a script want it.
    """
    for number in (signal.SIGINT, signal.SIGTERM, *hang_up_signals()):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: handler(number))
