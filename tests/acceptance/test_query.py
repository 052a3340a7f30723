"""`terraform query`: the mount points of a session, found and taken over."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from helpers import MOUNTS, REQUIRED, RESTORE_POINT, Server
from terraform import Workspace, flat

from chaos.played_terraform import dynamic
from em_simulator import Family
from support.fingerprints import fingerprint
from support.plugin_client import INSTALLED, PluginClient
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.wire import tfplugin6_pb2 as pb


@pytest.fixture
def session(server: Server, token: dict[str, str], workspace: Workspace) -> str:
    """The token that the provider is given."""
    workspace.environment |= token
    workspace.write(REQUIRED)
    return token["VEEAM_EM_SESSION_TOKEN"]


def listing(workspace: Workspace, body: str = "", limit: int | None = None) -> None:
    written = f"limit = {limit}" if limit else ""
    workspace.write(
        f"""
list "veeam_mount_point" "all" {{
  provider = veeam
  {written}
  {body}
}}
""",
        "all.tfquery.hcl",
    )


def found(output: str) -> list[dict[str, object]]:
    """The identities that a query has printed as JSON, in their order."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [
        line["list_resource_found"]["identity"]
        for line in lines
        if line["type"] == "list_resource_found"
    ]


def test_hundreds_of_mounts_are_listed_in_order(
    workspace: Workspace, server: Server, session: str
) -> None:
    for _ in range(300):
        server.mount_with(session)
    listing(workspace, limit=300)
    began = time.monotonic()
    output = workspace.run("query", "-json")
    assert time.monotonic() - began < 60
    numbers = [identity["mount_id"] for identity in found(output)]
    assert numbers == list(range(1, 301))
    assert len(server.requests("GET", f"{MOUNTS}(/.*)?")) == 1


def test_the_limit_is_honoured(workspace: Workspace, server: Server, session: str) -> None:
    for point in server.simulator.restore_points(Family.VM)[:5]:
        server.simulator.mount(session, Family.VM, point.id)
        server.simulator.mount(session, Family.VM, point.id)
    listing(workspace, limit=3)
    assert len(found(workspace.run("query", "-json"))) == 3
    assert len(server.requests("GET", MOUNTS)) == 2, "what is not asked for is not looked up"


def test_one_restore_point_can_be_asked_for(
    workspace: Workspace, server: Server, session: str
) -> None:
    for point in server.simulator.restore_points(Family.VM)[:3]:
        server.simulator.mount(session, Family.VM, point.id)
    wanted = server.simulator.restore_points(Family.VM)[1].id
    listing(workspace, f'config {{\n restore_point_id = "{wanted}"\n}}')
    assert [i["restore_point_id"] for i in found(workspace.run("query", "-json"))] == [wanted]


def test_a_session_without_mounts_lists_nothing(workspace: Workspace, session: str) -> None:
    listing(workspace)
    assert found(workspace.run("query", "-json")) == []


def test_mounts_of_others_are_not_listed(
    workspace: Workspace, server: Server, session: str
) -> None:
    server.mount_as_somebody_else()
    mount = server.mount_with(session)
    listing(workspace)
    (identity,) = found(workspace.run("query", "-json"))
    assert identity["session_fingerprint"] == fingerprint(mount.session_id)


def test_the_generated_configuration_applies_cleanly(
    workspace: Workspace, server: Server, session: str
) -> None:
    server.mount_with(session)
    server.mount_with(session)
    listing(workspace)
    workspace.run("query", "-no-color", "-generate-config-out=generated.tf")
    generated = (workspace.folder / "generated.tf").read_text()
    assert generated.count("import {") == 2
    assert f'restore_point_id   = "{RESTORE_POINT}"' in generated or RESTORE_POINT in generated
    output = workspace.apply()
    assert "2 imported, 0 added, 0 changed, 0 destroyed" in output
    assert "No changes" in workspace.plan()
    assert len(workspace.instances()) == 2
    workspace.destroy()
    assert server.mounts() == []


def test_without_a_session_token_it_says_why(workspace: Workspace, server: Server) -> None:
    workspace.write(REQUIRED)
    listing(workspace)
    said = flat(workspace.attempt("query", "-no-color").output)
    assert "A listing needs the logon session of the mount points" in said
    assert server.sessions() == []


@contextmanager
def listed(server: Server, token: str, limit: int) -> Iterator[Iterator[Any]]:
    """What the provider sends when a client asks it to list."""
    environment = {
        "VEEAM_EM_URL": server.simulator.url,
        "VEEAM_EM_SESSION_TOKEN": token,
        "VEEAM_EM_CERTIFICATE_FINGERPRINT": server.fingerprint,
    }
    attributes = {attribute.name: None for attribute in VeeamProvider.schema.attributes}
    with PluginClient(INSTALLED, environment) as client:
        configure = pb.ConfigureProvider.Request(
            terraform_version="1.15.5", config=dynamic(attributes)
        )
        assert not client.call("ConfigureProvider", configure).diagnostics
        wanted = {"restore_point_id": None, "restore_point_type": None}
        request = pb.ListResource.Request(
            type_name="veeam_mount_point", config=dynamic(wanted), limit=limit
        )
        yield iter(client.start_call("ListResource", request, seconds=30))


def test_results_are_streamed(server: Server, log_on: Callable[[], str]) -> None:
    token = log_on()
    for point in server.simulator.restore_points(Family.VM)[:2]:
        server.simulator.mount(token, Family.VM, point.id)
    second = server.simulator.restore_points(Family.VM)[1].id
    server.fault("delay", f"GET /vmRestorePoints/{second}/mounts", seconds=4)
    with listed(server, token, limit=100) as events:
        began = time.monotonic()
        assert "(1)" in next(events).display_name
        assert time.monotonic() - began < 3
        assert "(2)" in next(events).display_name
        assert time.monotonic() - began > 3


@pytest.mark.parametrize(("limit", "found"), [(1, 1), (0, 2), (-1, 2)])
def test_without_a_positive_limit_all_are_listed(
    server: Server, log_on: Callable[[], str], limit: int, found: int
) -> None:
    token = log_on()
    for _ in range(2):
        server.mount_with(token)
    with listed(server, token, limit=limit) as events:
        assert ["diagnostic" if e.diagnostic else "found" for e in events] == ["found"] * found
