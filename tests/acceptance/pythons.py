"""What a guide's reader has of Python: an environment in which pip installs the release's wheel.

No index is asked: what the wheel depends on is found where these tests find it.
"""

import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from terraform import ROOT

OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_QUIET": "1",
}


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this provider."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_environment(folder: Path) -> Path:
    """Make a virtual environment; returns the folder of its programs."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = folder / "bin" / "pip"
    pip.write_text(f'#!/bin/sh\nexec {shlex.quote(str(folder / "bin" / "python"))} -m pip "$@"\n')
    pip.chmod(0o755)
    return pip.parent


def note_python(home: Path, python: Path) -> None:
    """Have another Python run the provider that is installed in a home."""
    for note in (home / ".terraform.d").rglob("*.python"):
        note.write_text(f"{python}\n")


def main() -> None:
    """Stand for `python3 -m venv FOLDER` in a pipeline."""
    _, module, name, folder = sys.argv
    if (module, name) != ("-m", "venv"):
        sys.exit(f"only -m venv is known, not {module} {name}")
    shutil.rmtree(folder, ignore_errors=True)
    make_environment(Path(folder))


if __name__ == "__main__":
    main()
