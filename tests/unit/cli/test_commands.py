"""The command line, whatever the terminal can show."""

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from terraform_provider_veeam.cli import commands

PROGRAM = Path(sys.executable).with_name("terraform-provider-veeam")


def test_a_path_that_the_terminal_can_not_show_ends_nothing(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff\xc3\xa4"
    done = subprocess.run(
        [PROGRAM, "install", "--plugin-dir", folder],
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Installed" in done.stdout


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


def test_help_is_a_command_too() -> None:
    whole = run("help")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout == run("--help").stdout
    for command in commands.COMMANDS:
        assert re.search(rf"^    {command}\s", whole.stdout, re.MULTILINE)
    assert run("help", "find").stdout == run("find", "--help").stdout
    assert run("help", "nothing").returncode == 2


def test_serve_says_where_its_settings_come_from() -> None:
    told = " ".join(run("serve", "--help").stdout.split())
    assert "VEEAM_EM_URL" in told
    assert "of this process" in told


def test_help_waits_for_nothing_that_only_a_run_needs() -> None:
    script = (
        "import sys; from terraform_provider_veeam.cli import commands\n"
        "for name in commands.COMMANDS:\n"
        "    try: commands.run([name, '--help'])\n"
        "    except SystemExit: pass\n"
        "print(sorted({'rich', 'requests', 'urllib3', 'grpc', 'cryptography'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("usage: ") == len(commands.COMMANDS)
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_is_put_off_is_there() -> None:
    for name in commands._SLOW:
        assert find_spec(f"terraform_provider_veeam.{name}"), name


def test_a_misspelt_command_or_option_names_the_one_that_is_meant() -> None:
    assert 'there is no command "machine", is machines meant?' in run("machine").stderr
    assert 'there is no command "xyzzy"\n' in run("xyzzy").stderr
    assert "unrecognized arguments: --jsn, is --json meant?" in run("machines", "--jsn").stderr
    assert "unrecognized arguments: --xyzzy\n" in run("machines", "--xyzzy").stderr


def test_each_command_has_examples_that_it_takes() -> None:
    assert list(commands.EXAMPLES) == list(commands.COMMANDS)
    for name, examples in commands.EXAMPLES.items():
        told = run(name, "--help").stdout
        assert told.split("\nexamples:\n")[1].splitlines() == [
            f"  terraform-provider-veeam {example}" for example in examples
        ]
        for example in examples:
            asked, *given = shlex.split(example)
            parser = commands._parsers()[1][asked]
            commands._prepare(asked, parser)
            parser.parse_intermixed_args(given)
