"""Searching restore points: filtered by the server, read page by page."""

from typing import Any

import pytest
from helpers import Server

from em_simulator import RESTORE_OPERATOR, Family, Simulator
from em_simulator.catalogue import MACHINES, NIGHTS
from support.called_provider import CalledProvider, called_provider, simulated


def names(found: Any) -> list[str]:
    return [point["name"] for point in found["restore_points"]]


def test_a_name_and_a_time_are_filtered_by_the_server(
    provider: CalledProvider, server: Server
) -> None:
    found = provider.read(
        "veeam_restore_points",
        machine_name="oracle03",
        created_after="2026-11-13T00:00:00+01:00",
        limit=2,
    ).value
    assert names(found) == ["oracle03@2026-11-15 22:00:42", "oracle03@2026-11-14 22:00:42"]
    assert {point["machine_name"] for point in found["restore_points"]} == {"oracle03"}
    assert found["restore_points"][0]["created_at"] == "2026-11-15T22:00:42Z"
    (asked,) = {entry.query for entry in server.requests("GET", "/query")}
    assert 'filter=VmDisplayName==oracle03;CreationTime>="2026-11-12T23:00:00Z"' in asked
    assert "sortDesc=CreationTime" in asked


def test_a_pattern_is_matched_here_page_by_page(provider: CalledProvider, server: Server) -> None:
    found = provider.read("veeam_restore_points", machine_name="*PRINTS", limit=500).value
    assert len(names(found)) == NIGHTS
    assert set(names(found)) == {name for name in names(found) if name.startswith("files & ")}
    vms = sum(machine.family.name == "VM" for machine in MACHINES)
    pages = {entry.query.rpartition("page=")[2] for entry in server.requests("GET", "/query")}
    assert len(pages) == -(-vms * NIGHTS // 100)


def test_a_limit_reads_no_page_in_vain(provider: CalledProvider, server: Server) -> None:
    assert len(names(provider.read("veeam_restore_points", limit=3).value)) == 3
    assert {e.query.rpartition("page=")[2] for e in server.requests("GET", "/query")} == {"1"}


def test_a_name_with_a_space_is_quoted(provider: CalledProvider, server: Server) -> None:
    assert (
        len(names(provider.read("veeam_restore_points", machine_name="files & prints").value))
        == NIGHTS
    )


@pytest.mark.parametrize(
    ("kind", "name"), [("replica", "srv04_replica"), ("agent", "rhel72"), ("vm", "web02")]
)
def test_every_family_can_be_searched(provider: CalledProvider, kind: str, name: str) -> None:
    found = provider.read(
        "veeam_restore_points", restore_point_type=kind, machine_name=name, limit=1
    ).value
    assert names(found)[0].startswith(f"{name}@")
    assert found["restore_points"][0]["backup_server"] == "backup01.tech.local"


def test_nothing_is_found(provider: CalledProvider) -> None:
    assert names(provider.read("veeam_restore_points", machine_name="nobody").value) == []


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ({"machine_name": "nobody"}, "No restore point found"),
        ({"machine_name": "oracle03"}, "oracle03@2026-11-15 22:00:42"),
        ({"created_after": "yesterday"}, '"yesterday" is not a time'),
        ({"created_after": "20261114T000000Z"}, '"20261114T000000Z" is not a time'),
        ({"created_after": "0001-01-01T00:00:00+01:00"}, "is not a time"),
        ({"created_before": "2026-11-14T00:00:00"}, "with Z or an offset"),
        ({"restore_point_type": "tape"}, '"tape" is not one of'),
        ({"machine_name": ""}, "It is blank"),
        ({"machine_name": "  "}, "It is blank"),
        ({"backup_server": ""}, "It is blank"),
    ],
)
def test_what_can_not_be_answered(
    provider: CalledProvider, search: dict[str, str], says: str
) -> None:
    said = provider.read("veeam_restore_point", **search).error
    assert says in said
    (attribute,) = search
    assert f"[{attribute}]" in said


@pytest.mark.parametrize("limit", [0, 1.5, 1e30])
def test_a_limit_that_can_not_be_counted_to_is_refused(
    provider: CalledProvider, limit: float
) -> None:
    said = provider.read("veeam_restore_points", limit=limit).error
    assert "not a whole number from 1 to" in said


def test_running_restores_are_shown_even_of_lost_sessions(
    provider: CalledProvider, server: Server
) -> None:
    mount = server.mount_as_somebody_else()
    server.expire_sessions()
    found = provider.read("veeam_restore_sessions").value["restore_sessions"]
    assert [restore["restore_point_id"] for restore in found] == [mount.restore_point_id]
    assert found[0]["name"].startswith("FLR_[")
    assert found[0]["backup_server"] == "backup01.tech.local"


