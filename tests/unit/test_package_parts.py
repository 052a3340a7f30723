"""What a package says of its parts: licence texts, an SBOM, checksums; and that none is fetched."""

import ast
import hashlib
import json
import platform
import subprocess
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from tools import package, parts

from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli.install import CONTENTS

ROOT = Path(__file__).parents[2]
REPORT = """
<nuitka-compilation-report>
  <module name="grpc"><distribution-usages>
    <distribution-usage name="grpcio" /></distribution-usages></module>
  <module name="certifi"><distribution-usages>
    <distribution-usage name="certifi" /></distribution-usages></module>
  <module name="terraform_provider_veeam"><distribution-usages>
    <distribution-usage name="terraform-provider-veeam" /></distribution-usages></module>
  <included_dll source_path="${sys.real_prefix}/lib/libpython3.so" ignored="no" />
  <included_dll source_path="/lib/libm.so.6" ignored="yes" />
</nuitka-compilation-report>
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.xml"
    file.write_text(REPORT)
    return file


def imported(file: Path) -> set[str]:
    """Return the modules that a file imports, and the packages that they are in."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found | {name.rpartition(".")[0] for name in found}


def test_a_package_leaves_out_nothing_that_the_provider_imports() -> None:
    files = [*(ROOT / "provider").rglob("*.py")]
    used = {name: file for file in files for name in imported(file)}
    assert {name: used[name] for name in package.UNUSED if name in used} == {}


def needed(name: str) -> set[str]:
    """Return a distribution and all that it needs here."""
    found = {name}
    for text in metadata.requires(name) or ():
        requirement = Requirement(text)
        if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
            found |= needed(requirement.name)
    return found


@pytest.mark.parametrize("name", sorted(needed(parts.PROJECT) - {parts.PROJECT}))
def test_whatever_the_provider_needs_brings_its_licence(name: str) -> None:
    part = parts.distribution(name)
    assert part.texts
    assert all(text.stat().st_size for text in part.texts.values())
    assert part.license
    assert part.purl.endswith(f"@{part.version}")


def test_what_has_no_licence_text_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "bare-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: bare\nVersion: 1.0\n")
    (record / "RECORD").write_text("bare-1.0.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(parts.NoLicense, match=r"bare 1\.0 has no licence text"):
        parts.distribution("bare")


def test_parts_are_what_went_in(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "distribution", part)
    monkeypatch.setattr(parts, "library", lambda file: part(file.name))
    found = parts.parts(report, [Path("/lib/libz.so.1"), Path("/usr/lib/libz.so.1")])
    assert [each.name for each in found] == ["Python", "certifi", "grpcio", "Nuitka", "libz.so.1"]
    assert "Exception" in found[3].license


def part(name: str, **changes: Any) -> parts.Part:
    return parts.Part(name, "1.0", "MIT", f"pkg:generic/{name}@1.0", {})._replace(**changes)


def test_compiled_in_parts_are_named_and_have_their_texts() -> None:
    cryptography, grpcio = parts.distribution("cryptography"), parts.distribution("grpcio")
    assert {"openssl", "asn1", "pem"} <= {each["name"] for each in cryptography.inside}
    assert {"BoringSSL", "c-ares", "re2", "zlib"} <= {each["name"] for each in grpcio.inside}
    assert {"LICENSE", "LICENSE.APACHE", "asn1.txt", "pem.txt"} <= set(cryptography.texts)
    assert {"LICENSE", "BoringSSL.txt", "c-ares.txt"} <= set(grpcio.texts)
    assert {"LICENSE.txt", "incorporated-software.txt"} == set(parts.python().texts)


def test_a_folder_gets_all_licences_and_a_list(tmp_path: Path) -> None:
    parts.add_licenses(tmp_path, [parts.python(), part("libfoo"), parts.distribution("requests")])
    assert "Mozilla Public License" in (tmp_path / "LICENSE").read_text()
    files = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.*")}
    assert "licenses/Python/LICENSE.txt" in files
    assert (tmp_path / "licenses" / "requests" / "NOTICE").is_file()
    told = (tmp_path / "licenses" / "README.txt").read_text()
    assert "requests 2." in told
    assert "Apache-2.0 (licenses/requests/)" in told
    assert "libfoo 1.0 MIT (part of the system it was built on)" in told


def test_the_sbom_is_cyclonedx_and_always_the_same(tmp_path: Path) -> None:
    zipped = tmp_path / "some.zip"
    zipped.write_bytes(b"zip")
    found = [
        parts.python(),
        *(parts.distribution(name) for name in ("cryptography", "grpcio", "defusedxml")),
        part("libfoo.so", version="", license="", purl=""),
    ]
    text = parts.sbom(zipped, found)
    assert text == parts.sbom(zipped, found)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    component = document["metadata"]["component"]
    assert component["hashes"][0]["content"] == hashlib.sha256(b"zip").hexdigest()
    listed = {each["name"]: each for each in document["components"]}
    assert listed["grpcio"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert listed["defusedxml"]["licenses"] == [{"license": {"name": "PSFL"}}]
    assert listed["libfoo.so"].keys() == {"type", "bom-ref", "name"}


def test_nuitka_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> None:
        asked.update(options, command=command)
        (tmp_path / "provider.dist").mkdir()

    monkeypatch.setattr(package, "BUILD", tmp_path)
    monkeypatch.setattr(subprocess, "run", run)
    package.compile_provider()
    assert not [argument for argument in asked["command"] if "download" in argument]
    assert "--disable-ccache" in asked["command"]
    assert asked["stdin"] == subprocess.DEVNULL  # it asks before it fetches; that says no
    assert Path(asked["env"]["NUITKA_CACHE_DIR"]).is_relative_to(tmp_path)


def test_only_wheels_and_locked_things_are_installed() -> None:
    makefile = (parts.ROOT / "Makefile").read_text("utf-8")
    assert "LOCKED  := --require-hashes --only-binary :all: --requirement" in makefile
    installs = [line for line in makefile.splitlines() if "$(INSTALL) " in line]
    assert len(installs) == 3
    assert all("$(LOCKED)" in line or "--no-build-isolation" in line for line in installs)
    (nuitka,) = [line for line in installs if "--no-binary" in line]
    assert "--no-binary nuitka --no-build-isolation" in nuitka  # built with what is locked


def test_checksums_name_what_the_registry_allows_and_the_rest_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "DIST", tmp_path)
    name, wheel = package.NAME, f"terraform_provider_veeam-{__version__}"
    released = {f"{name}_linux_amd64.zip", f"{name}_windows_amd64.zip"}
    rest = {f"{name}_linux_amd64.cdx.json", f"{wheel}-py3-none-any.whl", f"{wheel}.tar.gz"}
    for file in released | rest:
        (tmp_path / file).write_text(file)
    package.describe()
    sums = {}
    for kind in ("SHA256SUMS", "checksums.txt"):
        lines = (tmp_path / f"{name}_{kind}").read_text().splitlines()
        sums[kind] = {file: digest for digest, file in (line.split("  ") for line in lines)}
    assert sums["SHA256SUMS"].keys() == released | {f"{name}_manifest.json"}
    assert sums["checksums.txt"].keys() == rest
    for told in sums.values():
        for file, digest in told.items():
            assert digest == hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()


DPKG = r"""#!/bin/sh
case "$1 $2" in
"--search */lib/libfoo.so.1.2") echo "libfoo1:amd64: /usr/lib/libfoo.so.1.2" ;;
"--show --showformat=\${Version}") printf 1:1.2-3 ;;
*) echo "nothing matches $2" >&2; exit 1 ;;
esac
"""


def test_a_library_of_the_system_belongs_to_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libfoo.so.1").symlink_to("libfoo.so.1.2")
    (tmp_path / "dpkg-query").write_text(DPKG)
    (tmp_path / "dpkg-query").chmod(0o755)
    (tmp_path / "libfoo1").mkdir()
    text = tmp_path / "libfoo1" / "copyright"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(parts, "DOCUMENTED", tmp_path)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "debian"})
    with pytest.raises(parts.NoLicense, match=r"libfoo1 1:1\.2-3, whose libfoo"):
        parts.library(tmp_path / "lib" / "libfoo.so.1")
    text.write_text("It is in the public domain.")
    found = parts.library(tmp_path / "lib" / "libfoo.so.1")
    purl = "pkg:deb/debian/libfoo1@1%3A1.2-3?arch=amd64"
    assert found == parts.Part("libfoo1", "1:1.2-3", "", purl, {"copyright": text})
    with pytest.raises(parts.NoLicense, match="nothing matches"):
        parts.library(tmp_path / "lib" / "libbar.so")


