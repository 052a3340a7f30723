"""A newcomer without Python: the package, as `make package` has built it."""

import hashlib
import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from terraform import ROOT, TERRAFORM

from em_simulator import ADMINISTRATOR, Family, Simulator
from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli.mirror import package_hash

EXECUTABLE = f"terraform-provider-veeam_v{__version__}"
CONFIGURATION = """
terraform {
  required_providers {
    veeam = {
      source = "veeam-em/veeam"
    }
  }
}
variable "restore_point_id" {
  type = string
}
resource "veeam_mount_point" "this" {
  restore_point_id = var.restore_point_id
}
"""


@pytest.fixture(scope="session")
def package() -> Path:
    return Path(os.environ["PROVIDER_PACKAGE"])


@pytest.fixture
def unpacked(package: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(package) as archive:
        for info in archive.infolist():
            file = Path(archive.extract(info, folder))
            file.chmod(info.external_attr >> 16)
    return folder


def run(folder: Path, *command: str | Path, **environment: str) -> str:
    """Run a command that finds no Python, and nothing else either."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={"HOME": str(folder), "PATH": "", "CHECKPOINT_DISABLE": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_zip_is_as_the_registry_wants_it(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
    assert [name for name in names if name.startswith("terraform-provider-veeam")] == [EXECUTABLE]
    assert not [n for n in names if "pytest" in n or "nuitka" in n or "em_simulator" in n]
    assert not [name for name in names if name.endswith("/")]


def test_it_is_soon_downloaded(package: Path) -> None:
    assert package.stat().st_size <= 23 * 2**20


def test_a_command_says_nothing_of_the_parts_that_it_is_made_of(unpacked: Path) -> None:
    """Such as a warning that a library prints when another one is missing."""
    done = subprocess.run(
        [unpacked / EXECUTABLE, "doctor"],
        cwd=unpacked,
        env={"HOME": str(unpacked), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "VEEAM_EM_URL is not set" in done.stdout
    assert done.stderr == ""


def test_it_brings_the_licences_of_all_that_is_in_it(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        assert archive.read("LICENSE") == (ROOT / "LICENSE").read_bytes()
        told = archive.read("licenses/README.txt").decode()
    with_texts = {name.split("/")[1] for name in names if name.startswith("licenses/")}
    bom = json.loads(package.with_suffix(".cdx.json").read_text("utf-8"))
    listed = {component["name"] for component in bom["components"]}
    assert {"Python", "Nuitka", "cryptography", "grpcio", "protobuf", "tf", "certifi"} <= listed
    # What a system without records of its packages has is named, and no more.
    of_system = {each["name"] for each in bom["components"] if "version" not in each}
    assert with_texts == listed - of_system | {"README.txt"}
    assert all(name in told for name in listed)


def test_the_sbom_is_of_this_package(package: Path) -> None:
    text = package.with_suffix(".cdx.json").read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bom = json.loads(text)
    (digest,) = bom["metadata"]["component"]["hashes"]
    assert digest["content"] == hashlib.sha256(package.read_bytes()).hexdigest()


def test_no_part_is_one_that_nobody_maintains(package: Path) -> None:
    bom = json.loads(package.with_suffix(".cdx.json").read_text("utf-8"))
    versions = {each["name"]: each.get("version", "") for each in bom["components"]}
    assert int(versions["protobuf"].partition(".")[0]) >= 7  # SECURITY.md says so


def test_it_says_what_it_is(unpacked: Path) -> None:
    assert run(unpacked, unpacked / EXECUTABLE, "version").strip().endswith(__version__)
    assert "keep-alive" in run(unpacked, unpacked / EXECUTABLE, "--help")


def test_it_installs_itself(package: Path, unpacked: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (unpacked / "other download.txt").touch()
    for _ in range(2):  # and once more over what is there
        said = run(home, unpacked / EXECUTABLE, "install")
        assert "terraform init" in said
    (home / "main.tf").write_text(CONFIGURATION)
    with Simulator() as server:
        environment = {
            "VEEAM_EM_URL": server.url,
            "VEEAM_EM_USERNAME": ADMINISTRATOR.username,
            "VEEAM_EM_PASSWORD": ADMINISTRATOR.password,
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": server.fingerprint,
            "TF_VAR_restore_point_id": server.restore_points(Family.VM)[0].id,
        }
        run(home, *TERRAFORM, "init", "-no-color")
        # That of a mirror and of the registry, whatever lies beside the package.
        assert package_hash(package) in (home / ".terraform.lock.hcl").read_text()
        run(home, *TERRAFORM, "apply", "-auto-approve", "-no-color", **environment)
        assert len(server.mounts()) == 1
        run(home, *TERRAFORM, "destroy", "-auto-approve", "-no-color", **environment)
        assert (server.mounts(), server.sessions()) == ([], [])


def test_a_certificate_is_trusted_by_its_authority(unpacked: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    run(home, unpacked / EXECUTABLE, "install")
    (home / "main.tf").write_text(CONFIGURATION)
    with Simulator() as server:
        run(home, *TERRAFORM, "init", "-no-color")
        said = run(
            home,
            *(*TERRAFORM, "plan", "-no-color"),
            VEEAM_EM_URL=server.url,
            VEEAM_EM_USERNAME=ADMINISTRATOR.username,
            VEEAM_EM_PASSWORD=ADMINISTRATOR.password,
            VEEAM_EM_CA_CERTIFICATE=server.certificate_pem,
            TF_VAR_restore_point_id=server.restore_points(Family.VM)[0].id,
        )
        assert "1 to add" in said
