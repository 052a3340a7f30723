"""`terraform-provider-veeam mirror`: lays packages out as Terraform's mirrors need them.

The folder is both: a filesystem mirror in the packed layout, and the files of a network mirror, for
any web server. Hashes follow the Go module `dirhash` (h1) and the registry (zh).
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from terraform_provider_veeam.cli import arguments
from terraform_provider_veeam.cli.streams import CommandFailed
from terraform_provider_veeam.packaging import ADDRESSES, TYPE
from terraform_provider_veeam.platforms import new_files_for_all, replacing

_PACKAGE = re.compile(
    rf"terraform-provider-{TYPE}_(?P<version>\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)"
    r"_(?P<target>[a-z0-9]+_[a-z0-9]+)\.zip"
)
# RuntimeError: an encrypted entry.
_UNREADABLE = (OSError, zipfile.BadZipFile, RuntimeError)


class Package(NamedTuple):
    """A package by its file's name."""

    file: Path
    version: str
    target: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    parser.description = (
        "Copy packages into a folder that is both a filesystem mirror and the files of a network "
        "mirror, with the hashes that lock files need. Packages of other versions and platforms "
        "that are there already are kept."
    )
    parser.add_argument(
        "folder", type=arguments.file_path, metavar="DIR", help="the mirror, made if need be"
    )
    parser.add_argument(
        "packages",
        type=arguments.file_path,
        nargs="+",
        metavar="ZIP",
        help="terraform-provider-veeam_VERSION_OS_ARCH.zip",
    )


def run(options: argparse.Namespace) -> int:
    """Write the mirror, and tell what was done; returns the exit code. Raises CommandFailed."""
    try:
        folder = options.folder.absolute()
    except FileNotFoundError:  # there is no current folder
        raise CommandFailed(
            f"{options.folder} can't be found. Name the mirror by its whole path."
        ) from None
    written = mirror(folder, options.packages)
    lines = [f"Mirrored below {folder}:", *(f"  {package.file.name}" for package in written)]
    lines.append(
        f"""
In Terraform's CLI configuration:

  provider_installation {{
    filesystem_mirror {{
      path    = {json.dumps(str(folder))}
      include = ["{ADDRESSES[0]}"]
    }}
    direct {{
      exclude = ["{ADDRESSES[0]}"]
    }}
  }}

or, once a web server shows that folder with HTTPS, a network_mirror with its url. For OpenTofu it
is {ADDRESSES[1]}."""
    )
    print("\n".join(lines))
    return 0


def mirror(folder: Path, packages: Sequence[Path]) -> list[Package]:
    """Add packages to a mirror, keeping what it has; returns those added. Raises CommandFailed."""
    added = [_package(file) for file in packages]
    for address in ADDRESSES:
        place = folder / address
        try:
            with new_files_for_all():
                place.mkdir(parents=True, exist_ok=True)
                for package in added:
                    copy = place / package.file.name
                    if not copy.exists() or not copy.samefile(package.file):
                        with replacing(copy, 0o644) as new:
                            shutil.copyfile(package.file, new)
                _write_indexes(place)
        except OSError as error:
            raise CommandFailed(
                f"{error.filename or place} can't be written: {error.strerror or error}. Choose "
                "another folder for the mirror."
            ) from None
    return added


def package_hash(file: Path) -> str:
    """Return the `h1:` hash of what is in a package. Raises zipfile.BadZipFile."""
    with zipfile.ZipFile(file) as archive:
        lines = [
            f"{hashlib.sha256(archive.read(name)).hexdigest()}  {name}\n"
            for name in sorted(archive.namelist(), key=str.encode)
        ]
    summed = hashlib.sha256("".join(lines).encode()).digest()
    return "h1:" + base64.b64encode(summed).decode()


def archive_hash(file: Path) -> str:
    """Return the `zh:` hash of a package: of the zip itself."""
    with file.open("rb") as content:
        return "zh:" + hashlib.file_digest(content, "sha256").hexdigest()


def _package(file: Path) -> Package:
    found = _PACKAGE.fullmatch(file.name)
    if not found:
        raise CommandFailed(
            f"{file.name} is not named as a package is: "
            f"terraform-provider-{TYPE}_VERSION_OS_ARCH.zip"
        )
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
            names = archive.namelist()
    except FileNotFoundError:
        raise CommandFailed(f"There is no {file}.") from None
    except _UNREADABLE as error:
        raise CommandFailed(f"{file} can't be read: {error}.") from None
    program = f"terraform-provider-{TYPE}_v{found['version']}"
    programs = [name for name in names if name.startswith(f"terraform-provider-{TYPE}_v")]
    if damaged or programs not in ([program], [f"{program}.exe"]):
        raise CommandFailed(f"{file} is damaged, or no package: it needs one {program} in it.")
    if any(name.endswith("/") or name.startswith("/") or ".." in name for name in names):
        # Terraform hashes what is unpacked: what is not a plain file in it makes no good lock.
        raise CommandFailed(f"{file} is no package: it has more than plain files in it.")
    return Package(file, found["version"], found["target"])


def _write_indexes(place: Path) -> None:
    """Write index.json and a VERSION.json for all packages that are there.

    Again if packages were added meanwhile: several processes may write to a mirror at once.
    """
    indexed: list[Path] | None = None
    while indexed != (there := sorted(place.glob("*.zip"))):
        versions: dict[str, dict[str, Any]] = {}
        for file in there:
            if found := _PACKAGE.fullmatch(file.name):
                try:
                    hashes = [package_hash(file), archive_hash(file)]
                except _UNREADABLE as error:
                    raise CommandFailed(f"{file}, in the mirror, can't be read: {error}.") from None
                archives = versions.setdefault(found["version"], {})
                archives[found["target"]] = {"hashes": hashes, "url": file.name}
        for version, archives in versions.items():
            _write(place / f"{version}.json", {"archives": archives})
        _write(place / "index.json", {"versions": {version: {} for version in versions}})
        indexed = there


def _write(file: Path, value: Any) -> None:
    with replacing(file, 0o644) as new:
        new.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
