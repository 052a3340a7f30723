"""What a person sees: results on standard output, all else on standard error.

Where nobody looks, there are neither colours nor bars, whatever the environment says. No line is
folded and nothing cut: a table leaves out columns, in the order that it names, or gets wider.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from terraform_provider_veeam.em.files.progress import Progress
from terraform_provider_veeam.em.polling import TELL_SECONDS
from terraform_provider_veeam.masking import mask, printable

_GAP = 2  # columns of the terminal, between those of a table
_SHORTEST_BAR, _LONGEST_BAR = 10, 40
_SETTING = re.compile(r"(?<!-)\b\w+(?: (=) (true))? \((VEEAM_EM_\w+)\)")
_OF_TERRAFORM = re.compile(r" \(in Terraform[^)]*\)")  # what does not concern a shell


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, dispensable: Sequence[str] = ()
) -> None:
    """Print a table; a column whose name begins with `>` is flush right.

    Where a terminal is too narrow, those that are dispensable are left out, the first one first.
    """
    console = _console(sys.stdout)
    names = [column.removeprefix(">") for column in columns]
    table = [names, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(cell_len, cells)) for cells in zip(*table, strict=True)]
    shown = list(range(len(names)))
    for name in dispensable:
        width = sum(widths[place] + _GAP for place in shown) - _GAP
        if console.is_terminal and width > console.width:
            shown.remove(names.index(name))
    signed = [
        -widths[place] if columns[place].startswith(">") else widths[place] for place in shown
    ]
    lines = [_aligned([row[place] for place in shown], signed) for row in table]
    console.print(Text(lines[0], style="bold"), soft_wrap=True)
    sys.stdout.write("".join(f"{line}\n" for line in lines[1:]))
    sys.stdout.flush()
    if len(shown) < len(names):
        missing = [name for place, name in enumerate(names) if place not in shown]
        say(f"This terminal is too narrow for {', '.join(missing)}.")


def print_row(cells: Sequence[str], widths: Sequence[int]) -> None:
    """Print a row of a table that is printed as it comes; a negative width is flush right."""
    print_line(_aligned(cells, widths))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for cell, width in zip(cells, widths, strict=True):
        padding = " " * (abs(width) - cell_len(cell))
        padded.append(cell + padding if width >= 0 else padding + cell)
    return (" " * _GAP).join(padded).rstrip()


def print_line(text: str) -> None:
    """Print a line of a result, at once."""
    sys.stdout.write(f"{printable(text)}\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Print a result for scripts. Only ASCII: nothing in it does anything to a terminal."""
    sys.stdout.write(f"{json.dumps(value, indent=2)}\n")


def say(text: str) -> None:
    """Tell a person something beside the result."""
    _console(sys.stderr).print(Text(mask(text)), soft_wrap=True)


def say_error(summary: str, detail: str = "") -> None:
    """Tell what went wrong, as Terraform would; settings have the names of their variables."""
    text = Text.assemble(("Error: ", "bold red"), (mask(summary), "bold"))
    _console(sys.stderr).print(text, soft_wrap=True)
    if detail:
        say(for_shell(detail))


def for_shell(text: str) -> str:
    """Return what an error says in a shell: settings have the names of their variables."""
    return _SETTING.sub(r"\3\1\2", _OF_TERRAFORM.sub("", text))


def say_begin(what: str) -> None:
    """Tell that something begins, where nothing moves that would show it."""
    if not _console(sys.stderr).is_interactive:
        say(f"{what} ...")


class Wait:
    """Something that takes its time, and how far it is, where that is known."""

    percent: int | None = None


@contextmanager
def waiting_for(what: str, *, at_once: bool = False) -> Iterator[Wait]:
    """Show that something takes its time: it moves on a terminal, and is a line now and then else.

    With `at_once` the first line does not wait for that. Gives what takes how far it is.
    """
    began = time.monotonic()
    wait = Wait()
    if at_once:
        say_begin(what)

    def show() -> list[str]:
        share = "" if wait.percent is None else f", {wait.percent} %"
        return [f"{what} ... {time.monotonic() - began:.0f} s{share}"]

    with _shown(show, lambda: None if wait.percent is None else wait.percent / 100):
        yield wait


@contextmanager
def progress_of(progress: Progress) -> Iterator[None]:
    """Show how far a download is, by a bar on a terminal, and by a line now and then elsewhere."""
    with _shown(progress.texts, lambda: progress.share):
        yield


@contextmanager
def _shown(told: Callable[[], list[str]], share: Callable[[], float | None]) -> Iterator[None]:
    """Show progress: texts, the most important first, and a bar for a share of 1."""
    console, spinner = _console(sys.stderr), Spinner("dots")
    if console.is_interactive:
        with Live(
            get_renderable=lambda: _line(told(), share(), spinner, console.width),
            console=console, transient=True, redirect_stdout=False, redirect_stderr=False,
        ):  # fmt: skip
            yield
        return
    done = threading.Event()

    def tell() -> None:
        while not done.wait(TELL_SECONDS):
            if text := told():
                say("; ".join(text))

    thread = threading.Thread(target=tell, daemon=True, name="tell")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _line(told: list[str], share: float | None, spinner: Spinner, width: int) -> RenderableType:
    """Return a line that is no longer than a terminal is wide, and leaves out what is too long."""
    text = ""
    for one in told:
        longer = printable(f"{text}; {one}" if text else one)
        if cell_len(longer) + _GAP < width:
            text = longer
    bar = min(_LONGEST_BAR, width - cell_len(text) - _GAP)
    line = Table.grid(padding=(0, 1))
    if share is None or bar < _SHORTEST_BAR:
        line.add_row(spinner, Text(text))
    else:
        line.add_row(ProgressBar(1.0, share, width=bar), Text(text))
    return line


@cache
def _console(stream: TextIO) -> Console:
    """Return what writes to a stream: for a person, if that is a terminal, and only then."""
    is_terminal = stream.isatty()
    can_move = is_terminal and os.environ.get("TERM") not in ("dumb", "unknown")
    plain = os.environ.get("NO_COLOR") or os.environ.get("CLICOLOR") == "0" or not can_move
    return Console(
        file=stream,
        force_terminal=is_terminal,
        force_interactive=can_move,
        color_system=None if plain else "auto",
        markup=False, highlight=False, emoji=False,
    )  # fmt: skip
