"""Searching restore points: filtered by the server, read page by page."""

from pathlib import Path
from typing import Any

import pytest
from helpers import REQUIRED, SEED, Server
from terraform import Workspace, flat

from em_simulator import RESTORE_OPERATOR, Family, Simulator
from em_simulator.catalogue import MACHINES, NIGHTS


def search(workspace: Workspace, body: str, kind: str = "veeam_restore_points") -> Any:
    workspace.write(f"""{REQUIRED}
data "{kind}" "this" {{
  {body}
}}
output "result" {{
  value = data.{kind}.this
}}
""")
    workspace.apply()
    return workspace.output("result")


def names(found: Any) -> list[str]:
    return [point["name"] for point in found["restore_points"]]


def test_a_name_and_a_time_are_filtered_by_the_server(workspace: Workspace, server: Server) -> None:
    found = search(
        workspace,
        'machine_name = "oracle03"\n created_after = "2026-11-13T00:00:00+01:00"\n limit = 2',
    )
    assert names(found) == ["oracle03@2026-11-15 22:00:42", "oracle03@2026-11-14 22:00:42"]
    assert {point["machine_name"] for point in found["restore_points"]} == {"oracle03"}
    assert found["restore_points"][0]["created_at"] == "2026-11-15T22:00:42Z"
    (asked,) = {entry.query for entry in server.requests("GET", "/query")}
    assert 'filter=VmDisplayName==oracle03;CreationTime>="2026-11-12T23:00:00Z"' in asked
    assert "sortDesc=CreationTime" in asked


def test_a_pattern_is_matched_here_page_by_page(workspace: Workspace, server: Server) -> None:
    found = search(workspace, 'machine_name = "*PRINTS"\n limit = 500')
    assert len(names(found)) == NIGHTS
    assert set(names(found)) == {name for name in names(found) if name.startswith("files & ")}
    vms = sum(machine.family.name == "VM" for machine in MACHINES)
    pages = {entry.query.rpartition("page=")[2] for entry in server.requests("GET", "/query")}
    assert len(pages) == -(-vms * NIGHTS // 100)


def test_a_limit_reads_no_page_in_vain(workspace: Workspace, server: Server) -> None:
    assert len(names(search(workspace, "limit = 3"))) == 3
    assert {e.query.rpartition("page=")[2] for e in server.requests("GET", "/query")} == {"1"}


def test_a_name_with_a_space_is_quoted(workspace: Workspace, server: Server) -> None:
    assert len(names(search(workspace, 'machine_name = "files & prints"'))) == NIGHTS


@pytest.mark.parametrize(
    ("kind", "name"), [("replica", "srv04_replica"), ("agent", "rhel72"), ("vm", "web02")]
)
def test_every_family_can_be_searched(workspace: Workspace, kind: str, name: str) -> None:
    found = search(
        workspace, f'restore_point_type = "{kind}"\n machine_name = "{name}"\n limit = 1'
    )
    assert names(found)[0].startswith(f"{name}@")
    assert found["restore_points"][0]["backup_server"] == "backup01.tech.local"


def test_nothing_is_found(workspace: Workspace) -> None:
    assert names(search(workspace, 'machine_name = "nobody"')) == []


def test_the_latest_can_be_mounted(workspace: Workspace, server: Server) -> None:
    example = """
data "veeam_restore_point" "oracle" {
  machine_name   = "oracle03"
  created_before = "2026-11-14T00:00:00Z"
  latest         = true
}
resource "veeam_mount_point" "oracle" {
  restore_point_id = data.veeam_restore_point.oracle.restore_point_id
}
"""
    workspace.write(REQUIRED + example)
    plan = workspace.plan()
    assert 'restore_point_name       = "oracle03@2026-11-13 22:00:42"' in plan
    workspace.apply()
    assert len(server.mounts()) == 1
    workspace.destroy()
    assert server.sessions() == []


def test_what_is_read_only_in_the_apply_agrees_with_the_plan(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(
        f"""{REQUIRED}
resource "terraform_data" "before" {{
  input = "anything"
}}
data "veeam_restore_point" "found" {{
  machine_name = "oracle03"
  latest       = true
  depends_on   = [terraform_data.before]
}}
resource "veeam_mount_point" "this" {{
  restore_point_id   = data.veeam_restore_point.found.restore_point_id
  restore_point_type = data.veeam_restore_point.found.restore_point_type
  timeouts {{
    read = terraform_data.before.output == "anything" ? "1m" : "2m"
  }}
}}
"""
    )
    workspace.apply()
    assert len(server.mounts()) == 1
    assert "No changes" in workspace.plan()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('machine_name = "nobody"', "No restore point found"),
        ('machine_name = "oracle03"', "oracle03@2026-11-15 22:00:42"),
        ('created_after = "yesterday"', '"yesterday" is not a time'),
        ('created_after = "20261114T000000Z"', '"20261114T000000Z" is not a time'),
        ('created_after = "0001-01-01T00:00:00+01:00"', "is not a time"),
        ('created_before = "2026-11-14T00:00:00"', "with Z or an offset"),
        ('restore_point_type = "tape"', '"tape" is not one of'),
        ('machine_name = ""', "It is blank"),
        ('machine_name = "  "', "It is blank"),
        ('backup_server = ""', "It is blank"),
    ],
)
def test_what_can_not_be_answered(workspace: Workspace, body: str, says: str) -> None:
    workspace.write(f'{REQUIRED}\ndata "veeam_restore_point" "this" {{\n  {body}\n}}\n')
    said = workspace.fail("plan", "-no-color")
    assert says in said
    assert f"11: {body.partition('=')[0].strip()}" in said, "the attribute is shown"


