"""`make package`: the provider as a zip that runs without Python, as the registry wants it.

Needs a C compiler. It writes into dist/: the zip for this machine, its SBOM, the manifest, and the
checksums: SHA256SUMS of zips and manifest, the only files that the registry lets it name, and
checksums.txt of all the rest. Nothing is downloaded, and nothing is signed here.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tools.parts import Part, add_licenses, parts, sbom

from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli.install import CONTENTS, target

ROOT = Path(__file__).resolve().parent.parent
BUILD, DIST = ROOT / "build", ROOT / "dist"
NAME = f"terraform-provider-veeam_{__version__}"
PACKAGE = DIST / f"{NAME}_{target()}.zip"
SBOM = PACKAGE.with_suffix(".cdx.json")
EXECUTABLE = f"terraform-provider-veeam_v{__version__}" + (".exe" if os.name == "nt" else "")
# No part of the provider asks for these; they would only make the zip larger.
UNUSED = (
    *("tkinter", "unittest", "doctest", "pydoc", "pdb", "lib2to3", "distutils", "test"),
    *("grpc._simple_stubs", "grpc_tools", "setuptools", "pip", "sqlite3", "curses", "bz2", "lzma"),
    *("xmlrpc", "wsgiref", "turtle", "chardet", "em_simulator", "cffi"),
    *("multiprocessing", "imaplib", "poplib", "ftplib", "mailcap", "cgi", "cgitb", "webbrowser"),
    *("tarfile", "statistics", "timeit", "trace", "pstats", "modulefinder", "pyclbr"),
    *("symtable", "pickletools", "_pydecimal", "_pyio", "xml.dom", "urllib3.contrib.pyopenssl"),
    # of rich, whose tables and bars do without
    *("pygments", "markdown_it", "mdurl", "attr", "rich.syntax", "rich.traceback"),
)
# Byte code starts as fast as what is compiled from it, is a third of its size, and soon built.
AS_BYTE_CODE = (
    *("terraform_provider_veeam", "tfplugin", "tf", "grpc", "google", "msgpack", "cryptography"),
    *("urllib3", "requests", "charset_normalizer", "idna", "certifi", "defusedxml"),
    *("rich", "typing_extensions"),
)
# Nuitka leaves these to the system, where they may be missing; the C library itself it has to have.
PROGRAM = "provider"
LAUNCHER = ROOT / "tools" / "launcher.sh"
OF_THE_COMPILER = ("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1")
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same in every zip


def build() -> tuple[Path, list[Part]]:
    """Compile the provider; return the folder with all that it needs, and what is in there."""
    shutil.rmtree(BUILD, ignore_errors=True)
    folder, report = compile_provider()
    for authorities in folder.rglob("roots.pem"):  # those of gRPC's clients
        authorities.unlink()
    added: list[Path] = []
    if sys.platform == "linux":
        added = add_libraries(folder)
        if strip := shutil.which("strip"):
            for library in sorted(folder.rglob("*.so*")):
                subprocess.run([strip, "--strip-unneeded", str(library)], check=True)
        add_launcher(folder)
    found = parts(report, added)
    add_licenses(folder, found)
    return folder, found


def compile_provider() -> tuple[Path, Path]:
    """Let Nuitka make a folder that needs no Python; return it and the report of what is in it."""
    report = BUILD / "report.xml"
    command = [
        *(sys.executable, "-m", "nuitka", "--mode=standalone", "--remove-output"),
        *("--quiet", "--no-progressbar", "--lto=no", "--python-flag=isolated"),
        f"--output-dir={BUILD}",
        f"--output-filename={EXECUTABLE}",
        f"--report={report}",
        "--include-package=terraform_provider_veeam",
        "--include-package=tfplugin",
        "--include-module=_cffi_backend",
        "--disable-plugin=multiprocessing",
        *(f"--nofollow-import-to={module}" for module in UNUSED),
        *(f"--noinclude-custom-mode={module}:bytecode" for module in AS_BYTE_CODE),
        # Nuitka would fetch programs that nobody has a hash of: ccache, and on Windows Dependency
        # Walker, for which it has a replacement of its own. Whatever else it asks for is refused,
        # as it reads an empty answer, and what another build has fetched is not looked at.
        "--disable-ccache",
        *(["--experimental=force-dependencies-pefile"] if os.name == "nt" else []),
        str(ROOT / "provider" / "terraform_provider_veeam"),
    ]
    # The compiler's helpers are installed beside this Python. The same sources give the same bytes.
    environment = os.environ | {
        "NUITKA_CACHE_DIR": str(BUILD / "cache"),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "315532800",
    }
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)
    (folder,) = BUILD.glob("*.dist")
    return folder, report


def add_libraries(folder: Path) -> list[Path]:
    """Put the compiler's libraries, as far as anything asks for them, beside the program.

    Returns where they are from.
    """
    added = []
    ldd = shutil.which("ldd") or "ldd"
    for file in [folder / EXECUTABLE, *sorted(folder.rglob("*.so*"))]:
        asked = subprocess.run([ldd, str(file)], capture_output=True, text=True, check=True)
        for name, path in re.findall(r"^\s*(\S+) => (/\S+)", asked.stdout, re.MULTILINE):
            if name in OF_THE_COMPILER and not (folder / name).exists():
                shutil.copyfile(path, folder / name)
                added.append(Path(path))
    return added


def add_launcher(folder: Path) -> None:
    """Put the check of the system's C library in the program's place, and the program behind it."""
    (folder / EXECUTABLE).rename(folder / PROGRAM)
    text = LAUNCHER.read_text(encoding="utf-8").replace("@PROGRAM@", PROGRAM)
    text = text.replace("@MINOR@", str(needed_glibc(folder)))
    (folder / EXECUTABLE).write_text(text, encoding="utf-8")
    (folder / EXECUTABLE).chmod(0o755)


def needed_glibc(folder: Path) -> int:
    """Return which version 2.N of the GNU C library the program and its libraries ask for."""
    versions = (
        re.findall(rb"\0GLIBC_2\.(\d+)(?=[.\0])", file.read_bytes())
        for file in (folder / PROGRAM, *folder.rglob("*.so*"))
    )
    return max(int(version) for found in versions for version in found)


def pack(folder: Path) -> None:
    """Zip a folder, the same bytes for the same files, with a list of them for `install`."""
    DIST.mkdir(exist_ok=True)
    (folder / CONTENTS).touch()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [file.relative_to(folder).as_posix() for file in files]
    text = "".join(f"{name}\n" for name in names)
    (folder / CONTENTS).write_text(text, encoding="utf-8", newline="\n")
    with zipfile.ZipFile(PACKAGE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file, name in zip(files, names, strict=True):
            info = zipfile.ZipInfo(name, _MOMENT)
            info.create_system = 3  # permissions are Unix's, wherever it is packed
            info.external_attr = (0o755 if name in (EXECUTABLE, PROGRAM) else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.read_bytes(), compresslevel=9)


def describe() -> None:
    """Write the manifest, and the checksums of all that a release of this version has."""
    manifest = DIST / f"{NAME}_manifest.json"
    wanted = {"version": 1, "metadata": {"protocol_versions": ["6.0"]}}
    manifest.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
    # The registry refuses a release whose SHA256SUMS names anything else.
    write_checksums("SHA256SUMS", [*DIST.glob(f"{NAME}_*.zip"), manifest])
    python = DIST.glob(f"terraform_provider_veeam-{__version__}*")
    write_checksums("checksums.txt", [*DIST.glob(f"{NAME}_*.cdx.json"), *python])


def write_checksums(name: str, files: Iterable[Path]) -> None:
    """Write a list of checksums as `sha256sum --check` reads it, and drop its old signature."""
    sums = DIST / f"{NAME}_{name}"
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(files)
    ]
    sums.write_text("".join(lines), encoding="utf-8", newline="\n")
    sums.with_name(f"{sums.name}.sig").unlink(missing_ok=True)


def main() -> int:
    """Build, pack and describe, or only what an option says. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--describe", action="store_true", help="only describe what is in dist/")
    only.add_argument("--path", action="store_true", help="only tell where the zip is")
    options = parser.parse_args()
    if options.path:
        if not PACKAGE.exists():
            sys.stderr.write(f"There is no {PACKAGE.name} in dist/: run `make package`.\n")
            return 1
        print(PACKAGE)
        return 0
    if not options.describe:
        folder, found = build()
        pack(folder)
        SBOM.write_text(sbom(PACKAGE, found), encoding="utf-8", newline="\n")
        unpacked = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        sizes = f"{PACKAGE.stat().st_size / 2**20:.1f} MiB, unpacked {unpacked / 2**20:.1f} MiB"
        print(f"{PACKAGE.relative_to(ROOT)}: {sizes}")
    describe()
    return 0


if __name__ == "__main__":
    sys.exit(main())
