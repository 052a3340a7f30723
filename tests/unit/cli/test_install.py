"""`terraform-provider-veeam install`."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import terraform_provider_veeam
import tfplugin
from terraform_provider_veeam import __version__, platforms
from terraform_provider_veeam.cli import install
from terraform_provider_veeam.cli.launcher import launcher_name, note_of_python
from terraform_provider_veeam.cli.streams import CommandFailed

PROGRAM = f"terraform-provider-veeam_v{__version__}"


def test_the_layout_is_the_filesystem_mirror_of_both_registries(tmp_path: Path) -> None:
    files = install.install(tmp_path)
    ending = f"veeam-em/veeam/{__version__}/{install.target()}/"
    ending += f"terraform-provider-veeam_v{__version__}"
    assert [str(file.relative_to(tmp_path)) for file in files] == [
        f"registry.terraform.io/{ending}",
        f"registry.opentofu.org/{ending}",
    ]
    assert all(os.access(file, os.X_OK) for file in files)
    notes = {note_of_python(file.parent) for file in files}
    assert {p for p in tmp_path.rglob("*") if p.is_file()} == {*files, *notes}


def test_the_installed_file_starts_whatever_the_folder_and_pythonpath_hold(tmp_path: Path) -> None:
    file = install.install(tmp_path)[0]
    (file.parent / "terraform_provider_veeam.py").write_text("raise SystemExit('shadowed')")
    tried = subprocess.run(
        [file, "version"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(file.parent)},
    )
    assert tried.stdout == f"terraform-provider-veeam {__version__}\n"


def test_installing_again_leaves_nothing_else_for_the_checksum(tmp_path: Path) -> None:
    first = [file.read_bytes() for file in install.install(tmp_path)]
    folder = install.install(tmp_path)[0].parent
    (folder / "left over").touch()
    (folder / "lib").mkdir()
    (folder / "lib" / "a.so").touch()
    assert [file.read_bytes() for file in install.install(tmp_path)] == first
    assert [path.name for path in folder.iterdir()] == [launcher_name()]
    assert len([*folder.parent.iterdir()]) == 2  # and its note


def test_what_a_link_in_the_place_of_the_folder_leads_to_is_left_alone(tmp_path: Path) -> None:
    folder = install.install(tmp_path / "plugins")[0].parent
    elsewhere = folder.rename(tmp_path / "elsewhere")
    (elsewhere / "own work").touch()
    folder.symlink_to(elsewhere)
    install.install(tmp_path / "plugins")
    assert (elsewhere / "own work").exists()
    assert [path.name for path in folder.iterdir()] == [launcher_name()]


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077, 0o777])
def test_a_shared_folder_can_be_entered_by_everybody(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "made" / "plugins"
    install = [sys.executable, "-m", "terraform_provider_veeam", "install"]
    command = [*install, "--plugin-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True, umask=umask)
    for path in (folder.parent, *folder.parent.rglob("*")):
        mode = path.stat().st_mode
        assert mode & 0o444 == 0o444, path
        assert mode & 0o111 == 0o111 or path.suffix == ".python", path
        assert not mode & 0o022 & umask, path


def test_the_own_folder_is_as_private_as_the_umask_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "terraform_provider_veeam", "install"]
    home = os.environ | {"HOME": str(tmp_path)}
    subprocess.run(command, check=True, capture_output=True, umask=0o077, env=home)
    assert (tmp_path / ".terraform.d").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(CommandFailed, match="--plugin-dir"):
        install.install(blocked)


def test_a_user_without_a_home_is_told_of_the_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", unknown)
    with pytest.raises(CommandFailed, match=r"--plugin-dir.* HOME"):
        install.run(argparse.Namespace(plugin_dir=None))


def test_a_current_folder_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(CommandFailed, match="whole path with --plugin-dir"):
        install.run(argparse.Namespace(plugin_dir=Path("plugins")))


def test_an_interpreter_without_the_provider_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = shutil.which("python3", path=os.defpath) or sys._base_executable  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "executable", bare)
    with pytest.raises(CommandFailed, match="does not start"):
        install.install(tmp_path)


def test_a_python_whose_path_cmd_may_not_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platforms, "IS_WINDOWS", True)
    monkeypatch.setattr(
        platforms, "in_ascii", lambda path: path
    )  # Windows has no other name for it
    monkeypatch.setattr(sys, "executable", "C:/Users/Jörg/python.exe")
    with pytest.raises(CommandFailed, match=r"Jörg/python\.exe .* English"):
        install.install(tmp_path)


def test_a_python_whose_path_has_any_letters_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / os.fsdecode(b"J\xc3\xb6rg  \\n \xff") / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    file = install.install(tmp_path / "plugins")[0]
    done = subprocess.run([file, "version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"terraform-provider-veeam {__version__}\n"


def test_a_folder_where_nothing_starts_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(CommandFailed, match="noexec"):
        install.install(tmp_path)


def test_a_package_takes_the_place_of_another_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = unpacked(tmp_path)
    folder = tmp_path / "plugins" / "linux_amd64"
    folder.mkdir(parents=True)
    (folder / PROGRAM).write_text("old")
    (folder / "left over").touch()
    monkeypatch.setattr(install, "own_package", lambda: source)
    assert install._put_package(folder).read_text() == "new"
    assert files_below(folder) == {PROGRAM: 0o755, "lib/a.so": 0o644, "files.txt": 0o644}
    assert [path.name for path in folder.parent.iterdir()] == ["linux_amd64"]


def test_what_lies_beside_a_package_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who unpacks it into a folder of downloads has the checksum of everybody else."""
    source = unpacked(tmp_path)
    (source / "holiday.jpg").touch()
    (source / "lib" / ".DS_Store").touch()
    monkeypatch.setattr(install, "own_package", lambda: source)
    folder = install._put_package(tmp_path / "plugins" / "linux_amd64").parent
    assert files_below(folder).keys() == {PROGRAM, "lib/a.so", "files.txt"}


