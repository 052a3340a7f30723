"""Restore points: their links and elements, lists of them, and queries."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from defusedxml.ElementTree import fromstring

from em_simulator import Family, Simulator
from em_simulator.catalogue import MACHINES
from support.callers import Caller, kinds_of_links, links

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"
QUERY = "query?type=VmRestorePoint&format=Entities"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def caller(simulator: Simulator) -> Caller:
    return Caller(simulator)


def newest(caller: Caller, family: Family) -> Any:
    point = caller.simulator.restore_points(family)[0]
    return caller.get(f"{family.collection}/{point.id}?format=Entity")


def found(caller: Caller, expression: str, rest: str = "") -> list[Any]:
    answer = caller.get(f"{QUERY}&filter={quote(expression, safe='')}{rest}")
    return list(answer["entities"]["vmRestorePoints"]["vmRestorePoints"])


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        (
            Family.VM,
            [
                ("Restore", None),
                ("Up", "BackupServerReference"),
                ("Up", "RestorePointReference"),
                ("Up", "BackupFileReference"),
                ("Alternate", "VmRestorePointReference"),
                ("Down", "VmRestorePointMountList"),
                ("Create", "VmRestorePointMount"),
            ],
        ),
        (
            Family.REPLICA,
            [
                ("Failover", None),
                ("Up", "BackupServerReference"),
                ("Up", "ReplicaReference"),
                ("Alternate", "VmReplicaPointReference"),
                ("Down", "VmReplicaPointMountList"),
                ("Create", "VmReplicaPointMount"),
            ],
        ),
        (
            Family.AGENT,
            [
                ("Up", "BackupServerReference"),
                ("Up", "RestorePointReference"),
                ("Up", "BackupFileReference"),
                ("Alternate", "AgentRestorePointReference"),
                ("Down", "AgentRestorePointMountList"),
                ("Create", "AgentRestorePointMount"),
            ],
        ),
    ],
)
def test_a_point_has_the_links_of_its_family(
    caller: Caller, family: Family, expected: list[tuple[str, str | None]]
) -> None:
    assert kinds_of_links(newest(caller, family)) == expected


def test_only_vms_tell_their_names_apart_from_the_points_own(caller: Caller) -> None:
    vm, replica, agent = (newest(caller, family) for family in Family)
    assert vm["vmDisplayName"] == vm["vmName"] == "web02"
    assert vm["hierarchyObjRef"].startswith("urn:VMware:Vm:")
    assert replica["pointType"] == "Snapshot"
    for other in (replica, agent):
        assert {"vmDisplayName", "vmName", "hierarchyObjRef"}.isdisjoint(other)


def test_times_have_zero_to_seven_digits_of_a_second(caller: Caller) -> None:
    points = caller.get("vmRestorePoints?format=Entity")["vmRestorePoints"]
    digits = {len(point["creationTimeUTC"].partition(".")[2].rstrip("Z")) for point in points}
    assert digits == set(range(8))
    assert not any(point["creationTimeUTC"].endswith("0Z") and "." in point for point in points)


def test_a_points_time_finds_the_point_itself_and_those_before(caller: Caller) -> None:
    point = caller.simulator.add_restore_point("oracle03", "2026-11-17T01:02:03.1234567Z")
    sibling = caller.simulator.add_restore_point("oracle03", "2026-11-17T01:02:03.1234568Z")
    assert caller.simulator.restore_points(Family.VM)[:2] == [sibling, point]
    of_machine = f'VmDisplayName=="oracle03";CreationTime<="{point.created_text}"'
    (first,) = found(caller, of_machine, "&sortDesc=creationTime&pageSize=1")
    assert first["creationTimeUTC"] == "2026-11-17T01:02:03.1234567Z"
    (later,) = found(caller, f'CreationTime>"{point.created_text}"')
    assert later["uid"] == sibling.uid


def test_a_point_that_is_removed_is_found_no_longer_and_none_takes_its_id(caller: Caller) -> None:
    added = caller.simulator.add_restore_point("web02", "2026-11-17T01:00:00Z")
    caller.simulator.remove_restore_point(Family.VM, added.id)
    assert caller.status("GET", f"vmRestorePoints/{added.id}") == 404
    assert added.uid not in [one["uid"] for one in found(caller, "VmDisplayName==web02")]
    with pytest.raises(ValueError, match="no such restore point"):
        caller.simulator.remove_restore_point(Family.VM, added.id)
    assert caller.simulator.add_restore_point("web02", "2026-11-17T01:00:00Z").id != added.id


def test_a_point_stays_while_it_is_mounted(caller: Caller) -> None:
    mounted = caller.simulator.restore_points(Family.VM)[0]
    caller.simulator.mount(caller.token, Family.VM, mounted.id)
    with pytest.raises(ValueError, match="is mounted"):
        caller.simulator.remove_restore_point(Family.VM, mounted.id)


def test_a_point_that_is_being_written_can_not_be_used(caller: Caller) -> None:
    point = caller.simulator.add_incomplete_restore_point("exch01")
    first, second = found(caller, "VmDisplayName==exch01", "&sortDesc=CreationTime&pageSize=2")
    assert first["uid"] == point.uid
    assert first["creationTimeUTC"] > second["creationTimeUTC"]
    assert kinds_of_links(first) == [
        ("Up", "BackupServerReference"),
        ("Alternate", "VmRestorePointReference"),
        ("Down", "VmRestorePointMountList"),
    ]
    assert caller.post(f"vmRestorePoints/{point.id}/mounts")["result"]["success"] is False
    with pytest.raises(ValueError, match="no machine"):
        caller.simulator.add_incomplete_restore_point("nothing")


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_machine_is_found_by_its_name_alone(caller: Caller, machine: Any) -> None:
    name = machine.name.replace('"', '""')
    field = "ComputerName" if machine.family is Family.AGENT else "VmDisplayName"
    kind = machine.family.entity
    expression = quote(f'{field}=="{name}"', safe="")
    answer = caller.get(f"query?type={kind}&format=Entities&filter={expression}")
    plural = f"{kind[0].lower()}{kind[1:]}s"
    points = answer["entities"][plural][plural]
    assert {point["name"].rpartition("@")[0] for point in points} == {machine.name}
    assert len(points) == 21


def test_names_that_hold_other_names_are_there(caller: Caller) -> None:
    names = [machine.name for machine in MACHINES]
    assert 'Büro "Süd"; a,b@c' in names
    assert len([name for name in names if 'Büro "Süd"; a,b@c' in name]) == 3


def test_a_machine_is_found_by_where_it_is_in_its_hosts_hierarchy(caller: Caller) -> None:
    reference = newest(caller, Family.VM)["hierarchyObjRef"]
    points = found(caller, f'HierarchyObjRef=="{reference.upper()}"')
    assert {point["vmName"] for point in points} == {"web02"}
    assert found(caller, 'VmDisplayName=="files & prints"')[0]["hierarchyObjRef"] is None


def test_parameters_and_their_values_come_in_any_case(caller: Caller) -> None:
    answer = caller.get("query?TYPE=vmrestorepoint&Format=ENTITIES&PAGESIZE=1&sortdesc=NAME")
    assert len(answer["entities"]["vmRestorePoints"]["vmRestorePoints"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "type=Nothing",
        "type=VmRestorePoint&filter=Name==a-b",
        "type=VmRestorePoint&filter=Owner==a",
        "type=VmRestorePoint&filter=Type==Half",
        "type=VmRestorePoint&sortAsc=Owner",
        "type=VmRestorePoint&pageSize=0",
        "type=VmReplicaPoint&filter=HierarchyObjRef==a",
        "",
    ],
)
def test_a_bad_query_is_refused(caller: Caller, query: str) -> None:
    answer = caller.ask("GET", f"query?{query}")
    assert answer.status_code == answer.json()["statusCode"] == 400


@pytest.mark.parametrize(
    ("kind", "expression"),
    [
        ("VmRestorePoint", 'RestorePointId!="";RestorePointName!="";BackupServerUid!=""'),
        ("VmReplicaPoint", 'ReplicaUid!="";ReplicaName==Replicas;Type==Snapshot'),
        ("AgentRestorePoint", 'BackupUid!="";BackupName!="";BackupFileUid!="";BackupFileName!=""'),
        ("BackupServer", 'UID!="";Description==Simulated;IpOrDnsName!="";Port>=443;Version!=""'),
    ],
)
def test_each_kind_has_its_documented_fields(caller: Caller, kind: str, expression: str) -> None:
    answer = caller.get(f"query?type={kind}&filter={quote(expression, safe='')}")
    assert answer["refs"]["refs"]


def test_a_query_without_a_page_size_has_a_hundred_and_leads_to_the_rest(caller: Caller) -> None:
    expression = quote('VmDisplayName!="exch 01"', safe="")
    page = caller.get(f"{QUERY}&filter={expression}&sortAsc=Name")
    names = []
    while True:
        entities = page["entities"]["vmRestorePoints"]["vmRestorePoints"]
        names += [entity["name"] for entity in entities]
        following = links(page["pagingInfo"], "Next")
        if not following:
            break
        assert page["pagingInfo"]["pageSize"] == len(entities) == 100
        assert f"filter={expression.replace('%3D', '%3d')}" in following[0]
        page = caller.get(following[0])
    assert len(names) == len(set(names)) == len(caller.simulator.restore_points(Family.VM))
    assert names == sorted(names, key=str.lower)
    assert [rel for rel, _ in kinds_of_links(page["pagingInfo"])] == ["First", "Last"]


def test_a_query_answers_with_references_unless_entities_are_wanted(caller: Caller) -> None:
    answer = caller.get("query?type=VmRestorePoint&pageSize=1")
    assert (answer["entities"], answer["resources"]) == (None, None)
    (reference,) = answer["refs"]["refs"]
    assert reference["type"] == "VmRestorePointReference"
    nothing = caller.get("query?type=VmRestorePoint&filter=VmDisplayName==nothing")
    assert nothing["refs"] == {"refs": []}


def test_tasks_are_queried_as_resources_of_the_session(caller: Caller) -> None:
    point = caller.simulator.restore_points(Family.VM)[0].id
    caller.post(f"vmRestorePoints/{point}/mounts")
    expression = quote("State>=OperationFinished;Operation==mountrestorepoint", safe="")
    answer = caller.get(f"query?type=Task&filter={expression}")
    assert answer["entities"] is None
    assert [task["taskId"] for task in answer["resources"]["tasks"]["tasks"]] == ["task-1"]
    other = Caller(caller.simulator).get("query?type=Task")
    assert other["resources"]["tasks"]["tasks"] == []


def test_a_list_has_references_unless_entities_are_wanted(caller: Caller) -> None:
    references = caller.get("vmRestorePoints")["refs"]
    assert len(references) == len(caller.simulator.restore_points(Family.VM)) > 100
    assert kinds_of_links(references[0]) == [
        ("Up", "BackupServerReference"),
        ("Alternate", "VmRestorePoint"),
        ("Down", "VmRestorePointMountList"),
    ]
    (alternate,) = links(references[0], "Alternate")
    assert caller.get(alternate)["uid"] == references[0]["uid"]
    assert caller.get(references[0]["href"])["type"] == "VmRestorePointReference"


def test_a_list_of_entities_can_be_filtered_and_paged(caller: Caller) -> None:
    path = "vmRestorePoints?format=Entity&pageSize=2&page=2&filter=VmDisplayName==oracle03"
    points = caller.get(path)["vmRestorePoints"]
    assert [point["vmName"] for point in points] == ["oracle03", "oracle03"]
    assert caller.status("GET", "vmRestorePoints?format=Entity&filter=a-b") == 400


def test_references_in_xml_have_a_root_of_their_own(caller: Caller) -> None:
    listed = fromstring(caller.ask("GET", "backupServers", "application/xml").content)
    assert listed.tag == f"{NAMESPACE}EntityReferences"
    (reference,) = listed
    assert reference.tag == f"{NAMESPACE}Ref"
    one = caller.ask("GET", reference.get("Href", ""), "application/xml")
    assert fromstring(one.content).tag == f"{NAMESPACE}EntityRef"
    query = caller.ask("GET", "query?type=BackupServer", "application/xml")
    assert fromstring(query.content).find(f"{NAMESPACE}Refs/{NAMESPACE}Ref") is not None


def test_the_query_service_links_to_the_session_and_to_queries(caller: Caller) -> None:
    service = caller.get("querySvc")
    assert links(service, "Up")[0].endswith(f"/logonSessions/{caller.session_id}")
    assert {caller.status("GET", href) for href in links(service, "Down")} == {200}
