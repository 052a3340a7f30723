"""What is shown on terminals of every width, and where there is none."""

import io
import os
import pty
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from terraform_provider_veeam.cli import output
from terraform_provider_veeam.em.files.progress import Progress

ID = "2b308951-237b-5e2a-9189-ddf2ec27727f"
TIME = "2026-11-15T22:00:42Z"
COLUMNS = ("CREATED", "TYPE", "KIND", "BACKUP SERVER", "ID")
ROWS = [(TIME, "vm", "being written", "backup01.tech.local", ID), (TIME, "replica", "", "b", ID)]
DISPENSABLE = ("BACKUP SERVER", "TYPE", "KIND")
VARIABLES = ("NO_COLOR", "CLICOLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "COLUMNS")

Screen = Callable[..., str]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """What does something on a terminal of a width, and returns what is on it then."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    opened = []

    def show(do: Callable[[], object], *, columns: int = 80) -> str:
        ours, theirs = pty.openpty()
        opened.append(ours)
        monkeypatch.setenv("COLUMNS", str(columns))
        with os.fdopen(theirs, "w", encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            monkeypatch.setattr(sys, "stderr", stream)
            do()
            stream.flush()
            os.set_blocking(ours, False)
            shown = b""
            while True:
                try:
                    shown += os.read(ours, 65536)
                except BlockingIOError:
                    return shown.decode().replace("\r\n", "\n")

    yield show
    for ours in opened:
        os.close(ours)


def table() -> None:
    output.print_table(COLUMNS, ROWS, dispensable=DISPENSABLE)


def plain(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (120, ["CREATED", "TYPE", "KIND", "BACKUP SERVER", "ID"]),
        (90, ["CREATED", "TYPE", "KIND", "ID"]),
        (80, ["CREATED", "KIND", "ID"]),
        (60, ["CREATED", "ID"]),
        (20, ["CREATED", "ID"]),
    ],
)
def test_columns_are_left_out_in_order_and_no_line_is_folded(
    screen: Screen, columns: int, header: list[str]
) -> None:
    lines = plain(screen(table, columns=columns)).splitlines()
    assert re.split(r" {2,}", lines[0]) == header
    for line in lines[1:3]:
        assert line.startswith(TIME)
        assert line.endswith(ID)
    missing = [name for name in COLUMNS if name not in header]
    assert lines[3:] == ([f"This terminal is too narrow for {', '.join(missing)}."] * bool(missing))


@pytest.mark.parametrize("variable", ["COLUMNS", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"])
def test_where_nobody_looks_all_is_shown_without_colour_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    table()
    output.say_error("No such thing", "x" * 500)
    with output.waiting_for("Waiting", at_once=True), output.progress_of(Progress()):
        pass
    assert [re.split(r" {2,}", line)[-1] for line in out.getvalue().splitlines()] == ["ID", ID, ID]
    assert err.getvalue() == f"Error: No such thing\n{'x' * 500}\nWaiting ...\n"
    assert "\x1b" not in out.getvalue() + err.getvalue()


@pytest.mark.parametrize(
    ("variable", "value", "is_coloured"),
    [
        ("NO_COLOR", "1", False),
        ("NO_COLOR", "", True),
        ("CLICOLOR", "0", False),
        ("CLICOLOR", "1", True),
        ("TERM", "dumb", False),
        ("TERM", "xterm", True),
    ],
)
def test_colour_is_switched_off_by_the_usual_variables(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, *, is_coloured: bool
) -> None:
    monkeypatch.setenv(variable, value)

    def fail() -> None:
        table()
        output.say_error("No such thing")

    shown = screen(fail, columns=200)
    assert ("\x1b[" in shown) is is_coloured
    assert "Error: No such thing\n" in plain(shown)


def test_long_lines_are_not_folded_on_a_terminal(screen: Screen) -> None:
    path = "E:/" + "/".join(["a folder with a long name"] * 20)
    shown = plain(screen(lambda: output.say_error(path, f"{path}\n{path}"), columns=40))
    assert shown == f"Error: {path}\n{path}\n{path}\n"


def test_a_dumb_terminal_gets_lines(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")

    def wait() -> None:
        with output.waiting_for("Mounting oracle03", at_once=True):
            pass

    assert screen(wait) == "Mounting oracle03 ...\n"


@pytest.mark.parametrize("columns", [120, 80, 40, 20])
def test_progress_stays_in_one_line_that_is_cut_nowhere(screen: Screen, columns: int) -> None:
    progress = Progress()
    for _ in range(260):
        progress.expect(2**23)
    progress.come(2**30)
    step = "preparing E:/Documentation 2014/Offers.docx"

    def wait() -> None:
        with progress.during(step), output.progress_of(progress):
            pass

    parts = {"49 %": 20, "1 of 260 files, 1.0 GiB of 2.0 GiB": 80, step: 120}
    text = plain(screen(wait, columns=columns))
    shown = next(line for line in text.splitlines() if "%" in line)
    assert [part for part, least in parts.items() if columns >= least] == [
        part for part in parts if part in shown
    ]
    assert len(shown) < columns
    assert ("━" in shown) is (columns > 20)


def test_a_long_wait_is_a_line_now_and_then_where_nobody_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(output, "TELL_SECONDS", 0.05)
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    with output.waiting_for("Mounting oracle03"):
        time.sleep(0.3)
    before = err.getvalue()
    progress = Progress()
    with progress.during("listing E:/Docs"), output.progress_of(progress):
        time.sleep(0.2)
    after = err.getvalue()[len(before) :]
    time.sleep(0.1)
    assert 2 <= before.count("Mounting oracle03 ... 0 s\n") <= 6
    assert 1 <= after.count("listing E:/Docs\n") <= 4
    assert err.getvalue() == before + after, "and none afterwards"
    assert [one.name for one in threading.enumerate() if one.name == "tell"] == []


def test_settings_have_the_names_that_a_shell_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    output.say_error(
        "Not trusted",
        "  certificate_fingerprint (VEEAM_EM_CERTIFICATE_FINGERPRINT): this fingerprint\n"
        "  insecure = true (VEEAM_EM_INSECURE): no check at all\n"
        "  a server by name: --server (VEEAM_EM_SERVER)\n"
        "DOMAIN\\user (in Terraform's language the backslash is written twice), at all times",
    )
    assert err.getvalue().splitlines()[1:] == [
        "  VEEAM_EM_CERTIFICATE_FINGERPRINT: this fingerprint",
        "  VEEAM_EM_INSECURE=true: no check at all",
        "  a server by name: --server (VEEAM_EM_SERVER)",
        "DOMAIN\\user, at all times",
    ]
