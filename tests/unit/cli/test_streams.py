"""Standard streams that are closed, full or read by nobody, and signals that are ignored."""

import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("terraform-provider-veeam")
FULL = "The result can't be written to standard output: No space left on device.\n"
CLOSED = "The result can't be written to standard output: Bad file descriptor.\n"


def shell(command: str, *, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-c", command.replace("PROGRAM", str(PROGRAM))],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def script(body: str) -> str:
    """A command of ours that does what a test needs."""
    code = f"from terraform_provider_veeam.cli import streams\n{textwrap.dedent(body)}"
    return f"{sys.executable} -c '{code}'"


@pytest.mark.parametrize(
    "command", ["version", "help", "help find", "--version", "keep-alive list"]
)
@pytest.mark.parametrize(("to", "says"), [(">/dev/full", FULL), (">&-", CLOSED)])
def test_a_result_that_can_not_be_written_is_one_line_and_no_success(
    command: str, to: str, says: str
) -> None:
    ran = shell(f"PROGRAM {command} {to}")
    assert (ran.returncode, ran.stderr) == (1, says)


@pytest.mark.parametrize("command", ["version", "help"])
@pytest.mark.parametrize("to", ["2>/dev/full", "2>&-", "<&-"])
def test_a_result_does_not_need_the_other_streams(command: str, to: str) -> None:
    ran = shell(f"PROGRAM {command} {to}")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


@pytest.mark.parametrize("to", ["2>&-", "2>/dev/full", "2>&- >&- <&-"])
@pytest.mark.parametrize(
    ("command", "code"), [("nothing", 2), ("machines", 1), ("keep-alive stop x", 1)]
)
def test_an_error_that_can_not_be_told_is_still_one(command: str, code: int, to: str) -> None:
    assert shell(f"env -i XDG_RUNTIME_DIR=/nowhere PROGRAM {command} {to}").returncode == code


def test_a_reader_that_goes_away_is_no_trouble() -> None:
    ran = shell("set -o pipefail; PROGRAM help | head -1")
    assert ran.stderr == ""
    assert ran.stdout.startswith("usage:")


def test_a_file_that_is_opened_is_never_taken_for_a_stream(tmp_path: Path) -> None:
    body = f"""
        def command():
            with open("{tmp_path}/file", "w") as file:
                print("a result")
                import sys
                sys.stderr.write("said")
                file.write(f"its number is {{min(file.fileno(), 3)}}")
            return 0
        raise SystemExit(streams.run(command))
    """
    shell(f"{script(body)} <&- >&- 2>&-")
    assert (tmp_path / "file").read_text() == "its number is 3"


def test_what_is_said_is_dropped_when_nobody_takes_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    body = """
        def command():
            import sys
            for _ in range(5):
                sys.stderr.write("x" * 50000)
            print("done")
            return 0
        raise SystemExit(streams.run(command))
    """
    process = subprocess.run(
        ["/bin/bash", "-c", script(body)], stderr=writing, stdout=subprocess.PIPE, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    os.close(writing)
    os.close(reading)
    assert (process.returncode, process.stdout) == (0, "done\n")


def test_a_stop_is_heard_while_nobody_takes_a_result() -> None:
    body = """
        def command():
            streams.handle_signals(lambda _: streams.STOP.set())
            print("x" * 1000000, flush=True)
            return 0
        raise SystemExit(streams.run(command))
    """
    with subprocess.Popen(
        ["/bin/bash", "-c", f"exec {script(body)}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert select.select([process.stdout], [], [], 30)[0], "it has begun to write"
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 1
        assert process.stderr.read() == b""


def test_a_result_of_any_length_arrives_whole_at_a_slow_reader() -> None:
    body = """
        def command():
            print("".join(f"{n:07}" for n in range(100000)))
            return 0
        raise SystemExit(streams.run(command))
    """
    ran = shell(f"{script(body)} | (sleep 0.5; cat)")
    assert ran.stdout == "".join(f"{n:07}" for n in range(100_000)) + "\n"


def test_every_character_can_be_written() -> None:
    body = r"""
        def command():
            print("\\udcff \\u6771")
            return 0
        raise SystemExit(streams.run(command))
    """
    ran = shell(f"PYTHONIOENCODING=ascii {script(body)}")
    assert ran.stdout == "\\udcff \\u6771\n"


def test_a_terminal_stays_one() -> None:
    ours, theirs = pty.openpty()
    body = """
        def command():
            import sys
            print(sys.stdout.isatty(), sys.stderr.isatty())
            return 0
        raise SystemExit(streams.run(command))
    """
    subprocess.run(
        ["/bin/bash", "-c", script(body)], stdout=theirs, stderr=subprocess.DEVNULL, check=True
    )
    os.close(theirs)
    assert os.read(ours, 100) == b"True False\r\n"
    os.close(ours)


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
@pytest.mark.parametrize("ignored", [True, False])
def test_a_signal_that_is_ignored_at_the_start_stays_ignored(name: str, *, ignored: bool) -> None:
    body = f"""
        import os, signal, threading
        streams.handle_signals(lambda _: streams.STOP.set())
        os.kill(os.getpid(), signal.SIG{name})
        raise SystemExit(streams.STOP.wait(0.2))
    """
    trap = f"trap '' {name};" if ignored else ""
    assert shell(f"{trap} exec {script(body)}").returncode == (0 if ignored else 1)


def test_ctrl_c_while_a_command_starts_is_no_traceback() -> None:
    body = """
        def command():
            import os, signal
            os.kill(os.getpid(), signal.SIGINT)
            return 0
        raise SystemExit(streams.run(command))
    """
    ran = shell(script(body))
    assert (ran.returncode, ran.stderr) == (130, "Interrupted.\n")