def test_a_package_unpacked_by_a_private_user_starts_for_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = unpacked(tmp_path)
    for path in (source, *source.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.setattr(install, "own_package", lambda: source)
    folder = install._put_package(tmp_path / "plugins" / "linux_amd64").parent
    assert files_below(folder) == {PROGRAM: 0o755, "lib/a.so": 0o644, "files.txt": 0o644}
    assert folder.stat().st_mode & 0o777 == (folder / "lib").stat().st_mode & 0o777 == 0o755


def unpacked(folder: Path) -> Path:
    """Return the folder of an unpacked package."""
    source = folder / "source"
    (source / "lib").mkdir(parents=True)
    (source / PROGRAM).write_text("new")
    (source / PROGRAM).chmod(0o755)
    (source / "lib" / "a.so").touch(0o644)
    (source / install.CONTENTS).write_text(f"{install.CONTENTS}\nlib/a.so\n{PROGRAM}\n")
    return source


def files_below(folder: Path) -> dict[str, int]:
    """Return the permissions of each file below a folder, by its path there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in files}


@pytest.fixture
def uncompiled(tmp_path: Path) -> Path:
    """A folder with a copy of the provider as installers leave it that compile nothing."""
    folder = tmp_path / "site"
    for package in (terraform_provider_veeam, tfplugin):
        shutil.copytree(
            Path(package.__file__ or "").parent,
            folder / package.__name__,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return folder


def compiled(folder: Path) -> set[str]:
    """Return the names of the modules below a folder that have byte code."""
    found = {path.name.partition(".")[0] for path in folder.rglob("*.pyc")}
    return found - {"__init__"}


def run_installer(site: Path, plugins: Path) -> subprocess.CompletedProcess[str]:
    """Install from a folder, in an environment that forbids byte code."""
    return subprocess.run(
        [sys.executable, "-m", "terraform_provider_veeam", "install", "--plugin-dir", plugins],
        env={"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/no"},
        capture_output=True,
        text=True,
        check=True,
        umask=0o077,
    )


def test_what_the_provider_imports_is_compiled(uncompiled: Path, tmp_path: Path) -> None:
    done = run_installer(uncompiled, tmp_path / "plugins")
    assert "Installed" in done.stdout
    assert done.stderr == ""
    assert {"mount_point", "machines", "keeper", "server", "client", "schema_answers"} <= compiled(
        uncompiled
    )
    for path in uncompiled.rglob("__pycache__"):  # for every user of that Python
        assert path.stat().st_mode & 0o055 == 0o055
        assert all(file.stat().st_mode & 0o044 == 0o044 for file in path.iterdir())


def test_a_person_is_told_when_it_can_not_be_compiled(uncompiled: Path, tmp_path: Path) -> None:
    for folder in (uncompiled, *uncompiled.rglob("*")):
        if folder.is_dir():
            (folder / "__pycache__").touch()  # a file in the way: root may write anywhere
    done = run_installer(uncompiled, tmp_path / "plugins")
    assert "Installed" in done.stdout
    assert "could not be written for" in done.stderr
    assert str(uncompiled) in done.stderr
    assert "more files" in done.stderr
    assert "Traceback" not in done.stderr
