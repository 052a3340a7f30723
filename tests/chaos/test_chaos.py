"""Bad weather at every request; `make chaos` plays many more seeds."""

import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = 12
STEP = 4


@pytest.mark.parametrize("first", range(0, SEEDS, STEP))
def test_nothing_is_lost_whatever_happens(first: int) -> None:
    command = (sys.executable, "-m", "chaos", "--first", str(first), "--seeds", str(STEP))
    done = subprocess.run(
        [*command, "--jobs", "1"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
