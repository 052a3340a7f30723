"""`python -m mutations`: put each fault into a copy of the provider, and name the test it fails.

A fault that no test notices, or whose place is no longer there, makes the command fail.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from mutations.faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
SECONDS = 300
"""After which a run counts as failed: the fault has made it hang."""


def main() -> int:
    """Try the faults; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once")
    parser.add_argument("--only", default="", help="those in whose file or text this occurs")
    options = parser.parse_args()
    chosen = [fault for fault in FAULTS if options.only in f"{fault.file} {fault.what}"]
    unseen = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for fault, noticed in zip(chosen, pool.map(notice, chosen), strict=True):
            unseen += noticed is None
            print(f"| {fault.file} | {fault.what} | {noticed or '**none**'} |", flush=True)
    print(f"{len(chosen)} faults, {unseen} of them unnoticed")
    return 1 if unseen else 0


def notice(fault: Fault) -> str | None:
    """Return the first test that fails for a fault; None when there is none."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("provider", "tests", "pyproject.toml", "tools", "examples"):
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / part)
        file = copy / "provider" / fault.path
        text = file.read_text(encoding="utf-8")
        if fault.before not in text:
            return None
        file.write_text(text.replace(fault.before, fault.after), encoding="utf-8")
        return first_failure(copy, fault.tests.split())


def first_failure(copy: Path, tests: list[str]) -> str | None:
    """Run tests in a copy of the project; return the name of the first that fails."""
    paths = [f"tests/{'' if name == 'contract' else 'unit/'}{name}" for name in tests]
    python_path = os.pathsep.join(str(copy / part) for part in ("provider", "tests"))
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *paths],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": python_path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            printed, _ = running.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            printed = f"FAILED without-an-end-within-{SECONDS}-seconds"
        finally:
            # A fault may be that a process does not end.
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", printed, re.MULTILINE)
    return found[1] if found else None


if __name__ == "__main__":
    sys.exit(main())
