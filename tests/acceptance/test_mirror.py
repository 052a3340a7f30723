"""`terraform init` from mirrors that `terraform-provider-veeam mirror` has written."""

import http.server
import shutil
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import trustme
from conftest import PACKAGE
from guide import run_by
from helpers import Server, mount_points
from terraform import PROGRAM, Workspace

from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli.install import target


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package under test; without one, a zip with a script in the place of a program."""
    if PACKAGE:
        return PACKAGE
    folder = tmp_path_factory.mktemp("package")
    file = folder / f"terraform-provider-veeam_{__version__}_{target()}.zip"
    program = zipfile.ZipInfo(f"terraform-provider-veeam_v{__version__}")
    program.external_attr = 0o755 << 16
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(program, f"#!/bin/sh\n{run_by([str(PROGRAM)])}\n")
    return file


@pytest.fixture
def mirror(package: Path, tmp_path: Path) -> Path:
    """A mirror with the package, and one for a machine of another kind."""
    other = tmp_path / f"terraform-provider-veeam_{__version__}_windows_arm64.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(f"terraform-provider-veeam_v{__version__}.exe", "MZ")
    folder = tmp_path / "mirror"
    command = [str(PROGRAM), "mirror", str(folder), str(package), str(other)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert package.name in said
    assert f'path    = "{folder}"' in said
    return folder


@pytest.fixture
def fresh(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A folder in which nothing is initialised, and a home in which nothing is installed."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.rmtree(workspace.folder / ".terraform")
    (workspace.folder / ".terraform.lock.hcl").unlink()
    workspace.write(mount_points(1))
    workspace.environment |= {"HOME": str(home), "TF_CLI_CONFIG_FILE": str(tmp_path / "rc")}
    return workspace


def configure(tmp_path: Path, installation: str) -> None:
    (tmp_path / "rc").write_text(f"provider_installation {{\n{installation}\n}}\n")


@contextmanager
def served(folder: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The folder on a web server with TLS, and the authority that it is trusted by."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://localhost:{server.server_address[1]}/", tmp_path / "ca.pem"
        finally:
            server.shutdown()
            thread.join()


def hashes(workspace: Workspace) -> set[str]:
    lines = (workspace.folder / ".terraform.lock.hcl").read_text().split('"')
    return {line for line in lines if line.startswith(("h1:", "zh:"))}


def test_a_filesystem_mirror_installs_and_locks(
    fresh: Workspace, server: Server, mirror: Path, tmp_path: Path
) -> None:
    configure(tmp_path, f'filesystem_mirror {{\n path = "{mirror}"\n}}')
    fresh.run("init", "-no-color")
    first = hashes(fresh)
    assert len(first) == 1
    fresh.run("providers", "lock", f"-fs-mirror={mirror}", f"-platform={target()}",
              "-platform=windows_arm64")  # fmt: skip
    assert len(hashes(fresh)) >= 2
    assert first <= hashes(fresh)
    shutil.rmtree(fresh.folder / ".terraform")
    assert "Reusing previous version" in fresh.run("init", "-no-color", "-lockfile=readonly")
    fresh.apply()
    assert len(server.mounts()) == 1
    fresh.destroy()
    assert server.mounts() == []


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_everybody_can_enter_a_mirror(package: Path, tmp_path: Path, umask: int) -> None:
    """Terraform gives up on all of a mirror with a folder in it that it may not enter."""
    folder = tmp_path / "new"
    command = [str(PROGRAM), "mirror", str(folder / "mirror"), str(package)]
    subprocess.run(command, check=True, capture_output=True, umask=umask)
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode & 0o777
        assert mode & ~0o022 == (0o755 if path.is_dir() else 0o644), path
        assert not mode & umask & 0o022, path


def test_a_network_mirror_has_the_same_hashes(
    fresh: Workspace, mirror: Path, tmp_path: Path
) -> None:
    configure(tmp_path, f'filesystem_mirror {{\n path = "{mirror}"\n}}')
    fresh.run("init", "-no-color")
    unpacked = hashes(fresh)
    (fresh.folder / ".terraform.lock.hcl").unlink()
    shutil.rmtree(fresh.folder / ".terraform")
    with served(mirror, tmp_path) as (url, authority):
        configure(tmp_path, f'network_mirror {{\n url = "{url}"\n}}')
        fresh.run("init", "-no-color", SSL_CERT_FILE=str(authority))
        assert unpacked <= hashes(fresh)
        platforms = [f"-platform={target()}", "-platform=windows_arm64"]
        command = ("providers", "lock", f"-net-mirror={url}", *platforms)
        fresh.run(*command, SSL_CERT_FILE=str(authority))
        assert sum(known.startswith("h1:") for known in hashes(fresh)) == 2
        shutil.rmtree(fresh.folder / ".terraform")
        fresh.run("init", "-no-color", "-lockfile=readonly", SSL_CERT_FILE=str(authority))


def test_a_package_that_was_changed_is_refused(
    fresh: Workspace, mirror: Path, tmp_path: Path
) -> None:
    configure(tmp_path, f'filesystem_mirror {{\n path = "{mirror}"\n}}')
    fresh.run("init", "-no-color")
    for file in mirror.rglob(f"*_{target()}.zip"):
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("more", "not what was locked")
    shutil.rmtree(fresh.folder / ".terraform")
    said = fresh.fail("init", "-no-color")
    assert "doesn't match any of the checksums" in said
