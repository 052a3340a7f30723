"""The standard streams of a command, which may be closed, full, or unread, and its signals.

What is said beside a result is dropped then. A result that can't be written ends the command.
"""

from __future__ import annotations

import io
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tfplugin.process.processes import hang_up_signals

STOP = threading.Event()
"""Set once a signal has asked to stop."""
EXIT_CODE = 128
"""With the number of the signal: the exit code that shells know."""

_PATIENCE = 1.0  # seconds for whoever reads what is said to make room for more
_SLICE = 0.2  # seconds between two looks at whether to stop
_AT_ONCE = getattr(select, "PIPE_BUF", None)  # bytes for which there is room, if there is any


class CommandFailed(Exception):
    """A command can't do what it is for; the text says why and what to do."""


class OutputLost(Exception):
    """A result can't be written; the text says why, and is empty if nobody reads it any more."""


def run(command: Callable[[], int]) -> int:
    """Run a command with streams that it can use; returns the exit code."""
    _open_all()
    sys.stdin = sys.stdin or io.TextIOWrapper(io.BytesIO())
    sys.stdout = _writer(sys.stdout, _Output)
    sys.stderr = _writer(sys.stderr, _Beside)
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()
    except CommandFailed as failed:
        sys.stderr.write(f"terraform-provider-veeam: {failed}\n")
        return 1
    except OutputLost as lost:
        if str(lost):
            sys.stderr.write(f"The result can't be written to standard output: {lost}.\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return EXIT_CODE + signal.SIGINT


def handle_signals(handler: Callable[[int], None]) -> None:
    """Call a function with the number of each signal that asks to stop.

    What is ignored stays ignored, as `nohup` and the `&` of a script want it.
    """
    for number in (signal.SIGINT, signal.SIGTERM, *hang_up_signals()):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: handler(number))


def tell(line: str) -> None:
    """Print how far work is that goes on even if nobody reads it."""
    with suppress(OutputLost):
        print(line, flush=True)


def say_at_once(text: str) -> None:
    """Tell something in the middle of everything, or drop it."""
    with suppress(OSError):
        if _has_room(2, 0.0):
            os.write(2, text.encode())


def _open_all() -> None:
    """Open something in place of each closed stream.

    Else it would be the next file that is opened, and get what is meant for people.
    """
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # so that reading and writing fail as before


def _writer(stream: Any, kind: type[_Output]) -> io.TextIOWrapper:
    """Return a stream that can write every character, if need be escaped."""
    # What is closed may be something else's number by now.
    buffer = stream.buffer if stream else io.FileIO(os.open(os.devnull, os.O_RDONLY), "w")
    raw = kind(getattr(buffer, "raw", buffer))
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding if stream else None,
        errors="backslashreplace",
        line_buffering=raw.isatty() or kind is _Beside,
    )


class _Output(io.RawIOBase):
    """Writes results: waits for its reader until a stop is asked for, and raises OutputLost."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._is_lost = False

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()

    def write(self, data: Any) -> int:
        """Write some of it, and return how much; once it is lost, all that follows is dropped."""
        try:
            while not self._is_lost:
                if not _has_room(self.fileno(), _SLICE):
                    if STOP.is_set():
                        raise BrokenPipeError
                elif (written := self._raw.write(data[:_AT_ONCE])) is not None:
                    return written
        except OSError as error:
            self._is_lost = True
            reason = error.strerror or str(error)
            raise OutputLost("" if isinstance(error, BrokenPipeError) else reason) from None
        return len(data)


class _Beside(_Output):
    """Writes what is said beside a result, or drops it: the work goes on."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            if _has_room(self.fileno(), _PATIENCE):
                return self._raw.write(data[:_AT_ONCE]) or len(data)
        return len(data)


def _has_room(number: int, seconds: float) -> bool:
    """Tell whether something can be written within that time without waiting for its reader."""
    if _AT_ONCE is None:
        return True  # Windows can't tell
    return bool(select.select((), (number,), (), seconds)[1])
