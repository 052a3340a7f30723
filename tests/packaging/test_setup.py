"""Terraform and the provider in one step: what a pipeline's setup checks, and what an image has."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from terraform import ROOT, TERRAFORM

from support.signing import sign
from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli.install import target

SCRIPT = ROOT / ".github" / "actions" / "setup" / "install.sh"
NAME = "terraform-provider-veeam"
GPG = shutil.which("gpg") or "gpg"
CONFIGURATION = """
terraform {
  required_providers {
    veeam = { source = "veeam-em/veeam" }
  }
}
"""


def pack(folder: Path, name: str, version: str, executable: str, command: str) -> None:
    """Write a release's package that runs a command of this machine, and its checksums."""
    package = folder / f"{name}_{version}_{target()}.zip"
    with zipfile.ZipFile(package, "w") as archive:
        info = zipfile.ZipInfo(executable)
        info.external_attr = 0o755 << 16
        archive.writestr(info, f'#!/bin/sh\nexec {command} "$@"\n')
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    (folder / f"{name}_{version}_SHA256SUMS").write_text(f"{digest}  {package.name}\n")


@pytest.fixture
def release(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, program: str) -> Path:
    """A folder with releases of Terraform and the provider, signed by a key made for them."""
    folder = tmp_path / "release"
    folder.mkdir()
    pack(folder, NAME, __version__, f"{NAME}_v{__version__}", program)
    pack(folder, "terraform", "1.2.3", "terraform", " ".join(TERRAFORM))
    (folder / "v.cdx.json").write_bytes(b"")
    (folder / "v_checksums.txt").write_text(f"{hashlib.sha256().hexdigest()}  v.cdx.json\n")
    done = sign(folder, tmp_path_factory.mktemp("g"))
    assert done.returncode == 0, done.stderr
    return folder


def key_of(release: Path) -> str:
    shown = subprocess.run(
        [GPG, "--with-colons", "--show-keys", str(release / f"{NAME}.asc")],
        check=True,
        capture_output=True,
        text=True,
    )
    (fingerprint,) = re.findall(r"^fpr:+(\w+):", shown.stdout, re.MULTILINE)
    return str(fingerprint)


def set_up(release: Path, home: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a pipeline does, in an empty home with a configuration."""
    folder = home / "work"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(CONFIGURATION)
    key = key_of(release)
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "CHECKPOINT_DISABLE": "1",
        "VEEAM_VERSION": __version__,
        "VEEAM_KEY": key,
        "VEEAM_RELEASE": release.as_uri(),
        "TERRAFORM_VERSION": "1.2.3",
        "TERRAFORM_KEY": key,
        "TERRAFORM_RELEASE": release.as_uri(),
        "TERRAFORM_KEY_FILE": f"{release.as_uri()}/{NAME}.asc",
    }
    return subprocess.run(
        ["/bin/sh", str(SCRIPT)],
        cwd=folder,
        env=environment | changes,
        check=False,
        capture_output=True,
        text=True,
    )


def test_terraform_the_provider_and_its_lock_entry_come_from_signed_releases(
    release: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    done = set_up(release, home)
    assert done.returncode == 0, done.stdout + done.stderr
    lock = (home / "work" / ".terraform.lock.hcl").read_text()
    assert f'version = "{__version__}"' in lock
    environment = {"HOME": str(home), "PATH": f"{home}/.local/bin:{os.environ['PATH']}"}
    said = [
        subprocess.run(
            command.split(), cwd=home / "work", env=environment, check=True, capture_output=True
        ).stdout.decode()
        for command in (f"{NAME} version", "terraform init -no-color -lockfile=readonly")
    ]
    assert __version__ in said[0]
    assert "successfully initialized" in said[1]
    assert (home / "work" / ".terraform.lock.hcl").read_text() == lock


def test_what_somebody_else_has_signed_is_not_installed(release: Path, tmp_path: Path) -> None:
    other = "0" * 40
    for number, name in enumerate(("VEEAM_KEY", "TERRAFORM_KEY")):
        home = tmp_path / f"home{number}"
        done = set_up(release, home, **{name: other})
        assert done.returncode != 0
        assert f"signed with another key than {other}" in done.stderr
        assert not (home / ".terraform.d").exists()


@pytest.mark.parametrize("name", [NAME, "terraform"])
def test_what_was_changed_after_it_was_signed_is_not_installed(
    release: Path, tmp_path: Path, name: str
) -> None:
    (package,) = release.glob(f"{name}_*.zip")
    package.write_bytes(package.read_bytes() + b" ")
    done = set_up(release, tmp_path / "home")
    assert done.returncode != 0
    assert f"{package.name}: FAILED" in done.stdout
    (sums,) = release.glob(f"{name}_*_SHA256SUMS")
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    sums.write_text(f"{digest}  {package.name}\n")
    done = set_up(release, tmp_path / "again")
    assert done.returncode != 0
    assert "BAD signature" in done.stderr


def test_the_component_runs_what_the_action_runs() -> None:
    component = (ROOT / "templates" / "setup.yml").read_text()
    (inside,) = re.findall(r"<<'END'\n(.*?)^ +END$", component, re.MULTILINE | re.DOTALL)
    assert textwrap.dedent(inside) == SCRIPT.read_text()


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", ".github/actions/setup/action.yml"),
        ("vendor.gitlab-ci", "templates/setup.yml"),
    ],
)
def test_services_take_the_action_and_the_component(tmp_path: Path, schema: str, file: str) -> None:
    *_, text = (ROOT / file).read_text().split("\n---\n")  # a component tells its inputs before
    (tmp_path / "file.yml").write_text(text)
    check = str(Path(sys.executable).with_name("check-jsonschema"))
    subprocess.run([check, "--builtin-schema", schema, str(tmp_path / "file.yml")], check=True)


def test_the_image_is_built_or_linted() -> None:
    """It is built where there is a builder and a package to build it from."""
    builder = next(filter(shutil.which, ("podman", "docker")), None)
    packages = list((ROOT / "dist").glob(f"{NAME}_*_linux_*.zip"))
    works = builder and subprocess.run([builder, "info"], check=False, capture_output=True)
    if builder and works and works.returncode == 0 and packages:
        subprocess.run(
            [builder, "build", "--tag", "terraform-veeam-test", "."], cwd=ROOT, check=True
        )
        shown = [builder, "run", "--rm", "--entrypoint", NAME, "terraform-veeam-test", "version"]
        assert __version__ in subprocess.run(shown, check=True, capture_output=True).stdout.decode()
    else:
        subprocess.run(
            [str(Path(sys.executable).with_name("hadolint")), "Containerfile"], cwd=ROOT, check=True
        )
