"""The documented payloads: the client reads them, and the simulator sends the like."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from em_simulator import Family, Simulator
from em_simulator.backups import BackupSession
from em_simulator.catalogue import FIRST_SERVER, HIERARCHY_ROOT_ID
from em_simulator.repositories import REPOSITORIES
from support.callers import JSON, Caller
from support.clocks import FakeClock
from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.files.listing import _entries
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.http.decoders import Document, decode, error_message, links
from terraform_provider_veeam.em.inventory.hierarchy import HierarchyObject, read_object
from terraform_provider_veeam.em.inventory.query import entities
from terraform_provider_veeam.em.inventory.restore_points import (
    found_restore_point,
    parse_restore_point,
)
from terraform_provider_veeam.em.inventory.restore_sessions import (
    parse_restore_session,
    read_restore_outcome,
)
from terraform_provider_veeam.em.jobs.jobs import objects_in_job, parse_job
from terraform_provider_veeam.em.jobs.sessions import (
    SessionType,
    parse_job_session,
    parse_task_session,
)
from terraform_provider_veeam.em.logon import _id_of, _is_enterprise_manager
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType, Task
from terraform_provider_veeam.em.mounts.read_and_unmount import file_system_roots
from terraform_provider_veeam.em.tasks import find_task, parse_task

DATA = Path(__file__).with_name("data")
POINT = "3d6f1c52-9a41-4c0e-b7d8-52e0c1a9f634"
HREF = f"/vmRestorePoints/{POINT}/mounts/1"

NAMES = sorted(file.stem for file in DATA.glob("*.xml"))
FORMATS = pytest.mark.parametrize("form", ["camel.json", "pascal.json", "xml"])


def read(name: str, form: str) -> Document:
    return decode((DATA / f"{name}.{form}").read_bytes())


@FORMATS
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("task_running", Task("task-1", "Running", "MountRestorePoint")),
        (
            "task_operation_finished",
            Task("task-2", "OperationFinished", "MountRestorePoint", True, "OperationFinished"),
        ),
        ("task_finished", Task("task-1", "Finished", "MountRestorePoint", True, "Ok", HREF)),
        (
            "task_failed",
            Task(
                "task-4",
                "Finished",
                "MountRestorePoint",
                False,
                "Failed to mount the restore point.",
            ),
        ),
    ],
)
def test_a_task_is_read(name: str, task: Task, form: str) -> None:
    assert parse_task(read(name, form).value) == task


@FORMATS
def test_a_task_that_comes_in_a_list_of_one_is_read(form: str) -> None:
    """So does the example on the vendor's page of agents' restore points."""
    document = read("tasks", form)
    assert find_task(document, "task-2") == Task("task-2", "Running", "MountRestorePoint")
    assert find_task(document, "task-7") is None


@FORMATS
def test_a_list_of_tasks_is_read(form: str) -> None:
    found = [parse_task(member) for member in read("tasks", form).collection("Task") or ()]
    assert [(task.task_id, task.finished) for task in found if task] == [
        ("task-1", True),
        ("task-2", False),
    ]


@FORMATS
@pytest.mark.parametrize("family", ["vm", "replica", "agent"])
def test_the_roots_of_a_mount_are_read(family: str, form: str) -> None:
    assert file_system_roots(read(f"{family}_mount", form).value) == ("C:", "Volume$0:")
    members = read(f"{family}_mounts", form).collection("Mount")
    assert members
    (mount,) = members
    assert file_system_roots(mount) == ("C:", "Volume$0:")


@FORMATS
@pytest.mark.parametrize(
    ("family", "name", "created_at"),
    [
        ("vm", "app01@2026-03-02 21:04:15", "2026-03-02T21:04:15.207Z"),
        ("replica", "app01_replica@2026-03-02 22:10:08", "2026-03-02T22:10:08Z"),
        ("agent", "build07@2026-03-02 20:30:41", "2026-03-02T20:30:41Z"),
    ],
)
def test_a_restore_point_is_read(family: str, name: str, created_at: str, form: str) -> None:
    ref = RestorePointRef(RestorePointType(family), POINT)
    found = parse_restore_point(read(f"{family}_restore_point", form).value, ref)
    assert found
    assert (found.name, found.created_at) == (name, created_at)


@FORMATS
def test_a_logon_session_is_read(form: str) -> None:
    assert _id_of(read("logon_session", form).value) == "a4c7e1d0-5b32-4f68-9d17-c8e25f40b96a"


@FORMATS
def test_enterprise_manager_is_recognised(form: str) -> None:
    assert _is_enterprise_manager(read("enterprise_manager", form))
    assert not _is_enterprise_manager(read("task_running", form))


@FORMATS
def test_an_error_is_read(form: str) -> None:
    body = (DATA / f"error.{form}").read_bytes()
    assert error_message(body) == "Node [nodes] does not exist."


@FORMATS
def test_a_task_that_is_not_known_is_told_by_an_error(form: str) -> None:
    message = error_message((DATA / f"task_unknown.{form}").read_bytes())
    assert message == "There is no backup task with id [task-297] in current rest session"


@FORMATS
def test_a_task_that_started_a_restore_links_to_its_session(form: str) -> None:
    task = parse_task(read("task_restore_started", form).value)
    assert task
    assert task.restore_session
    assert task.restore_session.startswith("/restoreSessions/")
    assert task.restore_session.endswith("?format=Entity")


@FORMATS
def test_a_task_that_needs_credentials_says_so(form: str) -> None:
    task = parse_task(read("task_credentials_needed", form).value)
    assert task
    assert (task.success, task.credentials_needed) == (False, True)


@FORMATS
def test_downloads_are_found_by_their_links(form: str) -> None:
    task = parse_task(read("task_download", form).value)
    assert task
    assert [target.partition("/mounts/1/")[2] for target in task.downloads] == [
        "c:/temp/a%20b.txt?action=download",
        "c:/temp/old/c.log?action=download",
    ]


@FORMATS
@pytest.mark.parametrize(
    ("name", "state", "result"),
    [
        ("starting", "Starting", None),
        ("running", "Working", "None"),
        ("stopped", "Stopped", "Success"),
        ("failed", "Stopped", "Failed"),
    ],
)
def test_a_restore_session_is_read(name: str, state: str, result: str | None, form: str) -> None:
    document = read(f"restore_session_{name}", form)
    outcome = read_restore_outcome(answering(document), "/restoreSessions/x")
    assert (outcome.state, outcome.result) == (state, result)
    assert outcome.message == ("The guest can't be reached." if name == "failed" else None)
    assert parse_restore_session(document.value).restore_points == (
        RestorePointRef(RestorePointType.VM, POINT),
    )


@FORMATS
def test_a_querys_entities_are_read(form: str) -> None:
    (entity,) = entities(read("query_entities", form), "VmRestorePoint")
    found = found_restore_point(entity, RestorePointType.VM)
    assert (found.ref.id, found.machine_name) == (POINT, "app01")
    assert (found.backup_server, found.is_complete) == ("vbr01.example", True)


@FORMATS
@pytest.mark.parametrize("name", ["query_references", "query_tasks"])
def test_a_query_that_answers_with_something_else_is_refused(name: str, form: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        entities(read(name, form), "VmRestorePoint")


@FORMATS
def test_a_restore_point_that_is_being_written_is_told_by_its_links(form: str) -> None:
    found = found_restore_point(
        read("vm_restore_point_incomplete", form).value, RestorePointType.VM
    )
    assert not found.is_complete


@FORMATS
@pytest.mark.parametrize("name", ["vm_files", "agent_files"])
def test_files_and_folders_are_read(name: str, form: str) -> None:
    document = read(name, form)
    found = _entries(document, "C:/Temp")
    assert found
    folder, file = found
    assert (folder.path, folder.is_folder) == ("C:/Temp/Old", True)
    assert (file.path, file.size) == ("C:/Temp/a b.txt", 1320)
    assert file.modified_at == "2025-12-01T08:15:00Z"
    assert (file.owner is None) == (name == "agent_files")


@FORMATS
@pytest.mark.parametrize("name", NAMES)
def test_links_are_the_same_in_both_forms(name: str, form: str) -> None:
    assert links(read(name, form).value) == links(read(name, "pascal.json").value)


REF = "urn:VMware:Vm:0d7ea80c-6ac8-46bf-863c-3a6093f8baec.vm-31"


@FORMATS
@pytest.mark.parametrize(
    ("started", "name", "kind"),
    [
        ("task_backup_started", "backup_session", SessionType.BACKUP),
        ("task_replication_started", "replica_session", SessionType.REPLICA),
    ],
)
def test_a_task_that_started_a_job_links_to_its_session(
    started: str, name: str, kind: SessionType, form: str
) -> None:
    task = parse_task(read(started, form).value)
    assert task
    session = parse_job_session(read(name, form).value)
    assert (task.job_session, session.type) == (session.path, kind)


@FORMATS
def test_a_job_is_read_with_what_it_includes(form: str) -> None:
    job = parse_job(read("job", form).value)
    assert (job.name, job.type, job.platform) == ("Daily", "Backup", "VMware")
    assert (job.schedule_enabled, job.next_run_at) == (True, "2026-03-03T22:00:00Z")
    assert job.backup_server == "vbr01.example"
    assert [(one.ref, one.name) for one in job.objects] == [(REF, "app01")]
    assert objects_in_job(answering(read("objects_in_job", form)), job.id) == list(job.objects)


@FORMATS
def test_a_replication_job_is_read_with_what_it_includes(form: str) -> None:
    job = parse_job(read("replica_job", form).value)
    assert (job.name, job.type, job.platform) == ("Replicas", "Replica", "VMware")
    assert [(one.ref, one.name) for one in job.objects] == [(REF, "app01")]


@FORMATS
def test_a_retry_is_read_as_version_13_tells_it(form: str) -> None:
    """It says itself that it is one, and not why it failed; its times have microseconds."""
    session = parse_job_session(read("backup_session_retry", form).value)
    assert (session.is_retry, session.result, session.message) == (True, "Failed", None)
    assert session.name == "Daily@2026-03-02 21:22:07.193292"
    assert (session.created_at, session.ended_at) == (
        "2026-03-02T21:22:07.193292Z",
        "2026-03-02T21:27:25.7877Z",
    )


@FORMATS
def test_a_replication_is_read(form: str) -> None:
    session = parse_job_session(read("replica_session", form).value)
    assert (session.state, session.result, session.percent) == ("Stopped", "Success", 100)
    assert (session.job_name, session.message, session.is_retry) == ("Replicas", None, False)
    for name, told in (
        (
            "replica_task_session",
            ("Success", None, RestorePointRef(RestorePointType.REPLICA, POINT)),
        ),
        ("replica_task_session_failed", ("Failed", "The target host is not reachable.", None)),
    ):
        task = parse_task_session(read(name, form).value)
        assert (task.result, task.reason, task.restore_point) == told
        assert (task.machine_name, task.ref, task.job_name) == ("app01", None, "Replicas")
        assert task.session_id == session.id


@FORMATS
def test_a_backup_session_is_read(form: str) -> None:
    session = parse_job_session(read("backup_session", form).value)
    assert (session.state, session.result, session.percent) == ("Stopped", "Success", 100)
    assert (session.created_at, session.ended_at) == (
        "2026-03-02T21:00:05Z",
        "2026-03-02T21:17:31Z",
    )
    assert (session.job_name, session.message) == ("Daily", None)


@FORMATS
@pytest.mark.parametrize(
    ("name", "result", "reason", "point"),
    [
        ("backup_task_session", "Success", None, POINT),
        (
            "backup_task_session_failed",
            "Failed",
            "There is not enough space on the disk.",
            None,
        ),
    ],
)
def test_the_part_of_a_session_that_is_about_one_vm_is_read(
    name: str, result: str, reason: str | None, point: str | None, form: str
) -> None:
    task = parse_task_session(read(name, form).value)
    assert (task.result, task.reason) == (result, reason)
    assert (task.restore_point and task.restore_point.id) == point
    assert (task.machine_name, task.ref, task.job_name) == ("app01", REF, "Daily")
    assert task.session_id == parse_job_session(read("backup_session", form).value).id


@FORMATS
def test_what_a_lookup_finds_is_read(form: str) -> None:
    client = answering(read("hierarchy_items", form))
    assert read_object(client, REF.upper()) == HierarchyObject(REF, "Vm", "app01")


def answering(document: Document) -> SessionClient:
    server: Any = SimpleNamespace(
        request=lambda *_, **__: SimpleNamespace(status=200, document=document),
        pauses=lambda: (),
    )
    other: Any = SimpleNamespace(token="token", check=lambda: None)
    return SessionClient(server, other, other)


class Sender:
    """A simulator, asked for what the documents show."""

    def __init__(self, simulator: Simulator, clock: FakeClock) -> None:
        self._simulator = simulator
        self._clock = clock
        self._caller = Caller(simulator)

    def payload(self, name: str, accept: str) -> bytes:
        """Return what the simulator sends where the document shows this payload."""
        method, path = _MAKERS.get(name, Sender._listed)(self, name)
        return self._caller.ask(method, path, accept).content

    def _listed(self, name: str) -> tuple[str, str]:
        return "GET", {
            "enterprise_manager": "",
            "logon_session": f"logonSessions/{self._caller.session_id}",
            "logon_sessions": "logonSessions",
            "error": "nodes",
            "task_unknown": "tasks/task-297",
            "vm_restore_points": "vmRestorePoints?format=Entity",
            "vm_restore_point_references": "vmRestorePoints",
            "query_entities": "query?type=VmRestorePoint&format=Entities&pageSize=1",
            "query_references": "query?type=VmRestorePoint&pageSize=1",
            "backup_servers": "backupServers?format=Entity",
            "backup_server_references": "backupServers",
        }[name]

    def point(self, name: str) -> tuple[str, str]:
        family = _family(name)
        point = next(
            point
            for point in self._simulator.restore_points(family)
            if point.machine.os_kind == "Windows"
            and point.machine.is_known_to_host
            and point.fraction
        )
        if name.endswith("incomplete"):
            point = self._simulator.add_incomplete_restore_point("files & prints")
        entity = "" if name.endswith("reference") else "?format=Entity"
        return "GET", f"{family.collection}/{point.id}{entity}"

    def _mounts(self, name: str) -> str:
        return f"{self.point(name)[1].partition('?')[0]}/mounts"

    def _finished(self, path: str, fault: str | None = None, **body: Any) -> None:
        if fault:
            self._simulator.add_fault(fault, "POST .*")
        self._caller.ask("POST", path, **body)
        self._clock.now += 60

    def running(self, name: str) -> tuple[str, str]:
        return "POST", self._mounts(name)

    def operation_finished(self, name: str) -> tuple[str, str]:
        self._caller.ask("POST", self._mounts(name))
        self._clock.now += 9
        return "GET", "tasks/task-1"

    def finished(self, name: str) -> tuple[str, str]:
        faults = {
            "task_failed": "task-fails",
            "task_finished_without_message": "no-message",
        }
        self._finished(self._mounts(name), faults.get(name))
        return "GET", {"tasks": "tasks", "query_tasks": "query?type=Task"}.get(name, "tasks/task-1")

    def mount(self, name: str) -> tuple[str, str]:
        mounts = self._mounts(name)
        self._finished(mounts)
        return "GET", mounts if name.endswith("mounts") else f"{mounts}/1"

    def files(self, name: str) -> tuple[str, str]:
        _, mount = self.mount(f"{name}_mount")
        return "GET", f"{mount}/C:/Documentation%202014"

    def file_restore(self, name: str) -> tuple[str, str]:
        _, folder = self.files(name)
        guest = {"UserName": "x", "Password": "y"} if name == "task_credentials_needed" else None
        spec: dict[str, Any] = {"ToOriginalLocation": {"GuestCredentials": guest}}
        if name == "task_download":
            spec = {"ForDirectDownload": {}}
        fault = "restore-session" if name == "task_restore_started" else None
        self._finished(f"{folder}?action=restore", fault, json=spec)
        return "GET", "tasks/task-2"

    def of_backups(self, name: str) -> tuple[str, str]:
        job, replica_job = (self._simulator.job(name) for name in ("Daily", "Replicas"))
        session, replication = (job_session(self._simulator, one) for one in ("Backup", "Replica"))
        return "GET", {
            "replica_job": f"jobs/{replica_job.id}?format=Entity",
            "replica_session": f"replicaSessions/{replication.id}?format=Entity",
            "replica_task_session": f"replicaTaskSessions/{replication.tasks[0].id}?format=Entity",
            "job": f"jobs/{job.id}?format=Entity",
            "objects_in_job": f"jobs/{job.id}/includes",
            "backup_session": f"backupSessions/{session.id}?format=Entity",
            "backup_task_session": f"backupTaskSessions/{session.tasks[0].id}?format=Entity",
            "hierarchy_root": f"hierarchyRoots/{HIERARCHY_ROOT_ID}?format=Entity",
            "hierarchy_items": f"lookup?hierarchyRef={job.objects[0].item.ref}",
            "repository": f"repositories/{REPOSITORIES[0].id}?format=Entity",
        }[name]

    def retry(self, name: str) -> tuple[str, str]:
        began = "2026-03-02T21:22:07.193292Z"
        self._simulator.add_backup("Daily", "web02", began, "Failed", is_retry=True)
        session = job_session(self._simulator, "Backup")
        night = next(one for one in self._simulator._manager.backups if one.tasks[1:])
        session.tasks = night.tasks
        return "GET", f"backupSessions/{session.id}?format=Entity"

    def failed_backup(self, name: str) -> tuple[str, str]:
        kind, job = ("replica", "Replicas") if "replica" in name else ("backup", "Daily")
        self._simulator.add_fault("backup", "POST .*", result="Failed", reason="Full.", seconds=1)
        self._finished(f"jobs/{self._simulator.job(job).id}?action=start")
        (session,) = self._simulator.started_backups()
        self._clock.now += 60
        return "GET", f"{kind}TaskSessions/{session.tasks[0].id}?format=Entity"

    def started_backup(self, name: str) -> tuple[str, str]:
        if name == "task_replication_started":
            self._finished(f"jobs/{self._simulator.job('Replicas').id}?action=start")
            return "GET", "tasks/task-1"
        body = {"VmRef": self._simulator.vm("web02")}
        self._finished(f"backupServers/{FIRST_SERVER.id}?action=quickbackup", json=body)
        return "GET", "tasks/task-1"

    def restore_session(self, name: str) -> tuple[str, str]:
        self.mount("vm_mount")
        (restore_id,) = self._simulator.restore_sessions()
        if name == "restore_sessions":
            return "GET", "restoreSessions?format=Entity"
        state = name.removeprefix("restore_session_")
        state, result = {
            "starting": ("Starting", "Success"),
            "running": ("Working", "Success"),
            "stopped": ("Stopped", "Success"),
            "failed": ("Stopped", "Failed"),
        }[state]
        self._simulator.set_restore_state(restore_id, state, result, "No route.")
        return "GET", f"restoreSessions/{restore_id}?format=Entity"


_MAKERS: Mapping[str, Callable[[Sender, str], tuple[str, str]]] = (
    dict.fromkeys(
        ["task_finished", "task_finished_without_message", "task_failed", "tasks", "query_tasks"],
        Sender.finished,
    )
    | {"task_running": Sender.running, "task_operation_finished": Sender.operation_finished}
    | dict.fromkeys(
        ["task_download", "task_credentials_needed", "task_restore_started"], Sender.file_restore
    )
    | dict.fromkeys(
        [
            *("job", "objects_in_job", "backup_session", "backup_task_session"),
            *("replica_job", "replica_session", "replica_task_session"),
            *("hierarchy_root", "hierarchy_items", "repository"),
        ],
        Sender.of_backups,
    )
    | {
        "backup_task_session_failed": Sender.failed_backup,
        "replica_task_session_failed": Sender.failed_backup,
        "backup_session_retry": Sender.retry,
        "task_backup_started": Sender.started_backup,
        "task_replication_started": Sender.started_backup,
    }
    | {name: Sender.restore_session for name in NAMES if name.startswith("restore_session")}
    | {name: Sender.mount for name in NAMES if name.endswith(("_mount", "_mounts"))}
    | {name: Sender.files for name in NAMES if name.endswith(("_files", "_folder"))}
    | {
        name: Sender.point
        for name in NAMES
        if name.endswith(("restore_point", "restore_point_reference", "incomplete"))
    }
)
"""How the simulator is brought to send a payload, for those that it takes more than a GET."""


def job_session(simulator: Simulator, kind: str) -> BackupSession:
    """Return the session that was added last: of the newest night, whose restore points exist."""
    return simulator._manager.backups.sessions(kind)[-1]


def _family(name: str) -> Family:
    return {"replica": Family.REPLICA, "agent": Family.AGENT}.get(name.partition("_")[0], Family.VM)


@pytest.fixture(params=["pascal", "camel"])
def json_names(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def json_members(value: Any, path: str = "") -> set[str]:
    """Return which members there are, and of which kind are their values."""
    if isinstance(value, dict):
        inside = {inner for key in value for inner in json_members(value[key], f"{path}.{key}")}
        return inside | {f"{path}.{key}" for key in value}
    if isinstance(value, list):
        return {inner for member in value for inner in json_members(member, f"{path}[]")}
    return {f"{path}:{type(value).__name__}"} if value is not None else set()


def xml_shape(element: Element, path: str = "") -> set[str]:
    """Return which elements and attributes there are."""
    path = f"{path}/{element.tag}"
    shape = {path} | {f"{path}@{name}" for name, _ in element.items()}
    return shape | {inner for child in element for inner in xml_shape(child, path)}


@pytest.mark.parametrize("name", NAMES)
def test_the_simulator_sends_json_as_documented(
    name: str, json_names: str, clock: FakeClock
) -> None:
    documented = json.loads((DATA / f"{name}.{json_names}.json").read_bytes())
    with Simulator(clock=clock, mount_seconds=10, json_names=json_names) as simulator:
        sent = json.loads(Sender(simulator, clock).payload(name, JSON))
    assert json_members(documented) <= json_members(sent)


@pytest.mark.parametrize("name", NAMES)
def test_the_simulator_sends_xml_as_documented(name: str, clock: FakeClock) -> None:
    documented = fromstring((DATA / f"{name}.xml").read_bytes())
    with Simulator(clock=clock, mount_seconds=10) as simulator:
        sent = fromstring(Sender(simulator, clock).payload(name, "application/xml"))
    assert xml_shape(documented) <= xml_shape(sent)


@pytest.mark.parametrize("name", NAMES)
def test_the_simulators_links_have_documented_relations_and_types(
    name: str, clock: FakeClock
) -> None:
    def kinds(text: bytes) -> set[tuple[str | None, str | None]]:
        elements = fromstring(text).iter("{http://www.veeam.com/ent/v1.0}Link")
        return {(link.get("Rel"), link.get("Type")) for link in elements}

    documented = kinds((DATA / f"{name}.xml").read_bytes())
    with Simulator(clock=clock, mount_seconds=10) as simulator:
        assert kinds(Sender(simulator, clock).payload(name, "application/xml")) == documented


@pytest.mark.parametrize("name", NAMES)
def test_both_forms_of_json_tell_the_same(name: str) -> None:
    pascal = json.loads((DATA / f"{name}.pascal.json").read_bytes())
    camel = json.loads((DATA / f"{name}.camel.json").read_bytes())
    assert {path.lower() for path in json_members(pascal)} == {
        path.lower() for path in json_members(camel)
    }
    assert any(path[1].islower() for path in json_members(camel))
