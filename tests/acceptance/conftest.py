"""A simulator and a folder for each test; the provider is installed and `init` run only once."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from helpers import REQUIRED, SEED, Server
from pythons import build_wheel, note_python
from terraform import PROGRAM, Workspace

from em_simulator import GUEST, Simulator
from support.fork_server import START, fork_server

# `make test-package` names a package, which is then tested in place of this Python's provider.
PACKAGE = Path(os.environ["PROVIDER_PACKAGE"]) if "PROVIDER_PACKAGE" in os.environ else None


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """A program that stands for this Python, and has imported the provider; None without one."""
    if PACKAGE or sys.platform != "linux":
        yield None
    else:
        with fork_server(tmp_path_factory.mktemp("forks")) as program:
            yield program


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, forks: Path | None) -> Workspace:
    """An initialised folder, and a home in which the provider is installed."""
    home = tmp_path_factory.mktemp("home")
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "GOGC": "off",  # Terraform ends before it is worth its while
    }
    command = [str(PROGRAM), "install"]
    if PACKAGE:
        command = [str(PROGRAM), "mirror", str(home / ".terraform.d" / "plugins"), str(PACKAGE)]
        environment["PATH"] = ""  # no Python to be found
    subprocess.run(command, env=environment, check=True, capture_output=True)
    if forks:
        note_python(home, forks)
    template = Workspace(tmp_path_factory.mktemp("template"), environment)
    template.write(REQUIRED)
    template.run("init", "-no-color")
    return template


@pytest.fixture(scope="session")
def kinds(installed: Workspace) -> set[str]:
    """The kinds of blocks that this Terraform has, or OpenTofu."""
    (schemas,) = json.loads(installed.run("providers", "schema", "-json"))[
        "provider_schemas"
    ].values()
    return {name.removesuffix("_schemas") for name in schemas}


@pytest.fixture(scope="session")
def program(forks: Path | None) -> list[str]:
    """The installed command, run in a fork if there can be one."""
    return [str(forks), str(PROGRAM)] if forks else [str(PROGRAM)]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(seed=SEED) as running:
        yield running


@pytest.fixture
def server(simulator: Simulator) -> Server:
    return Server(simulator)


@pytest.fixture
def slow_server() -> Iterator[Server]:
    """One whose mounts take longer than any test waits."""
    with Simulator(seed=SEED, mount_seconds=600) as running:
        yield Server(running)


@pytest.fixture
def workspace(
    installed: Workspace,
    program: list[str],
    server: Server,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Workspace:
    folder = tmp_path / "work"
    shutil.copytree(installed.folder, folder, symlinks=True)
    environment = installed.environment | server.environment
    if request.node.get_closest_marker("start"):
        environment[START] = "yes"
    else:  # a certificate for each start takes as long as the rest of the start
        environment["TF_DISABLE_PLUGIN_TLS"] = "1"
    return Workspace(folder, environment, program)


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A folder for sockets, which need a short path: for keepers that no other test knows."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    yield folder
    while folder.exists():
        with suppress(FileNotFoundError):  # a keeper that ends takes its own away
            shutil.rmtree(folder)


@pytest.fixture
def guest() -> dict[str, str]:
    """An account without a role."""
    return {"VEEAM_EM_USERNAME": GUEST.username, "VEEAM_EM_PASSWORD": GUEST.password}


@pytest.fixture
def log_on(server: Server) -> Callable[[], str]:
    return server.log_on


@pytest.fixture
def token(server: Server) -> dict[str, str]:
    """A logon session that exists already, in place of a user name."""
    return {
        "VEEAM_EM_SESSION_TOKEN": server.log_on(),
        "VEEAM_EM_USERNAME": "",
        "VEEAM_EM_PASSWORD": "",
    }