def test_backup_servers_are_listed(provider: CalledProvider) -> None:
    (found,) = provider.read("veeam_backup_servers").value["backup_servers"]
    assert (found["name"], found["version"]) == ("backup01.tech.local", "13.0.1.1071")


def test_of_many_thousands_only_the_pages_of_a_name_are_read() -> None:
    with simulated(restore_points=20_000) as (provider, simulator):
        server = Server(simulator)
        assert len(simulator.restore_points(Family.VM)) >= 20_000 - 21 * 3
        found = provider.read("veeam_restore_points", machine_name="vm00800").value
        assert len(names(found)) == NIGHTS
        asked = server.requests("GET", "/query")
        assert {entry.query.rpartition("page=")[2] for entry in asked} == {"1"}
        assert all("filter=VmDisplayName==vm00800" in entry.query for entry in asked)
        assert server.requests("GET", "/vmRestorePoints") == []


def test_machines_are_listed_with_their_family_and_what_they_have(provider: CalledProvider) -> None:
    (found,) = provider.read("veeam_machines", machine_name="Laptop*").value["machines"]
    assert (found["machine_name"], found["restore_point_type"]) == ("laptop17", "agent")
    assert found["restore_point_count"] == NIGHTS
    assert found["oldest_at"] < found["newest_at"]
    assert found["backup_servers"] == ["backup01.tech.local"]


def test_machines_of_one_family_are_asked_for_alone(
    provider: CalledProvider, server: Server
) -> None:
    found = provider.read("veeam_machines", restore_point_type="replica").value["machines"]
    assert [machine["machine_name"] for machine in found] == ["srv04_replica"]
    assert all("type=VmReplicaPoint" in one.query for one in server.requests("GET", "/query"))


def test_machines_that_the_account_may_not_see_are_warned_of(simulator: Simulator) -> None:
    with called_provider(simulator, RESTORE_OPERATOR) as provider:
        found = provider.read("veeam_machines")
    assert found.value["machines"]
    assert 'families are searched, but not "agent"' in found.said
    assert "It takes the role Portal Administrator or Portal User" in found.said


def test_who_may_only_restore_is_told_so(simulator: Simulator) -> None:
    with called_provider(simulator, RESTORE_OPERATOR) as provider:
        assert "The account's role is too low" in provider.read("veeam_backup_servers").error


NAMED = 'Büro "Süd"; a,b@c'


@pytest.mark.parametrize("form", ["camel", "pascal", "xml"])
def test_names_of_any_characters_are_found_whole(form: str) -> None:
    more: dict[str, Any] = {"answers": "xml"} if form == "xml" else {"json_names": form}
    with simulated(**more) as (provider, _):
        for name in (NAMED, f"{NAMED}2", f"Alt-{NAMED}", "oracle03.tech.local", "files & prints"):
            found = provider.read("veeam_restore_points", machine_name=name, limit=500).value[
                "restore_points"
            ]
            assert {point["machine_name"] for point in found} == {name}
            assert len(found) == NIGHTS


def test_the_latest_is_not_one_that_is_still_being_written(
    provider: CalledProvider, server: Server
) -> None:
    incomplete = server.simulator.add_incomplete_restore_point("oracle03")
    assert server.simulator.restore_points(Family.VM)[0] == incomplete
    found = provider.read("veeam_restore_point", machine_name="oracle03", latest=True).value
    assert found["name"] == "oracle03@2026-11-15 22:00:42"
    shown = provider.read("veeam_restore_points", machine_name="oracle03").value["restore_points"]
    assert shown[0]["id"] == incomplete.id


def test_a_time_given_back_finds_that_point_and_those_before(
    provider: CalledProvider, server: Server
) -> None:
    created = "2026-11-20T01:02:03.2071234Z"
    server.simulator.add_restore_point("oracle03", created)
    newest = provider.read("veeam_restore_points", machine_name="oracle03", limit=1).value[
        "restore_points"
    ][0]
    assert newest["created_at"] == created
    again = provider.read(
        "veeam_restore_points", machine_name="oracle03", created_before=newest["created_at"]
    ).value
    assert names(again) == [newest["name"], *names(again)[1:]]
    assert len(names(again)) == NIGHTS + 1
    after = provider.read(
        "veeam_restore_points", machine_name="oracle03", created_after=newest["created_at"]
    ).value
    assert names(after) == [newest["name"]]


@pytest.mark.parametrize("state", ["Starting", "Working", "Stopping", "Stopped"])
def test_a_restore_that_has_not_stopped_holds_disks(
    provider: CalledProvider, server: Server, state: str
) -> None:
    server.mount_as_somebody_else()
    (session,) = server.simulator.restore_sessions()
    server.simulator.set_restore_state(session, state)
    found = provider.read("veeam_restore_sessions").value["restore_sessions"]
    assert len(found) == (state != "Stopped")