@pytest.mark.parametrize("limit", ["0", "1.5", "1e30"])
def test_a_limit_that_can_not_be_counted_to_is_refused(workspace: Workspace, limit: str) -> None:
    workspace.write(f'{REQUIRED}\ndata "veeam_restore_points" "this" {{\n  limit = {limit}\n}}\n')
    assert "not a whole number from 1 to" in flat(workspace.fail("validate", "-no-color"))


def test_running_restores_are_shown_even_of_lost_sessions(
    workspace: Workspace, server: Server
) -> None:
    mount = server.mount_as_somebody_else()
    server.expire_sessions()
    found = search(workspace, "", "veeam_restore_sessions")["restore_sessions"]
    assert [restore["restore_point_id"] for restore in found] == [mount.restore_point_id]
    assert found[0]["name"].startswith("FLR_[")
    assert found[0]["backup_server"] == "backup01.tech.local"


def test_backup_servers_are_listed(workspace: Workspace) -> None:
    (found,) = search(workspace, "", "veeam_backup_servers")["backup_servers"]
    assert (found["name"], found["version"]) == ("backup01.tech.local", "13.0.1.1071")


def test_of_many_thousands_only_the_pages_of_a_name_are_read(
    workspace: Workspace, tmp_path: Path
) -> None:
    with Simulator(seed=SEED, restore_points=20_000) as simulator:
        server = Server(simulator)
        assert len(simulator.restore_points(Family.VM)) >= 20_000 - 21 * 3
        workspace.environment |= server.environment
        found = search(workspace, 'machine_name = "vm00800"')
        assert len(names(found)) == NIGHTS
        asked = server.requests("GET", "/query")
        assert {entry.query.rpartition("page=")[2] for entry in asked} == {"1"}
        assert all("filter=VmDisplayName==vm00800" in entry.query for entry in asked)
        assert server.requests("GET", "/vmRestorePoints") == []


def test_machines_are_listed_with_their_family_and_what_they_have(workspace: Workspace) -> None:
    (found,) = search(workspace, 'machine_name = "Laptop*"', "veeam_machines")["machines"]
    assert (found["name"], found["restore_point_type"]) == ("laptop17", "agent")
    assert found["restore_point_count"] == NIGHTS
    assert found["oldest"] < found["newest"]
    assert found["backup_servers"] == ["backup01.tech.local"]


def test_machines_of_one_family_are_asked_for_alone(workspace: Workspace, server: Server) -> None:
    found = search(workspace, 'restore_point_type = "replica"', "veeam_machines")["machines"]
    assert [machine["name"] for machine in found] == ["srv04_replica"]
    assert all("type=VmReplicaPoint" in one.query for one in server.requests("GET", "/query"))


