"""`terraform-provider-veeam install`: into the filesystem mirror that `terraform init` reads."""

import argparse
import compileall
import importlib
import os
import pkgutil
import platform
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import terraform_provider_veeam
import tfplugin
from terraform_provider_veeam import __version__, packaging, platforms
from terraform_provider_veeam.cli import arguments
from terraform_provider_veeam.cli.launcher import launcher, launcher_name, note_of_python
from terraform_provider_veeam.cli.streams import CommandFailed

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
PACKAGED = platforms.executable(f"terraform-provider-{packaging.TYPE}_v{__version__}")
CONTENTS = "files.txt"  # of a package: the names of all files in it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    parser.description = (
        "Put the provider where `terraform init` and `tofu init` find it, without any setting in "
        "their configuration files. What they take the checksum of, for .terraform.lock.hcl, is "
        "the same on every machine; which Python has the provider is in a note beside it."
    )
    parser.add_argument(
        "--plugin-dir",
        type=arguments.file_path,
        metavar="DIR",
        help="the folder of a filesystem mirror (default: ~/.terraform.d/plugins)",
    )


def run(options: argparse.Namespace) -> int:
    """Install and tell a person what was done. Returns the exit code. Raises CommandFailed."""
    plugin_dir: Path | None = options.plugin_dir
    folder = _absolute(plugin_dir or Path(platforms.plugin_folder()))
    if not plugin_dir:  # it is the user's own: as private as they have it
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    files = install(folder)
    if not own_package() and (left := compile_modules()):
        sys.stderr.write(
            f"terraform-provider-veeam: Python's byte code could not be written for {left[0]}"
            f"{f' and {len(left) - 1} more files' if left[1:] else ''}, so that each start takes "
            "longer. Run this command once as a user who may write there.\n\n"
        )
    lines = [f"Installed terraform-provider-veeam {__version__}:", *(f"  {file}" for file in files)]
    if plugin_dir:
        lines.append(f"\nUse it with: terraform init -plugin-dir={shlex.quote(str(folder))}")
    elif os.environ.get("TF_CLI_CONFIG_FILE") or (folder.parents[1] / ".terraformrc").exists():
        lines.append(
            "\nIf your Terraform CLI configuration has a provider_installation block, let its "
            "filesystem_mirror include this folder."
        )
    minor = __version__.rpartition(".")[0]
    lines.append(
        f"""
In your configuration:

  terraform {{
    required_providers {{
      veeam = {{ source = "{packaging.NAMESPACE}/{packaging.TYPE}", version = "~> {minor}" }}
    }}
  }}

Then: terraform init"""
    )
    print("\n".join(lines))
    return 0


def _absolute(folder: Path) -> Path:
    try:
        return folder.expanduser().absolute()
    except RuntimeError:
        raise CommandFailed(
            f"{folder} can't be found: this user has no home folder. Choose a folder with "
            "--plugin-dir, or set the environment variable HOME."
        ) from None
    except OSError as error:
        raise CommandFailed(
            f"the current folder can't be found ({error.strerror}). Change to one that exists, or "
            "choose a folder by its whole path with --plugin-dir."
        ) from None


def install(plugin_dir: Path) -> list[Path]:
    """Put this program, or a launcher of it, below a folder for each registry's address.

    Returns the executables. Raises CommandFailed.
    """
    executables = []
    for address in packaging.ADDRESSES:
        folder = plugin_dir / address / __version__ / target()
        try:
            with platforms.new_files_for_all():
                executables.append(_put_package(folder) if own_package() else _put_launcher(folder))
        except OSError as error:
            raise CommandFailed(
                f"{error.filename or folder} can't be written: {error.strerror or error}. "
                "Choose another folder with --plugin-dir."
            ) from None
    try_out(executables[0])
    return executables


def compile_modules() -> list[Path]:
    """Compile all that the provider imports, and return the files for which that is not possible.

    Otherwise each start may compile it anew: not every installer does, and whoever runs Terraform
    may not be allowed to write there.
    """
    for own in (terraform_provider_veeam, tfplugin):
        for module in pkgutil.walk_packages(own.__path__, f"{own.__name__}."):
            importlib.import_module(module.name)
    sys.pycache_prefix = None  # the launcher's -E ignores that one too
    files = {getattr(module, "__file__", None) or "" for module in sys.modules.copy().values()}
    with platforms.new_files_for_all():
        return [
            Path(file)
            for file in sorted(files)
            if file.endswith(".py") and not compileall.compile_file(file, quiet=2)
        ]


def own_package() -> Path | None:
    """Return the folder of the package that this program runs from; None under a Python."""
    program = packaging.packaged_program()
    return Path(program).parent if program else None


def _put_launcher(folder: Path) -> Path:
    """Write the launcher, and beside its folder which Python it starts."""
    python = sys.executable
    if platforms.IS_WINDOWS and not (python := platforms.in_ascii(python)).isascii():
        raise CommandFailed(
            f"The path {python} has letters that cmd may not read. Install the provider into a "
            "virtual environment whose folders all have plain English letters."
        )
    if folder.is_symlink():  # what it leads to is somebody else's
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / launcher_name()
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)  # it would be in Terraform's checksum
        elif left != file:
            left.unlink()
    note, start = os.fsencode(f"{python}\n"), launcher()
    for path, content, mode in ((note_of_python(folder), note, 0o644), (file, start, 0o755)):
        # Not in a folder that may be hashed now.
        with platforms.replacing(path, mode, within=folder.parent) as new:
            new.write_bytes(content)
    return file


def _put_package(folder: Path) -> Path:
    """Copy the package that this program runs from, and nothing that lies beside it."""
    source = own_package() or Path()
    if folder.exists() and folder.samefile(source):
        return folder / PACKAGED
    new, old = (folder.with_name(f".{folder.name}.{what}") for what in ("new", "old"))
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    for name in (source / CONTENTS).read_text("utf-8").splitlines():
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, new / name)
        (new / name).chmod(0o755 if os.access(source / name, os.X_OK) else 0o644)
    if folder.exists():  # a Terraform that starts it now must not find half of it
        folder.replace(old)
    try:
        new.replace(folder)
    except OSError:
        if old.exists():
            old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return folder / PACKAGED


def target() -> str:
    """Return this machine as Terraform names it, like linux_amd64."""
    system = {"win32": "windows"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    return f"{system}_{_ARCHITECTURES.get(machine, machine)}"


def try_out(file: Path) -> None:
    """Make sure that an installed program starts. Raises CommandFailed."""
    try:
        tried = subprocess.run(  # noqa: S603 - the file just written
            [file, "version"], capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise CommandFailed(
            f"{file} is there but can't be started: {error.strerror}. Is the folder on a file "
            "system where nothing may be started (noexec)? Choose another with --plugin-dir."
        ) from None
    if tried.returncode != 0:
        raise CommandFailed(
            f"{file} is there but does not start:\n{(tried.stdout + tried.stderr).strip()}\n"
            "Is the provider installed in a way that needs PYTHONPATH? A virtual environment, "
            "pipx or uv will do."
        )
