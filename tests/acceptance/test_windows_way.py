"""Real Terraform, served as in Windows: over a port of this machine."""

import shutil
import sys
from pathlib import Path

import pytest
from helpers import Server, mount_points
from terraform import Workspace

_PROGRAM = """\
from tfplugin.process import handshake

listen = handshake.LoopbackPort.listen


def listen_and_tell(place, add_port):
    listen(place, add_port)
    with open("place", "w") as file:
        file.write(place.address)


handshake.LoopbackPort.listen = listen_and_tell
make_place = handshake.make_place
handshake.make_place = lambda environment: make_place(environment, windows=True)

from terraform_provider_veeam.cli import main

main()
"""


@pytest.fixture
def over_tcp(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A workspace with a provider that listens as in Windows."""
    installed = Path(workspace.environment["HOME"], ".terraform.d", "plugins")
    mirror = tmp_path / "plugins"
    shutil.copytree(installed, mirror)
    for file in mirror.rglob("terraform-provider-veeam_v*"):
        file.write_text(f"#!{sys.executable}\n{_PROGRAM}")
    shutil.rmtree(workspace.folder / ".terraform")
    (workspace.folder / ".terraform.lock.hcl").unlink()
    workspace.write(mount_points(1))
    workspace.run("init", "-no-color", f"-plugin-dir={mirror}")
    return workspace


def test_the_main_job_works_over_a_port(over_tcp: Workspace, server: Server) -> None:
    over_tcp.apply()
    assert len(server.mounts()) == 1
    assert (over_tcp.folder / "place").read_text().startswith("127.0.0.1:")
    over_tcp.destroy()
    assert (server.mounts(), server.sessions()) == ([], [])
