"""The command line, whatever the terminal can show."""

import os
import subprocess
import sys
from pathlib import Path

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
