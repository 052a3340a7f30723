"""What a person sees: results on standard output, all else on standard error.

Where nobody looks, there are neither colours nor bars, and lines are as long as they are.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from terraform_provider_veeam.plugin.process.logs import mask
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from terraform_provider_veeam.em.files.transfer import Tally

_ENDLESS = 100_000  # columns
_TELL_SECONDS = 10.0


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; a column whose name begins with `>` is flush right."""
    console = _console(sys.stdout)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        right = column.startswith(">")
        table.add_column(
            column.removeprefix(">"),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=right,
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    with console.capture() as captured:
        console.print(table)
    lines = captured.get().splitlines()
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))


def print_line(text: str) -> None:
    """Print a line of a result, at once."""
    sys.stdout.write(f"{printable(text)}\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Print a result for scripts. Only ASCII: nothing in it does anything to a terminal."""
    sys.stdout.write(f"{json.dumps(value, indent=2)}\n")


def say(text: str) -> None:
    """Tell a person something beside the result."""
    sys.stderr.write(f"{mask(text)}\n")
    sys.stderr.flush()


def say_error(summary: str, detail: str = "") -> None:
    """Tell what went wrong, as Terraform would."""
    console = _console(sys.stderr)
    text = Text.assemble(("Error: ", "bold red"), (mask(summary), "bold"))
    console.print(text, soft_wrap=True)
    if detail:
        say(detail)


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Show that something takes its time: it moves on a terminal, and is a line elsewhere."""
    console = _console(sys.stderr)
    if not console.is_terminal:
        say(f"{what} ...")
        yield
        return
    with console.status(Text(printable(what))):
        yield


@contextmanager
def progress_of(tally: Tally) -> Iterator[Callable[[], None]]:
    """Show how far a download is; what it gives is to be called many times a second."""
    console = _console(sys.stderr)
    if not console.is_terminal:
        yield _Lines(tally).tell
        return
    bar = Progress(BarColumn(), TextColumn("{task.description}", markup=False), console=console)
    with bar:
        task = bar.add_task("", total=None)

        def show() -> None:
            total = tally.bytes or None
            done = tally.bytes_done + tally.current_bytes
            bar.update(task, total=total, completed=done, description=printable(str(tally)))

        yield show
        bar.remove_task(task)


class _Lines:
    """Tells how far a download is by a line now and then."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._told = time.monotonic()

    def tell(self) -> None:
        """Write a line, if it is time for one."""
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            say(printable(str(self._tally)))


def _console(stream: TextIO) -> Console:
    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _ENDLESS
    return console