def test_a_system_without_records_only_has_its_libraries_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = parts.library(Path("/lib/libfoo.so.1"))
    assert found == parts.Part("libfoo.so.1", "", "", "", {})


def test_a_package_is_the_same_wherever_it_is_packed_and_lists_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "DIST", tmp_path)
    packed = set()
    for name, mode in (("public", 0o755), ("private", 0o700)):
        folder = tmp_path / name
        (folder / "lib").mkdir(parents=True)
        for file in (folder / "lib" / "a.so", folder / package.EXECUTABLE):
            file.write_text("content")
            file.chmod(mode)
        monkeypatch.setattr(package, "PACKAGE", tmp_path / f"{name}.zip")
        package.pack(folder)
        packed.add(package.PACKAGE.read_bytes())
    assert len(packed) == 1
    with zipfile.ZipFile(package.PACKAGE) as archive:
        assert archive.read(CONTENTS).decode().splitlines() == archive.namelist()
        assert {*archive.namelist()} == {"lib/a.so", CONTENTS, package.EXECUTABLE}


@pytest.fixture
def launched(tmp_path: Path) -> Path:
    """The launcher of a package whose program asks for 2.31 of the C library."""
    folder = tmp_path / "package"
    folder.mkdir()
    program = folder / package.EXECUTABLE
    program.write_bytes(b'#!/bin/sh\necho "ran $*"; exit\n\0GLIBC_2.4\0GLIBC_2.31\0GLIBC_2.3.4\0')
    program.chmod(0o755)
    (folder / "library.so.1").write_bytes(b"\0GLIBC_2.14\0")
    package.add_launcher(folder)
    return program


def start(launched: Path, getconf: str) -> subprocess.CompletedProcess[str]:
    """Start it where `getconf` is this script."""
    command = launched.with_name("getconf")
    command.write_text(f"#!/bin/sh\n{getconf}\n")
    command.chmod(0o755)
    return subprocess.run(
        [launched, "keep-alive", "a b"],
        env={"PATH": str(launched.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "getconf", ["echo glibc 2.31", "echo glibc 2.40", "echo glibc 3.0", "echo ?; exit 1", "exit 1"]
)
def test_a_package_starts_where_the_c_library_will_do_or_is_not_known(
    launched: Path, getconf: str
) -> None:
    assert start(launched, getconf).stdout == "ran keep-alive a b\n"


def test_a_c_library_that_is_too_old_is_told_where_terraform_shows_it(launched: Path) -> None:
    done = start(launched, "echo glibc 2.28")
    assert done.returncode == 1
    assert "needs the GNU C library 2.31 or newer, and this system has 2.28" in done.stdout
    assert "ran" not in done.stdout
