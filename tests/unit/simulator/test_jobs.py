"""Jobs, their objects and sessions, quick backups, hosts and lookups, as the vendor documents."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from defusedxml.ElementTree import fromstring

from em_simulator import PORTAL_USER, RESTORE_OPERATOR, Family, Simulator
from support.callers import Caller, kinds_of_links, links
from support.clocks import FakeClock

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"
VCENTER = "urn:veeam:HierarchyRoot:4f0c1a52-6d2b-4f0e-8a39-0b6f1d7a2c11"
HYPERV = "urn:veeam:HierarchyRoot:7d1f9a64-0f0b-4b5c-93a9-5f0e2d7c8b36"
APP01 = "urn:VMware:Vm:4f0c1a52-6d2b-4f0e-8a39-0b6f1d7a2c11.vm-10031"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, backup_seconds=100) as running:
        yield running


@pytest.fixture
def caller(simulator: Simulator) -> Caller:
    return Caller(simulator)


def lookup(caller: Caller, name: str, kind: str = "Vm", root: str = VCENTER) -> list[str]:
    answer = caller.get(f"lookup?host={root}&name={quote(name)}&type={kind}")
    return [item["objectName"] for item in answer["hierarchyItems"]]


def query(caller: Caller, kind: str, expression: str = "", more: str = "") -> list[Any]:
    address = f"query?type={kind}&format=Entities{more}"
    if expression:
        address += f"&filter={quote(expression, safe='')}"
    (found,) = [v for v in caller.get(address)["entities"].values() if v is not None]
    (members,) = found.values()
    return list(members)


def the_job(caller: Caller, name: str = "Daily") -> Any:
    (job,) = query(caller, "Job", f'Name=="{name}"')
    return job


def reference(caller: Caller, name: str) -> str:
    answer = caller.get(f"lookup?host={VCENTER}&name={name}&type=Vm")
    return str(answer["hierarchyItems"][0]["objectRef"])


# Hosts and what is on them


def test_a_lookup_is_by_whole_name_or_pattern_without_regard_to_case(caller: Caller) -> None:
    assert lookup(caller, "APP01", "vm") == ["app01"]
    assert lookup(caller, "app01*") == ["app01", "app01-test"]
    assert lookup(caller, "app") == []
    assert lookup(caller, "Production", "Folder") == ["Production"]
    assert lookup(caller, "dc01", root=HYPERV) == ["dc01"]


def test_a_lookup_may_find_parts_of_names() -> None:
    with Simulator(matches_parts=True) as simulator:
        assert lookup(Caller(simulator), "app01") == ["app01", "app01-test"]


def test_a_lookup_by_reference_finds_one_or_nothing(caller: Caller) -> None:
    found = caller.get(f"lookup?hierarchyRef={APP01.upper()}")["hierarchyItems"]
    assert [(item["objectRef"], item["objectType"]) for item in found] == [(APP01, "Vm")]
    assert caller.get(f"lookup?hierarchyRef={APP01}0")["hierarchyItems"] == []


@pytest.mark.parametrize(
    "where", [f"host={VCENTER[:-1]}0&name=a&type=Vm", f"host={HYPERV}&name=a&type=Tag"]
)
def test_an_unknown_host_or_type_is_a_bad_request(caller: Caller, where: str) -> None:
    assert caller.status("GET", f"lookup?{where}") == 400


def test_the_lookup_service_links_to_the_types_of_each_host(caller: Caller) -> None:
    service = caller.get("lookupSvc")
    assert service["type"] == "LookupService"
    targets = links(service, "Down")
    assert len(targets) == 5
    assert all(caller.status("GET", target) == 200 for target in targets)


def test_hosts_and_repositories_are_entities(caller: Caller) -> None:
    (vcenter,) = query(caller, "HierarchyRoot", 'Name=="vc01.tech.local"')
    assert (vcenter["uid"], vcenter["hostType"]) == (VCENTER, "VC")
    assert kinds_of_links(vcenter) == [
        ("Up", "BackupServerReference"),
        ("Alternate", "HierarchyRootReference"),
        ("Related", "ManagedServer"),
    ]
    kinds = [one["kind"] for one in query(caller, "Repository", more="&sortDesc=Capacity")]
    assert kinds == ["Extendable", "WindowsLocal", "CifsShare", "AmazonS3Compatible"]


@pytest.mark.parametrize("status", [400, 403])
def test_lookups_on_a_host_may_be_refused(status: int) -> None:
    with Simulator(refused_roots={"hv01.tech.local": status}) as simulator:
        caller = Caller(simulator)
        where = f"lookup?host={HYPERV}&name=dc01&type=Vm"
        assert caller.status("GET", where) == status
        assert lookup(caller, "dc01") == ["dc01"]


def test_hosts_may_be_listed_by_other_ids_than_references_name() -> None:
    with Simulator(lists_unique_ids=True) as simulator:
        caller = Caller(simulator)
        vcenter, hyperv = query(caller, "HierarchyRoot")
        assert vcenter["uid"] == "urn:veeam:HierarchyRoot:09d89361-9178-4eaf-8037-e4e82b1932f0"
        assert hyperv["hierarchyRootId"] == "hv01.tech.local"
        assert all(
            caller.status("GET", links(one, "Alternate")[0]) == 200 for one in (vcenter, hyperv)
        )
        (found,) = caller.get(f"lookup?host={vcenter['uid']}&name=app01&type=Vm")["hierarchyItems"]
        assert found["objectRef"] == APP01
        assert caller.status("GET", f"lookup?host={VCENTER}&name=app01&type=Vm") == 400


def test_a_host_may_be_another_backup_servers() -> None:
    with Simulator(two_servers=True) as simulator:
        caller = Caller(simulator)
        roots, servers = query(caller, "HierarchyRoot"), query(caller, "BackupServer")
        assert [one["name"] for one in servers] == ["backup01.tech.local", "backup02.tech.local"]
        ups = [links(one, "Up")[0] for one in roots]
        assert ups == [links(one, "Alternate")[0] for one in servers]
        assert [
            [job["name"] for job in caller.get(links(one, "Down")[0])["refs"]] for one in servers
        ] == [["Daily", "Domain controllers", "Copies", "Replicas"], ["Databases"]]
        assert links(the_job(caller, "Databases"), "Up") == ups[1:]
        where, body = links(servers[1], "QuickBackup")[0], {"VmRef": reference(caller, "web02")}
        assert "is not found" in caller.post(where, json=body)["result"]["message"]
        assert caller.status("POST", where.replace(where[-60:-20], "0" * 40), json=body) == 404


# Jobs and what they include


def test_a_backup_job_has_the_links_and_elements_of_its_page(caller: Caller) -> None:
    job = the_job(caller)
    assert kinds_of_links(job) == [
        ("Up", "BackupServerReference"),
        ("Alternate", "JobReference"),
        ("Edit", "JobReference"),
        ("Clone", None),
        ("ToggleScheduleEnabled", None),
        ("Down", "ObjectInJobList"),
        ("Down", "BackupJobSessionReferenceList"),
        ("Create", "ObjectInJob"),
        ("Start", None),
        ("Stop", None),
        ("Retry", None),
    ]
    included = job["jobInfo"]["backupJobInfo"]["includes"]["objectInJobs"]
    assert {one["name"] for one in included} > {"oracle03", "web02"}
    assert (job["jobType"], job["platform"], job["scheduleEnabled"]) == ("Backup", "VMware", True)
    assert job["nextRun"].endswith("T22:00:00Z")
    assert the_job(caller, "Domain controllers")["nextRun"] is None


def test_a_copy_job_can_be_synced_and_not_started(caller: Caller) -> None:
    job = the_job(caller, "Copies")
    assert (links(job, "Start"), len(links(job, "Sync"))) == ([], 1)
    address = links(job, "Alternate")[0]
    assert caller.status("POST", f"{address}?action=start") == 400


def test_a_replication_job_has_sessions_of_its_own(caller: Caller) -> None:
    job = the_job(caller, "Replicas")
    assert (job["jobType"], list(job["jobInfo"])) == ("Replica", ["replicaJobInfo"])
    assert ("Down", "ReplicaJobSessionReferenceList") in kinds_of_links(job)
    nights = caller.get(links(job, "Down")[1])["refs"]
    assert len(nights) == 21
    assert nights == caller.get("replicaSessions")["refs"]
    assert not query(caller, "BackupJobSession", f'JobUid=="{job["uid"]}"')
    night = caller.get(links(nights[-1], "Alternate")[0])
    assert kinds_of_links(night) == [
        ("Up", "BackupServerReference"),
        ("Up", "JobReference"),
        ("Alternate", "ReplicaJobSessionReference"),
        ("Down", "ReplicaTaskSessionReferenceList"),
    ]
    (of_vm,) = caller.get(f"{links(night, 'Down')[0]}?format=Entity")["replicaTaskSessions"]
    assert (of_vm["vmDisplayName"], "vmUid" in of_vm) == ("srv04", False)
    assert caller.get(links(of_vm, "Related")[0])["type"] == "VmReplicaPoint"


def test_an_object_goes_into_a_job_and_out_of_it(caller: Caller) -> None:
    (includes,) = links(the_job(caller, "Domain controllers"), "Create")
    body = {"HierarchyObjRef": APP01, "HierarchyObjName": "app01"}
    task = caller.post(includes, json=body)
    assert (task["operation"], task["result"]["success"]) == ("UpdateJob", True)
    assert links(task, "Related") == []
    added = caller.get(includes)["objectInJobs"][-1]
    assert (added["hierarchyObjRef"], kinds_of_links(added)) == (
        APP01,
        [("Delete", "ObjectInJob"), ("Up", "JobReference")],
    )
    again = caller.post(includes, json=body)
    assert "already included" in again["result"]["message"]
    (where,) = links(added, "Delete")
    assert caller.ask("DELETE", where).status_code == 202
    caller.get("tasks")
    assert caller.status("DELETE", where) == 404
    (last,) = caller.get(includes)["objectInJobs"]
    refused = caller.ask("DELETE", links(last, "Delete")[0]).json()
    assert "only one object" in caller.get(f"tasks/{refused['taskId']}")["result"]["message"]


def test_the_order_of_elements_counts(caller: Caller) -> None:
    (includes,) = links(the_job(caller), "Create")
    root = f'<CreateObjectInJobSpec xmlns="{NAMESPACE[1:-1]}">'
    name, ref = (
        "<HierarchyObjName>app01</HierarchyObjName>",
        f"<HierarchyObjRef>{APP01}</HierarchyObjRef>",
    )
    headers = {"Content-Type": "application/xml"}
    for body, status in ((name + ref, 400), (ref + name, 202)):
        text = f"{root}{body}</CreateObjectInJobSpec>"
        assert caller.status("POST", includes, data=text, headers=headers) == status


def test_includes_are_named_objects_in_job_in_xml(caller: Caller) -> None:
    (includes,) = links(the_job(caller), "Create")
    root = fromstring(caller.ask("GET", includes, accept="application/xml").content)
    assert root.tag == f"{NAMESPACE}ObjectsInJob"
    assert root[0].tag == f"{NAMESPACE}ObjectInJob"


def test_what_changes_may_be_shown_late(clock: FakeClock) -> None:
    with Simulator(clock=clock, lag=30) as simulator:
        caller = Caller(simulator)
        (includes,) = links(the_job(caller, "Domain controllers"), "Create")
        caller.post(includes, json={"HierarchyObjRef": APP01, "HierarchyObjName": "app01"})
        assert len(caller.get(includes)["objectInJobs"]) == 1
        clock.now += 30
        assert len(caller.get(includes)["objectInJobs"]) == 2
        assert simulator.objects_in("Domain controllers")[-1] == APP01


# Sessions


def test_a_started_job_runs_and_makes_restore_points(
    caller: Caller, simulator: Simulator, clock: FakeClock
) -> None:
    job = the_job(caller)
    before = len(simulator.restore_points(Family.VM))
    task = caller.post(links(job, "Start")[0])
    assert task["result"]["message"] == 'Job "Daily" triggered to start.'
    (where,) = links(task, "Related")
    seen = []
    for _ in range(5):
        session = caller.get(where)
        seen.append((session["state"], session["result"], session["endTimeUTC"] is not None))
        clock.now += 25
    assert seen == [
        ("Starting", None, False),
        ("Working", "None", False),
        ("Working", "None", False),
        ("Working", "None", False),
        ("Stopped", "Success", True),
    ]
    machines = caller.get(f"{links(session, 'Down')[0]}?format=Entity")["backupTaskSessions"]
    points = [links(one, "Related")[0] for one in machines]
    assert {one["state"] for one in machines} == {"Completed"}
    assert len(points) == len(simulator.restore_points(Family.VM)) - before
    assert all(caller.status("GET", point) == 200 for point in points)


def test_a_job_that_runs_is_not_started_again(caller: Caller) -> None:
    (start,) = links(the_job(caller), "Start")
    caller.post(start)
    assert "already running" in caller.post(start)["result"]["message"]


def test_the_task_of_a_start_may_have_no_link(clock: FakeClock) -> None:
    with Simulator(clock=clock, links_starts=False, lag=10) as simulator:
        caller = Caller(simulator)
        job = the_job(caller)
        task = caller.post(links(job, "Start")[0])
        assert (task["result"]["success"], links(task, "Related")) == (True, [])
        newest = "&sortDesc=CreationTime&pageSize=1"
        (before,) = query(caller, "BackupJobSession", f'JobUid=="{job["uid"]}"', newest)
        clock.now += 10
        (after,) = query(caller, "BackupJobSession", f'JobUid=="{job["uid"]}"', newest)
        assert before["uid"] != after["uid"]
        assert before["name"] == "Daily@2026-11-15 20:55:42"


@pytest.mark.parametrize("told_by", ["task", "session"])
def test_a_failed_backup_tells_why(
    caller: Caller, simulator: Simulator, clock: FakeClock, told_by: str
) -> None:
    simulator.add_fault(
        "backup", "POST /jobs/.*", result="Failed", reason="No space.", told_by=told_by
    )
    (where,) = links(caller.post(links(the_job(caller), "Start")[0]), "Related")
    clock.now += 10
    session = caller.get(where)
    first, second, *_ = query(caller, "BackupTaskSession", f'JobSessionUid=="{session["uid"]}"')
    assert (session["result"], first["result"], second["result"]) == ("Failed", "Failed", "Success")
    told = (session["failureMessage"], first["reason"])
    assert told == (("No space.", None) if told_by == "session" else (None, "No space."))
    assert (links(first, "Related"), len(links(second, "Related"))) == ([], 1)


def test_a_started_replication_makes_a_point_of_the_replica(
    caller: Caller, simulator: Simulator, clock: FakeClock
) -> None:
    before = len(simulator.restore_points(Family.REPLICA))
    task = caller.post(links(the_job(caller, "Replicas"), "Start")[0])
    assert kinds_of_links(task)[1:] == [("Related", "ReplicaJobSession")]
    clock.now += 100
    session = caller.get(links(task, "Related")[0])
    (of_vm,) = query(caller, "ReplicaTaskSession", f'JobSessionUid=="{session["uid"]}"')
    assert (session["result"], of_vm["result"]) == ("Success", "Success")
    newest = simulator.restore_points(Family.REPLICA)[0]
    assert len(simulator.restore_points(Family.REPLICA)) == before + 1
    assert links(of_vm, "Related")[0].partition("?")[0].endswith(newest.id)


def test_a_replication_may_not_lead_to_its_points() -> None:
    with Simulator(links_replicas=False) as simulator:
        parts = query(Caller(simulator), "ReplicaTaskSession")
        assert len(parts) == 21
        assert not any(links(one, "Related") for one in parts)


def test_a_backup_may_be_copied_as_soon_as_it_is_made(clock: FakeClock) -> None:
    with Simulator(clock=clock, copies_at_once=True, backup_seconds=10) as simulator:
        caller = Caller(simulator)
        caller.post(links(the_job(caller), "Start")[0])
        clock.now += 10
        newest = query(caller, "BackupJobSession")[-1]
        before = simulator.started_backups()[0]
        assert (newest["jobName"], newest["jobType"]) == (
            "Copies\\Daily",
            "ImmediateBackupCopyWorker",
        )
        assert newest["creationTimeUTC"] > before.began.isoformat()
        parts = query(caller, "BackupTaskSession", f'JobSessionUid=="{newest["uid"]}"')
        assert len(parts) == len(simulator.objects_in("Daily"))
        assert not any(links(one, "Related") for one in parts)
        assert simulator.started_backups() == [before]


def test_a_copy_may_end_without_progress(caller: Caller, simulator: Simulator) -> None:
    simulator.add_backup("Copies", "web02", "2026-11-16T00:30:00Z")
    points = len(simulator.restore_points(Family.VM))
    (session,) = query(caller, "BackupJobSession", 'JobName=="Copies"')
    assert (session["state"], session["progress"]) == ("Stopped", 0)
    assert len(simulator.restore_points(Family.VM)) == points


def test_a_retry_is_a_session_of_its_own(caller: Caller, simulator: Simulator) -> None:
    simulator.add_backup("Daily", "web02", "2026-11-16T00:30:00Z", "Failed", "No space.")
    simulator.add_backup("Daily", "web02", "2026-11-16T00:41:00Z", is_retry=True)
    found = query(caller, "BackupJobSession", "", "&sortDesc=CreationTime")[:2]
    assert [(one["isRetry"], one["result"]) for one in found] == [
        (True, "Success"),
        (False, "Failed"),
    ]
    assert query(caller, "BackupJobSession", "IsRetry==True")[0]["uid"] == found[0]["uid"]


def test_names_may_have_times_with_their_fraction(clock: FakeClock) -> None:
    with Simulator(clock=clock, exact_names=True) as simulator:
        caller = Caller(simulator)
        (where,) = links(caller.post(links(the_job(caller), "Start")[0]), "Related")
        session = caller.get(where)
        told = session["creationTimeUTC"].replace("T", " ").removesuffix("Z")
        assert session["name"] == f"Daily@{told}"
        part = query(caller, "BackupTaskSession", f'JobSessionUid=="{session["uid"]}"')[0]
        point = caller.get(links(part, "Related")[0])
        told = point["creationTimeUTC"].replace("T", " ").removesuffix("Z")
        assert (point["name"], links(session, "Related") != []) == (f"oracle03@{told}", True)
        night = query(caller, "VmRestorePoint", "", "&sortAsc=CreationTime")
        assert all(
            len(one["creationTimeUTC"]) <= len("2026-11-15T22:00:42.123456Z") for one in night
        )


@pytest.mark.parametrize("form", [{}, {"json_nulls": "absent"}])
def test_never_may_be_a_time(clock: FakeClock, form: dict[str, Any]) -> None:
    never = "1753-01-01T00:00:00Z"
    with Simulator(clock=clock, never=never, backup_seconds=100, **form) as simulator:
        caller = Caller(simulator)
        (where,) = links(caller.post(links(the_job(caller), "Start")[0]), "Related")
        assert caller.get(where)["endTimeUTC"] == never
        assert the_job(caller, "Domain controllers")["nextRun"] == never
        assert the_job(caller)["nextRun"] != never
        (root,) = fromstring(caller.ask("GET", where, accept="application/xml").content).iter(
            f"{NAMESPACE}EndTimeUTC"
        )
        assert root.text == never


def test_a_quick_backup_makes_one_more_restore_point(
    caller: Caller, simulator: Simulator, clock: FakeClock
) -> None:
    (server,) = query(caller, "BackupServer")
    (where,) = links(server, "QuickBackup")
    ref = reference(caller, "web02")
    task = caller.post(where, json={"VmRef": ref})
    assert task["operation"] == "QuickBackup"
    session = caller.get(links(task, "Related")[0])
    assert (session["state"], session["jobName"]) == ("Starting", "Daily")
    clock.now += 100
    (of_vm,) = query(caller, "BackupTaskSession", f'JobSessionUid=="{session["uid"]}"')
    assert (of_vm["vmUid"], of_vm["result"]) == (ref, "Success")
    newest = simulator.restore_points(Family.VM)[0]
    assert links(of_vm, "Related")[0].partition("?")[0].endswith(newest.id)
    assert (newest.machine.name, newest.is_full) == ("web02", False)


def test_a_quick_backup_needs_a_job_with_a_full_backup(caller: Caller) -> None:
    (where,) = links(query(caller, "BackupServer")[0], "QuickBackup")
    task = caller.post(where, json={"VmRef": APP01})
    assert "no backup job has a full backup" in task["result"]["message"]
    assert caller.status("POST", where, json={"VmRef": f"{APP01}0"}) == 400


def test_the_nights_before_have_sessions(caller: Caller) -> None:
    sessions = query(caller, "BackupJobSession", 'JobName=="Daily";Result==Success')
    assert len(sessions) == 21
    of_oracle = query(caller, "BackupTaskSession", "VmDisplayName==oracle03", "&pageSize=1")
    assert of_oracle[0]["jobSessionUid"] in {session["uid"] for session in sessions}


# Who may


def test_roles_are_those_of_the_table(simulator: Simulator) -> None:
    user, operator = Caller(simulator, PORTAL_USER), Caller(simulator, RESTORE_OPERATOR)
    for path, of_user, of_operator in (
        ("jobs", 403, 403),
        ("query?type=Job", 403, 403),
        ("backupSessions", 200, 403),
        ("backupTaskSessions", 200, 403),
        ("replicaSessions", 200, 403),
        ("query?type=ReplicaTaskSession", 200, 403),
        ("hierarchyRoots", 200, 403),
        ("repositories", 200, 403),
        ("lookupSvc", 200, 403),
        (f"lookup?hierarchyRef={APP01}", 200, 403),
    ):
        assert (user.status("GET", path), operator.status("GET", path)) == (of_user, of_operator)
    where = links(query(user, "BackupServer")[0], "QuickBackup")[0]
    body = {"VmRef": reference(user, "web02")}
    assert user.status("POST", where, json=body) == 202
    assert operator.status("POST", where, json=body) == 403
