"""The installed command, run as a person runs it, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers import Server

PROGRAM = Path(sys.executable).with_name("terraform-provider-veeam")
NOTES = ".terraform-provider-veeam.jsonl"
_SECONDS = 60


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
    """A person's shell, with the environment of a server."""

    def __init__(self, server: Server, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            **server.environment,
            **environment,
        }

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            [PROGRAM, *arguments], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str | Path) -> Ran:
        """Run a command to its end."""
        with self.start(*arguments) as process:
            output, said = process.communicate(timeout=_SECONDS)
        return Ran(process.returncode, output, said)

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


def files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Return the files below a folder, by their paths in it, without the notes of a download."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != NOTES:
            yield file.relative_to(folder).as_posix(), file.read_bytes()
