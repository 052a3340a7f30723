"""A newcomer with Python: the wheel in a clean home, `install`, and the quickstart's example."""

import os
import shutil
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from terraform import ROOT, TERRAFORM

from em_simulator import ADMINISTRATOR, Family, Simulator

UV = str(Path(sys.executable).with_name("uv"))
PASSED_ON = ("PATH", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
PASSED_ON_PREFIXES = ("PIP_", "UV_")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def run(home: Path, *command: str, **environment: str) -> str:
    """Run a command in an empty folder, with nothing of this environment but the network's."""
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
    }
    folder = home.parent / "work"
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        command,
        cwd=folder,
        env=passed_on | {"HOME": str(home), "CHECKPOINT_DISABLE": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_a_newcomer_with_python(wheel: Path, home: Path) -> None:
    python = home / "venv" / "bin" / "python"
    run(home, sys.executable, "-m", "venv", "--without-pip", str(home / "venv"))
    run(home, UV, "pip", "install", "--quiet", "--python", str(python), str(wheel))
    program = str(python.with_name("terraform-provider-veeam"))
    assert "terraform init" in run(home, program, "install")
    shutil.copy(ROOT / "examples" / "quickstart" / "main.tf", home.parent / "work")
    with Simulator() as server:
        environment = {
            "VEEAM_EM_URL": server.url,
            "VEEAM_EM_USERNAME": ADMINISTRATOR.username,
            "VEEAM_EM_PASSWORD": ADMINISTRATOR.password,
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": server.fingerprint,
            "TF_VAR_restore_point_id": server.restore_points(Family.VM)[0].id,
        }
        run(home, *TERRAFORM, "init", "-no-color")
        said = run(home, *TERRAFORM, "apply", "-auto-approve", "-no-color", **environment)
        assert "Apply complete! Resources: 1 added" in said
        assert "veeam-em/veeam" in (home.parent / "work" / ".terraform.lock.hcl").read_text()
        assert len(server.mounts()) == 1
        run(home, *TERRAFORM, "destroy", "-auto-approve", "-no-color", **environment)
        assert (server.mounts(), server.sessions()) == ([], [])


def test_one_line_gets_it_from_an_address(wheel: Path, home: Path) -> None:
    """With `uv tool install`; `pipx install` takes the same."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(wheel.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/{wheel.name}"
            run(home, UV, "tool", "install", "--quiet", "--python", sys.executable, address)
        finally:
            server.shutdown()
            thread.join()
    program = home / ".local" / "bin" / "terraform-provider-veeam"
    assert "terraform init" in run(home, str(program), "install")


def test_without_the_extra_the_simulator_says_what_it_needs(wheel: Path, home: Path) -> None:
    python = home / "venv" / "bin" / "python"
    run(home, sys.executable, "-m", "venv", "--without-pip", str(home / "venv"))
    run(home, UV, "pip", "install", "--quiet", "--python", str(python), str(wheel))
    done = subprocess.run(
        [str(python.with_name("em-simulator"))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'terraform-provider-veeam[simulator]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_wheel_brings_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/licenses/LICENSE")]
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        assert b"License-Expression: MPL-2.0" in archive.read(name)


def test_the_wheel_holds_only_what_runs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packages = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"terraform_provider_veeam", "tfplugin", "em_simulator"}
    endings = {Path(name).suffix for name in names if ".dist-info/" not in name}
    assert endings == {".py", ".typed"}
