"""Password and token: nowhere that a person or another program can read, but in private state."""

import json
import re
import subprocess
import sys
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


def keep_alive(workspace: Workspace, *arguments: str) -> str:
    program = Path(sys.executable).with_name("terraform-provider-veeam")
    done = subprocess.run(
        [program, "keep-alive", *arguments],
        env=workspace.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def found(secrets: set[str], text: str) -> list[str]:
    return [secret for secret in secrets if secret in text]


def without_private(state: str) -> str:
    return re.sub(r'"private": "[^"]*"', "", state)


def of_sessions(server: Server) -> set[str]:
    """Return every form of the tokens and of the ids, which the tokens are made from."""
    tokens = {entry.token for entry in server.requests() if entry.token}
    ids = {entry.session_id for entry in server.requests() if entry.session_id}
    assert {b64encode(session_id.encode()).decode() for session_id in ids} <= tokens
    spelt = {form for session_id in ids for form in (session_id, session_id.upper())}
    return {form for secret in tokens | spelt for form in forms(secret)}


@pytest.fixture
def traced(workspace: Workspace, tmp_path: Path) -> Path:
    """The file with everything that Terraform and the provider log."""
    log = tmp_path / "trace.log"
    workspace.environment |= {"TF_LOG": "TRACE", "TF_LOG_PATH": str(log)}
    return log


def test_no_secret_is_written_where_anybody_could_read_it(
    workspace: Workspace, server: Server, traced: Path, runtime: Path
) -> None:
    workspace.environment["XDG_RUNTIME_DIR"] = str(runtime)
    workspace.write(
        mount_points(
            2,
            extra='keep_alive = "1h"\n seal_session = true\n timeouts = {\n create = "1m"\n }',
        )
        + """
output "mounts" {
  value     = veeam_mount_point.this
  sensitive = true # for sealed_session
}
ephemeral "veeam_logon_session" "this" {}
"""
    )
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
    printed.append(keep_alive(workspace, "list"))
    # One of each kind of error: refused tokens are asked for by the session's id.
    server.fault("status", "GET /logonSessions/.*", None, code=403)
    server.fault("status", f"GET {MOUNTS}/.*", None, code=401)
    printed.append(workspace.fail("plan", "-no-color"))
    server.simulator.clear_faults()
    printed.append("\n".join(map(str, runtime.rglob("*"))))
    server.expire_sessions()
    printed += [workspace.plan(), workspace.destroy("-refresh=false")]
    printed.append(workspace.fail("apply", "-auto-approve", VEEAM_EM_PASSWORD="wrong-Canary#7"))
    printed.append(keep_alive(workspace, "stop", "--all"))

    secrets = forms(ADMINISTRATOR.password) | forms("wrong-Canary#7") | of_sessions(server)
    for text in printed:
        assert found(secrets, text) == []
    log = traced.read_text()
    assert "terraform-provider-veeam" in log
    assert f"GET {server.requests('GET', MOUNTS + '/1')[0].path}" in log
    assert found(secrets, log) == []
    assert found(secrets, without_private(state)) == []

    identities = [i.get("identity") for i in json.loads(state)["resources"][0]["instances"]]
    assert found(secrets, json.dumps(identities)) == []
    private = [instance["private"] for instance in json.loads(state)["resources"][0]["instances"]]
    assert len(private) == 2
    assert found(forms(ADMINISTRATOR.password), state) == []


def test_a_token_in_the_configuration_is_written_nowhere(
    workspace: Workspace, server: Server, traced: Path, token: dict[str, str]
) -> None:
    server.fault("status", f"GET {MOUNTS}/.*", None, code=500)
    workspace.write(mount_points(1))
    output = workspace.fail("apply", "-auto-approve", "-no-color", **token)
    secrets = forms(token["VEEAM_EM_SESSION_TOKEN"]) | of_sessions(server)
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
