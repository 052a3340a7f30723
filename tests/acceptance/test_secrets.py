"""Password and token: nowhere that a person or another program can read, but in private state."""

import json
import re
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest
from helpers import MOUNTS, Server, mount_points
from terraform import Workspace

from em_simulator import ADMINISTRATOR


def forms(secret: str) -> set[str]:
    """Return the ways in which a secret might show up."""
    plain = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        b64encode(secret.encode()).decode().rstrip("="),
        b64encode(f"{ADMINISTRATOR.username}:{secret}".encode()).decode().rstrip("="),
    }
    return plain | {json.dumps(form)[1:-1] for form in plain}


def found(secrets: set[str], text: str) -> list[str]:
    return [secret for secret in secrets if secret in text]


def without_private(state: str) -> str:
    return re.sub(r'"private": "[^"]*"', "", state)


@pytest.fixture
def traced(workspace: Workspace, tmp_path: Path) -> Path:
    """The file with everything that Terraform and the provider log."""
    log = tmp_path / "trace.log"
    workspace.environment |= {"TF_LOG": "TRACE", "TF_LOG_PATH": str(log)}
    return log


def test_no_secret_is_written_where_anybody_could_read_it(
    workspace: Workspace, server: Server, traced: Path
) -> None:
    workspace.write(mount_points(2, extra='timeouts {\n create = "1m"\n }'))
    printed = [
        workspace.plan(),
        workspace.apply(),
        workspace.plan(),
        workspace.run("show", "-json"),
        workspace.run("show", "-no-color"),
        workspace.run("plan", "-out=saved", "-destroy", "-no-color"),
        workspace.run("show", "-json", "saved"),
    ]
    state = (workspace.folder / "terraform.tfstate").read_text()
    server.expire_sessions()
    printed += [workspace.plan(), workspace.destroy("-refresh=false")]
    printed.append(workspace.fail("apply", "-auto-approve", VEEAM_EM_PASSWORD="wrong-Canary#7"))

    tokens = {entry.token for entry in server.requests() if entry.token}
    secrets = forms(ADMINISTRATOR.password) | forms("wrong-Canary#7")
    secrets |= {form for token in tokens for form in forms(token)}
    for text in printed:
        assert found(secrets, text) == []
    log = traced.read_text()
    assert "terraform-provider-veeam" in log
    assert f"GET {server.requests('GET', MOUNTS + '/1')[0].path}" in log
    assert found(secrets, log) == []
    assert found(secrets, without_private(state)) == []

    private = [instance["private"] for instance in json.loads(state)["resources"][0]["instances"]]
    assert len(private) == 2
    assert found(forms(ADMINISTRATOR.password), state) == []


def test_a_token_in_the_configuration_is_written_nowhere(
    workspace: Workspace, server: Server, traced: Path, token: dict[str, str]
) -> None:
    server.fault("status", f"GET {MOUNTS}/.*", None, code=500)
    workspace.write(mount_points(1))
    output = workspace.fail("apply", "-auto-approve", "-no-color", **token)
    secrets = forms(token["VEEAM_EM_SESSION_TOKEN"])
    state = (workspace.folder / "terraform.tfstate").read_text()
    assert found(secrets, output + traced.read_text() + without_private(state)) == []


def test_a_token_that_can_not_be_sent_is_refused_without_showing_it(
    workspace: Workspace, server: Server, traced: Path, token: dict[str, str]
) -> None:
    token["VEEAM_EM_SESSION_TOKEN"] = "Canary-token\nX-Other: 1"
    workspace.write(mount_points(1))
    output = workspace.fail("plan", "-no-color", **token)
    assert "session_token" in output
    assert "Canary-token" not in output + traced.read_text()
    assert server.requests() == []
