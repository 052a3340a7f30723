"""The url of a mount changes, or its private state is damaged: what is asked, told and sent."""

import base64
import json
from collections.abc import Iterator

import pytest
from helpers import SEED, Server, mount_points
from terraform import Workspace

from em_simulator import Simulator
from support.authorities import issue
from support.tls_proxy import TlsFront


@pytest.fixture
def impostor() -> Iterator[Server]:
    """Another Enterprise Manager, with the same restore points and accounts."""
    with Simulator(seed=SEED) as running:
        yield Server(running)


def test_another_server_gets_neither_the_session_nor_its_token(
    workspace: Workspace, server: Server, impostor: Server
) -> None:
    for _ in range(3):  # of one seed, both give the same ids: the mount's is one yet to come there
        server.log_on()
    workspace.write(mount_points(1))
    workspace.apply()
    (mount,) = server.mounts()
    token = server.requests("GET", ".*/mounts/1")[-1].token
    for command in (("plan", "-no-color"), ("destroy", "-auto-approve", "-no-color")):
        said = workspace.fail(*command, **impostor.environment)
        assert "The mount point belongs to another Enterprise Manager" in said
        assert "Set url back to where it was" in said
    asked = impostor.requests()
    assert {(one.method, one.path.partition("?")[0]) for one in asked} >= {
        ("GET", "/logonSessions")
    }
    assert token not in {one.token for one in asked}
    assert not [one for one in asked if mount.session_id in one.path + one.query]
    assert len(server.mounts()) == len(workspace.instances()) == 1
    workspace.destroy()
    assert server.mounts() == []


def test_the_same_server_by_another_name_goes_on(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    elsewhere = server.simulator.url.replace("127.0.0.1", "localhost")
    assert elsewhere != server.simulator.url
    assert "No changes" in workspace.plan(VEEAM_EM_URL=elsewhere)
    workspace.destroy(VEEAM_EM_URL=elsewhere)
    assert server.mounts() == []
    assert server.sessions() == []


def test_the_same_server_with_another_key_goes_on_once_it_has_listed_the_session(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    (mount,) = server.mounts()
    token = server.requests("GET", ".*/mounts/1")[-1].token
    known = len(server.requests())
    certificate = issue("renamed.example.com", host="127.0.0.1")
    address = ("127.0.0.1", int(server.simulator.url.rpartition(":")[2]))
    with TlsFront(certificate, address) as front:
        elsewhere = {
            "VEEAM_EM_URL": f"https://127.0.0.1:{front.port}",
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": certificate.fingerprint,
        }
        assert "No changes" in workspace.plan(**elsewhere)
        asked = server.requests()[known:]
        shown = [(one.method, one.path) for one in asked].index(("GET", "/logonSessions"))
        secret = [
            number
            for number, one in enumerate(asked)
            if one.token == token or mount.session_id in one.path + one.query
        ]
        assert secret
        assert min(secret) > shown
        workspace.destroy(**elsewhere)
    assert server.mounts() == []
    assert server.sessions() == []


@pytest.mark.parametrize("damage", ["deep", "of another type", "surrogate", "of another mount"])
def test_damaged_private_state_lacks_the_session_and_drops_nothing(
    workspace: Workspace, server: Server, damage: str
) -> None:
    workspace.write(mount_points(2))
    workspace.apply()
    state = workspace.state()
    first, second = (one for resource in state["resources"] for one in resource["instances"])
    told = json.loads(base64.b64decode(first["private"]))
    damaged = {
        "deep": b"[" * 100_000,
        "of another type": json.dumps(told | {"session_id": ["x"]}).encode(),
        "surrogate": json.dumps(told | {"href": "/\ud800"}).encode(),
        "of another mount": base64.b64decode(second["private"]),
    }
    first["private"] = base64.b64encode(damaged[damage]).decode()
    (workspace.folder / "terraform.tfstate").write_text(json.dumps(state))
    said = workspace.fail("plan", "-no-color")
    assert "The mount point's logon session can't be used" in said
    assert "may have lost the token" in said
    assert "nternal" not in said
    assert len(server.mounts()) == len(workspace.instances()) == 2
