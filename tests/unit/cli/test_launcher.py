"""The launcher: the same bytes everywhere, and a plain message where it finds no Python to start.

Also run in Windows, where it is a batch file.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli import install
from terraform_provider_veeam.cli.launcher import launcher, launcher_name, note_of_python
from terraform_provider_veeam.platforms import plugin_folder

OTHERS = {"PATH", "SYSTEMROOT", "PATHEXT", "COMSPEC", "TEMP"}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    return install.install(tmp_path / "plugins")[0]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which nothing is installed."""
    return tmp_path / "home"


def start(file: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Ask a launcher for its version, by a user with that home."""
    return subprocess.run(
        [file, "version"],
        env={name: value for name, value in os.environ.items() if name.upper() in OTHERS}
        | {"HOME": str(home), "APPDATA": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(file: Path, home: Path) -> str:
    """Return what a launcher says that can't start the provider: the one line of Terraform's."""
    done = start(file, home)
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = done.stdout.splitlines()
    return line


def make_python(folder: Path, version: str = "") -> Path:
    """Make a virtual environment without the provider, or with nothing but a version of it."""
    venv.create(folder)
    python = next(folder.glob("[bS]*/python*"))
    if version:
        asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = subprocess.check_output([python, "-c", asked], text=True).strip()
        module = Path(packages, "terraform_provider_veeam")
        module.mkdir()
        (module / "__init__.py").write_text(f'__version__ = "{version}"\n')
    return python


def note(file: Path, python: Path) -> None:
    note_of_python(file.parent).write_text(f"{python}\n")


def test_it_starts_the_python_that_installed_it(installed: Path, home: Path) -> None:
    assert installed.name == launcher_name()
    assert start(installed, home).stdout == f"terraform-provider-veeam {__version__}\n"


def test_it_is_the_same_whichever_python_installs_it(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(make_python(tmp_path / "another python")))
    monkeypatch.setattr(install, "try_out", lambda _: None)
    other = install.install(tmp_path / "others")[0]
    assert other.read_bytes() == installed.read_bytes()
    assert note_of_python(other.parent).read_text() != note_of_python(installed.parent).read_text()


def test_a_python_with_a_space_or_a_long_path_starts(
    tmp_path: Path, installed: Path, home: Path
) -> None:
    python = make_python(tmp_path / "with space and 'quotes'" / ("x" * 60), __version__)
    note(installed, python)
    done = start(installed, home)  # this one has the version alone, and no command
    assert "terraform_provider_veeam.cli" in done.stderr


def test_without_a_note_it_says_what_to_run(installed: Path, home: Path) -> None:
    note_of_python(installed.parent).unlink()
    told = refusal(installed, home)
    assert "finds no Python that has it" in told
    assert '"terraform-provider-veeam install"' in told


def test_a_python_that_is_gone_is_named(installed: Path, home: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone" / "python"
    note(installed, gone)
    told = refusal(installed, home)
    assert f"{gone}" in told
    assert "is not there" in told
    assert '"terraform-provider-veeam install"' in told


def test_a_python_without_the_provider_is_named(
    installed: Path, home: Path, tmp_path: Path
) -> None:
    bare = make_python(tmp_path / "bare")
    note(installed, bare)
    told = refusal(installed, home)
    assert f"Version {__version__} of the provider is not in {bare}, which has none." in told


def test_a_python_with_another_version_is_not_taken_for_this_one(
    installed: Path, home: Path, tmp_path: Path
) -> None:
    note(installed, make_python(tmp_path / "newer", "99.0.0"))
    told = refusal(installed, home)
    assert "which has 99.0.0." in told
    assert '"terraform init -upgrade"' in told


def test_a_copy_of_its_folder_finds_the_python_of_this_user(
    installed: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Terraform makes one where it can make no links."""
    copied = tmp_path / "copied" / installed.parent.name / installed.name
    copied.parent.mkdir(parents=True)
    copied.write_bytes(installed.read_bytes())
    copied.chmod(0o755)
    assert "finds no Python" in refusal(copied, home)
    monkeypatch.setenv("HOME", str(home))
    folder = plugin_folder({"APPDATA": str(home)})
    install.install(Path(folder).expanduser())
    assert start(copied, home).stdout == f"terraform-provider-veeam {__version__}\n"


def test_a_python_that_is_gone_from_a_shared_folder_is_replaced_by_the_own(
    installed: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(installed, tmp_path / "gone" / "python")
    monkeypatch.setenv("HOME", str(home))
    folder = plugin_folder({"APPDATA": str(home)})
    install.install(Path(folder).expanduser())
    assert start(installed, home).stdout == f"terraform-provider-veeam {__version__}\n"


@pytest.mark.parametrize("windows", [True, False])
def test_python_reads_either_launcher(tmp_path: Path, *, windows: bool) -> None:
    """What a shell reads is a string in it, after the first line at most."""
    file = tmp_path / launcher_name(windows=windows)
    file.write_bytes(launcher(windows=windows))
    skip = ["-x"] if windows else []
    command = [sys.executable, "-W", "error", "-EP", *skip, str(file), "version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"terraform-provider-veeam {__version__}\n"


def test_the_batch_file_has_the_ends_of_lines_that_cmd_needs() -> None:
    text = launcher(windows=True)
    assert text.isascii()
    assert text.count(b"\r\n") == text.count(b"\n")
    assert b"\r" not in launcher(windows=False)
