"""A committed lock file is good on every machine, whichever Python has the provider there."""

import compileall
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from helpers import REQUIRED, Server, mount_points
from pythons import make_environment
from terraform import Workspace

from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli.install import target
from terraform_provider_veeam.cli.launcher import launcher, launcher_name, note_of_python

LOCK = ".terraform.lock.hcl"


class Machine:
    """A computer with a home and a Python of its own, and a checkout of the configuration."""

    def __init__(self, place: Path, environment: Path, settings: dict[str, str]) -> None:
        place.mkdir()
        shutil.copytree(environment, place / "venv", symlinks=True)
        self.python = place / "venv" / "bin" / "python"
        self.home, checkout = place / "home", place / "checkout"
        self.home.mkdir()
        checkout.mkdir()
        # Terraform may not look for plugins where this machine's administrator has put some.
        own = {"HOME": str(self.home), "XDG_DATA_DIRS": str(place / "usr")}
        self.checkout = Workspace(checkout, settings | own)
        self.checkout.write(mount_points(1))

    def upgrade(self, wheel: Path) -> None:
        unpack(wheel, self.module.parents[1])

    def install(self, *options: str) -> None:
        subprocess.run(
            [self.python, "-m", "terraform_provider_veeam", "install", *options],
            env=self.checkout.environment,
            check=True,
            capture_output=True,
        )

    @property
    def module(self) -> Path:
        """What says which version the Python has."""
        (packages,) = self.python.parents[1].glob("lib/*/site-packages")
        return packages / "terraform_provider_veeam" / "__init__.py"

    @property
    def lock(self) -> Path:
        return self.checkout.folder / LOCK

    @property
    def launchers(self) -> list[Path]:
        return sorted(self.home.rglob("terraform-provider-veeam_v*"))

    def hashes(self) -> list[str]:
        return re.findall(r'"(\w+:[^"]+)"', self.lock.read_text())


def unpack(wheel: Path, packages: Path) -> None:
    """Do what pip does, which takes some seconds for it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A virtual environment that has the provider, compiled: `install` would do it each time."""
    folder = tmp_path_factory.mktemp("environment")
    make_environment(folder)
    (packages,) = folder.glob("lib/*/site-packages")
    unpack(wheel, packages)
    compileall.compile_dir(packages, quiet=2)
    return folder


@pytest.fixture
def settings(server: Server) -> dict[str, str]:
    basic = {"PATH": os.environ["PATH"], "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    return basic | server.environment


@pytest.fixture
def laptop(tmp_path: Path, environment: Path, settings: dict[str, str]) -> Machine:
    """Where the lock file is made."""
    machine = Machine(tmp_path / "laptop", environment, settings)
    machine.install()
    machine.checkout.run("init", "-no-color")
    return machine


@pytest.fixture
def pipeline(
    tmp_path: Path, environment: Path, settings: dict[str, str], laptop: Machine
) -> Machine:
    """Where the lock file is taken from the repository."""
    machine = Machine(tmp_path / "another machine, elsewhere", environment, settings)
    shutil.copy(laptop.lock, machine.lock)
    return machine


def test_one_checksum_from_two_homes_and_two_pythons(
    laptop: Machine, pipeline: Machine, server: Server
) -> None:
    pipeline.install()
    assert "Reusing previous version" in pipeline.checkout.run(
        "init", "-no-color", "-lockfile=readonly"
    )
    pipeline.checkout.apply()
    assert len(server.mounts()) == 1
    pipeline.checkout.destroy()
    pipeline.lock.unlink()
    pipeline.checkout.run("init", "-no-color")
    assert pipeline.hashes() == laptop.hashes()
    assert len(laptop.hashes()) == 1


def test_an_upgrade_to_the_same_version_changes_nothing(laptop: Machine, wheel: Path) -> None:
    before = laptop.lock.read_text()
    laptop.upgrade(wheel)
    laptop.install()
    laptop.checkout.plan()
    laptop.checkout.run("init", "-no-color", "-lockfile=readonly")
    laptop.checkout.run("init", "-no-color", "-upgrade")
    assert laptop.lock.read_text() == before


def test_a_folder_of_an_image_is_found_by_every_user(laptop: Machine, pipeline: Machine) -> None:
    """As /usr/local/share/terraform/plugins is, which root has filled while the image was built."""
    folder = pipeline.home.parent / "usr" / "terraform" / "plugins"
    pipeline.install("--plugin-dir", str(folder))
    assert not pipeline.launchers
    pipeline.checkout.run("init", "-no-color", "-lockfile=readonly")
    assert "1 to add" in pipeline.checkout.plan()


def test_a_terraform_that_can_not_make_links_copies_what_starts(laptop: Machine) -> None:
    (linked,) = laptop.checkout.folder.glob(f".terraform/providers/*/*/*/*/{target()}")
    original = linked.resolve()
    linked.unlink()
    shutil.copytree(original, linked)
    assert "1 to add" in laptop.checkout.plan()


def test_a_cache_of_plugins_starts_it(laptop: Machine, tmp_path: Path) -> None:
    shutil.rmtree(laptop.checkout.folder / ".terraform")
    (tmp_path / "cache").mkdir()
    laptop.checkout.environment["TF_PLUGIN_CACHE_DIR"] = str(tmp_path / "cache")
    laptop.checkout.run("init", "-no-color", "-lockfile=readonly")
    assert [*(tmp_path / "cache").rglob(target())]
    assert "1 to add" in laptop.checkout.plan()


def test_a_python_that_was_removed_is_named_by_the_plan(laptop: Machine) -> None:
    python = note_of_python(laptop.launchers[0].parent).read_text().strip()
    shutil.rmtree(laptop.python.parents[1])
    told = laptop.checkout.fail("plan", "-no-color")
    assert f"finds no Python that has it: {python} is not there" in told
    assert '"terraform-provider-veeam install"' in told


def test_another_version_in_the_same_python_is_told_by_the_plan(laptop: Machine) -> None:
    laptop.module.write_text('__version__ = "99.0.0"\n')
    told = laptop.checkout.fail("plan", "-no-color")
    assert f"Version {__version__} of the provider is not in" in told
    assert "which has 99.0.0" in told


def test_each_version_has_a_python_of_its_own(laptop: Machine, pipeline: Machine) -> None:
    """Two configurations in one home, each with the version that its lock file has."""
    pipeline.module.write_text('__version__ = "0.2.0"\n')
    pipeline.checkout.environment["HOME"] = str(laptop.home)
    pipeline.install()
    pipeline.checkout.write(REQUIRED)
    pipeline.lock.unlink()
    said = pipeline.checkout.run("init", "-no-color")
    assert "v0.2.0" in said
    assert "1 to add" in laptop.checkout.plan()
    laptop.checkout.run("init", "-no-color", "-lockfile=readonly")


def test_the_hash_of_another_platform_is_added(laptop: Machine) -> None:
    """As somebody with Windows does it, whose launcher is another one."""
    mirror = laptop.home / ".terraform.d" / "plugins"
    for address in mirror.glob("*/*/*"):
        folder = address / __version__ / "windows_amd64"
        folder.mkdir()
        (folder / launcher_name(windows=True)).write_bytes(launcher(windows=True))
    (own,) = laptop.hashes()
    command = ("providers", "lock", f"-fs-mirror={mirror}", "-platform=windows_amd64")
    laptop.checkout.run(*command, "veeam-em/veeam")
    assert len(laptop.hashes()) == 2
    assert own in laptop.hashes()
    laptop.checkout.run("init", "-no-color", "-lockfile=readonly")