def test_machines_that_the_account_may_not_see_are_warned_of(workspace: Workspace) -> None:
    workspace.environment |= {
        "VEEAM_EM_USERNAME": RESTORE_OPERATOR.username,
        "VEEAM_EM_PASSWORD": RESTORE_OPERATOR.password,
    }
    workspace.write(f'{REQUIRED}\ndata "veeam_machines" "all" {{}}\n')
    said = flat(workspace.plan("-no-color"))
    assert 'families are looked through, but not "agent"' in said
    assert "It takes the role Portal Administrator or Portal User" in said


def test_who_may_only_restore_is_told_so(workspace: Workspace) -> None:
    workspace.environment |= {
        "VEEAM_EM_USERNAME": RESTORE_OPERATOR.username,
        "VEEAM_EM_PASSWORD": RESTORE_OPERATOR.password,
    }
    workspace.write(f'{REQUIRED}\ndata "veeam_backup_servers" "this" {{}}\n')
    assert "The account's role is too low" in workspace.fail("plan", "-no-color")


NAMED = 'Büro \\"Süd\\"; a,b@c'


@pytest.mark.parametrize("form", ["camel", "pascal", "xml"])
def test_names_of_any_characters_are_found_whole(workspace: Workspace, form: str) -> None:
    more: dict[str, Any] = {"answers": "xml"} if form == "xml" else {"json_names": form}
    with Simulator(seed=SEED, **more) as simulator:
        workspace.environment |= Server(simulator).environment
        for name in (NAMED, f"{NAMED}2", f"Alt-{NAMED}", "oracle03.tech.local", "files & prints"):
            found = search(workspace, f'machine_name = "{name}"\n limit = 500')["restore_points"]
            assert {point["machine_name"] for point in found} == {name.replace("\\", "")}
            assert len(found) == NIGHTS


def test_a_server_that_ignores_the_filter_mounts_nothing(
    workspace: Workspace, server: Server
) -> None:
    server.fault("ignore-filter", "GET /query", None)
    workspace.write(f"""{REQUIRED}
data "veeam_restore_point" "this" {{
  machine_name = "exch01"
  latest       = true
}}
resource "veeam_mount_point" "this" {{
  restore_point_id = data.veeam_restore_point.this.restore_point_id
}}
""")
    said = flat(workspace.fail("apply", "-auto-approve", "-no-color"))
    assert "was not asked for" in said
    assert "machine_name is exch01" in said
    assert server.requests("POST", ".*/mounts") == []


def test_the_latest_is_not_one_that_is_still_being_written(
    workspace: Workspace, server: Server
) -> None:
    incomplete = server.simulator.add_incomplete_restore_point("oracle03")
    assert server.simulator.restore_points(Family.VM)[0] == incomplete
    found = search(workspace, 'machine_name = "oracle03"\n latest = true', "veeam_restore_point")
    assert found["name"] == "oracle03@2026-11-15 22:00:42"
    shown = search(workspace, 'machine_name = "oracle03"')["restore_points"]
    assert shown[0]["restore_point_id"] == incomplete.id


def test_a_time_given_back_finds_that_point_and_those_before(
    workspace: Workspace, server: Server
) -> None:
    created = "2026-11-20T01:02:03.2071234Z"
    server.simulator.add_restore_point("oracle03", created)
    newest = search(workspace, 'machine_name = "oracle03"\n limit = 1')["restore_points"][0]
    assert newest["created_at"] == created
    again = search(
        workspace, f'machine_name = "oracle03"\n created_before = "{newest["created_at"]}"'
    )
    assert names(again) == [newest["name"], *names(again)[1:]]
    assert len(names(again)) == NIGHTS + 1
    after = search(
        workspace, f'machine_name = "oracle03"\n created_after = "{newest["created_at"]}"'
    )
    assert names(after) == [newest["name"]]


@pytest.mark.parametrize("state", ["Starting", "Working", "Stopping", "Stopped"])
def test_a_restore_that_has_not_stopped_holds_disks(
    workspace: Workspace, server: Server, state: str
) -> None:
    server.mount_as_somebody_else()
    (session,) = server.simulator.restore_sessions()
    server.simulator.set_restore_state(session, state)
    found = search(workspace, "", "veeam_restore_sessions")["restore_sessions"]
    assert len(found) == (state != "Stopped")
