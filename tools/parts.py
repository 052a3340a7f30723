"""What a package is made of: its parts, their licence texts, and an SBOM that lists them.

Nuitka's report says which distributions and libraries went in. A part without a licence text stops
the build, except a library of a system that keeps no record of where it comes from.
"""

import hashlib
import json
import platform
import pyexpat
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
import zlib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from defusedxml import ElementTree
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from terraform_provider_veeam import __version__

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = ROOT / "tools" / "licenses"  # texts that wheels and Python do not carry
PROJECT = "terraform-provider-veeam"
DOCUMENTED = Path("/usr/share/doc")
# For what Nuitka compiles into a program: its metadata tells of the compiler only.
COMPILER_LICENSE = "AGPL-3.0 with the Nuitka Runtime Library Exception 1.0"
_LICENSE = re.compile(r"LICEN[CS]E|COPYING|COPYRIGHT|NOTICE", re.IGNORECASE)
_COMMON = re.compile(r"/usr/share/common-licenses/([\w.-]*\w)")


class NoLicense(Exception):
    """A part of the package has no licence text that could go with it; the text names it."""


class Part(NamedTuple):
    """Something in the package that is not the project's own."""

    name: str
    version: str
    license: str  # as its metadata has it; empty where nothing says it
    purl: str  # what tools look weaknesses up by
    texts: dict[str, Path]  # by the name that each gets in the package
    inside: tuple[dict[str, Any], ...] = ()  # what it has compiled in, as an SBOM's components


def parts(report: Path, added: Iterable[Path]) -> list[Part]:
    """Return the parts that Nuitka's report names, and added libraries. Raises NoLicense."""
    root = ElementTree.fromstring(report.read_text("utf-8"))
    names = {usage.attrib["name"] for usage in root.iter("distribution-usage")} - {PROJECT}
    included = [entry for entry in root.iter("included_dll") if entry.attrib["ignored"] == "no"]
    # A variable stands for the folder of this Python, whose part its libraries are.
    files = [Path(path) for entry in included if (path := entry.attrib["source_path"])[0] != "$"]
    of_system = {part.name: part for part in map(library, [*files, *added])}
    return [
        python(),
        *(distribution(name) for name in sorted(names, key=str.lower)),
        distribution("Nuitka")._replace(license=COMPILER_LICENSE),
        *(of_system[name] for name in sorted(of_system)),
    ]


def python() -> Part:
    """Return the part that is Python itself. Raises NoLicense."""
    version = platform.python_version()
    candidates = (
        Path(sysconfig.get_path("stdlib"), "LICENSE.txt"),
        Path(sys.base_prefix, "LICENSE.txt"),
        DOCUMENTED / f"python3.{sys.version_info.minor}" / "copyright",
        *Path("/usr/share/licenses").glob("python3*-libs/LICENSE"),
    )
    text = next((file for file in candidates if file.is_file()), None)
    if text is None:
        raise NoLicense(f"Python {version} has no licence text in {sys.base_prefix}")
    linked = {
        "openssl": ssl.OPENSSL_VERSION.split()[1],
        "expat": pyexpat.EXPAT_VERSION.removeprefix("expat_"),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }
    return Part(
        "Python",
        version,
        "PSF-2.0",
        f"pkg:generic/python@{version}",
        {"LICENSE.txt": text} | left_out("Python"),
        tuple(
            {"type": "library", "name": name, "version": of, "purl": f"pkg:generic/{name}@{of}"}
            for name, of in linked.items()
        ),
    )


def distribution(name: str) -> Part:
    """Return a part that pip has installed. Raises NoLicense."""
    installed = metadata.distribution(name)
    name, told = installed.metadata["Name"], installed.metadata
    records = [file for file in installed.files or () if file.parts[0].endswith(".dist-info")]
    texts = {
        "_".join(file.parts[1:]).removeprefix("licenses_"): Path(str(file.locate()))
        for file in records
        if file.parts[1] == "licenses" or _LICENSE.match(file.parts[1])
    }
    if not texts:
        raise NoLicense(f"{name} {installed.version} has no licence text")
    boms = [json.loads(file.read_text()) for file in records if file.parts[1] == "sboms"]
    inside = [_inside(component) for bom in boms for component in bom.get("components", ())]
    named = {component["name"] for component in inside}
    unnamed = [Path(text).stem for text in left_out(name) if Path(text).stem not in named]
    return Part(
        name,
        installed.version,
        _license(told),
        f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{installed.version}",
        texts | left_out(name),
        (*inside, *({"type": "library", "name": text} for text in unnamed)),
    )


