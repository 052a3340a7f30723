"""The installed command, run as a person runs it, in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from terraform import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from helpers import Server

_SECONDS = 60
_TAKE_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"


class Ran(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    output: str
    said: str
    """What it wrote on standard error."""

    @property
    def json(self) -> Any:
        return json.loads(self.output)

    @property
    def lines(self) -> list[list[str]]:
        """The rows of a table, each cut where there are two spaces."""
        rows = (line.split("  ") for line in self.output.splitlines())
        return [[cell.strip() for cell in row if cell.strip()] for row in rows]


class CommandLine:
    """A person's shell, with the environment of a server.

    What is run to its end is run by `program`: a signal needs the program itself.
    """

    def __init__(
        self,
        server: Server,
        folder: Path,
        program: Sequence[str] = (str(PROGRAM),),
        **environment: str,
    ) -> None:
        self.folder = folder
        self.program = program
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            **server.environment,
            **environment,
        }

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return self._start(PROGRAM, *arguments)

    def _start(self, *command: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str | Path) -> Ran:
        """Run a command to its end."""
        with self._start(*self.program, *arguments) as process:
            output, said = process.communicate(timeout=_SECONDS)
        return Ran(process.returncode, output, said)

    def on_terminal(self, *arguments: str | Path) -> str:
        """Run a command to its end on a terminal; return all that came to be on it."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [PROGRAM, *arguments], cwd=self.folder, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        ) as process:  # fmt: skip
            os.close(theirs)
            shown = b""
            with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:
                while came := terminal.read(65536):
                    shown += came
            assert process.wait(_SECONDS) == 0, shown.decode()
        return shown.decode()

    def answer(self, *arguments: str | Path, to: Sequence[str], typed: str) -> tuple[int, str]:
        """Run a command on a terminal at which somebody types once they are asked one of these.

        Returns its exit code, and all that came to be on the terminal.
        """
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, PROGRAM, *arguments],
            cwd=self.folder, env=self.environment, stdin=theirs, stdout=theirs, stderr=theirs,
        ) as process:  # fmt: skip
            os.close(theirs)
            shown, is_typed = b"", False
            with suppress(OSError), os.fdopen(ours, "r+b", buffering=0) as terminal:
                while came := terminal.read(65536):
                    shown += came
                    if not is_typed and any(one.encode() in shown for one in to):
                        terminal.write(typed.encode())
                        is_typed = True
            return process.wait(_SECONDS), shown.decode()

    def interrupt(
        self, *arguments: str | Path, when: Callable[[], Any], number: int = signal.SIGINT
    ) -> tuple[Ran, float]:
        """Send a signal to a command once something is so; return how long it took to end."""
        with self.start(*arguments) as process:
            end = time.monotonic() + _SECONDS
            while not when() and time.monotonic() < end:
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            process.send_signal(number)
            began = time.monotonic()
            output, said = process.communicate(timeout=_SECONDS)
        return Ran(process.returncode, output, said), time.monotonic() - began