def _license(told: metadata.PackageMetadata) -> str:
    """Return what metadata say of the licence, in the newest of the three ways that they can."""
    classifiers = (text.split(" :: ") for text in told.get_all("Classifier") or ())
    named = [parts[-1] for parts in classifiers if parts[0] == "License"]
    first_line = (told["License"] or "").partition("\n")[0]
    return told["License-Expression"] or first_line or ", ".join(named)


def library(file: Path) -> Part:
    """Return the part that a library of the system belongs to: its package. Raises NoLicense."""
    dpkg = shutil.which("dpkg-query")
    if dpkg is None:
        return Part(file.name, "", "", "", {})
    file = file.resolve()  # below /usr/lib or /lib, which are the same, but not for dpkg
    owner, _, _ = _ask(dpkg, "--search", f"*/{file.parent.name}/{file.name}").partition(": ")
    package, _, architecture = owner.partition(":")
    version = _ask(dpkg, "--show", "--showformat=${Version}", owner)
    text = DOCUMENTED / package / "copyright"
    if not text.is_file():
        raise NoLicense(f"{package} {version}, whose {file.name} is included, has no licence text")
    common = {
        Path("/usr/share/common-licenses", name) for name in _COMMON.findall(text.read_text())
    }
    system = platform.freedesktop_os_release()["ID"]
    return Part(
        package,
        version,
        "",
        f"pkg:deb/{system}/{package}@{quote(version)}?arch={architecture}",
        {"copyright": text} | {text.name: text for text in sorted(common) if text.is_file()},
    )


def left_out(name: str) -> dict[str, Path]:
    """Return the texts that a part should carry and does not."""
    return {file.name: file for file in sorted((LEFT_OUT / name).glob("*.txt"))}


def add_licenses(folder: Path, found: Iterable[Part]) -> None:
    """Put the project's licence and those of all parts into a package's folder, with a list."""
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
    lines = [f"{PROJECT} {__version__} is under MPL-2.0 (LICENSE). It contains:", ""]
    for part in found:
        place = folder / "licenses" / part.name
        for name, text in part.texts.items():
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(text, place / name)
        where = f"licenses/{part.name}/" if part.texts else "part of the system it was built on"
        lines.append(" ".join(filter(None, (part.name, part.version, part.license, f"({where})"))))
    (folder / "licenses" / "README.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")


def sbom(package: Path, found: Iterable[Part]) -> str:
    """Return a CycloneDX document of a package. The same parts give the same text."""
    components = [_component(part) for part in found]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application",
                "bom-ref": PROJECT,
                "name": PROJECT,
                "version": __version__,
                "description": package.name,
                "hashes": [
                    {"alg": "SHA-256", "content": hashlib.sha256(package.read_bytes()).hexdigest()}
                ],
                "licenses": [{"license": {"id": "MPL-2.0"}}],
            },
        },
        "components": components,
        "dependencies": [
            {"ref": PROJECT, "dependsOn": [component["bom-ref"] for component in components]}
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _component(part: Part) -> dict[str, Any]:
    licenses: list[dict[str, Any]]
    try:
        licenses = [{"expression": str(canonicalize_license_expression(part.license))}]
    except InvalidLicenseExpression:  # words, or nothing
        licenses = [{"license": {"name": part.license}}] if part.license else []
    told = {
        "type": "library",
        "bom-ref": part.name,
        "name": part.name,
        "version": part.version,
        "licenses": licenses,
        "purl": part.purl,
        "components": list(part.inside),
    }
    return {name: value for name, value in told.items() if value}


def _inside(component: dict[str, Any]) -> dict[str, Any]:
    """Return what matters of a component in a wheel's SBOM; its references hold only in there."""
    wanted = ("type", "name", "version", "licenses", "purl", "hashes")
    return {name: component[name] for name in wanted if name in component}


def _ask(dpkg: str, *arguments: str) -> str:
    done = subprocess.run([dpkg, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoLicense(f"nothing says where a library is from: {done.stderr.strip()}")
    return done.stdout
