"""The documented payloads: the client reads them, and the simulator sends the like."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import requests
import urllib3
from defusedxml.ElementTree import fromstring

from clocks import FakeClock
from em_simulator import ADMINISTRATOR, Family, Simulator
from terraform_provider_veeam.em.http.decoders import Document, decode, error_message, links
from terraform_provider_veeam.em.inventory.restore_points import parse_restore_point
from terraform_provider_veeam.em.logon import _is_enterprise_manager, _session_id
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType, Task
from terraform_provider_veeam.em.mounts.existing import file_system_roots
from terraform_provider_veeam.em.tasks import find_task, parse_task

DATA = Path(__file__).with_name("data")
POINT = "710c0a5f-2783-4222-b669-0da996b09b97"
HREF = f"/vmRestorePoints/{POINT}/mounts/1"

FORMATS = pytest.mark.parametrize("form", ["json", "xml"])


def read(name: str, form: str) -> Document:
    return decode((DATA / f"{name}.{form}").read_bytes())


@FORMATS
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("task_running", Task("task-1", "Running", "MountRestorePoint")),
        ("task_operation_finished", Task("task-2", "OperationFinished", "MountRestorePoint")),
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
    found = [
        parse_task(member) for member in read("tasks", form).collection(("Tasks", "Task")) or ()
    ]
    assert [(task.task_id, task.finished) for task in found if task] == [
        ("task-1", True),
        ("task-2", False),
    ]


@FORMATS
@pytest.mark.parametrize("family", ["vm", "replica", "agent"])
def test_the_roots_of_a_mount_are_read(family: str, form: str) -> None:
    assert file_system_roots(read(f"{family}_mount", form).value) == ("C:", "Volume$0:")
    kind = f"{RestorePointType(family).entity}Mount"
    members = read(f"{family}_mounts", form).collection((f"{kind}s", kind))
    assert members
    (mount,) = members
    assert file_system_roots(mount) == ("C:", "Volume$0:")


@FORMATS
@pytest.mark.parametrize(
    ("family", "name", "created_at"),
    [
        ("vm", "oracle03@2016-10-06 13:59:50", "2016-10-06T13:59:50.783Z"),
        ("replica", "srv04_replica@2014-10-19 05:59:18", "2014-10-19T05:59:18Z"),
        ("agent", "rhel72@2018-12-17 02:01:05", "2018-12-17T02:01:05Z"),
    ],
)
def test_a_restore_point_is_read(family: str, name: str, created_at: str, form: str) -> None:
    ref = RestorePointRef(RestorePointType(family), POINT)
    found = parse_restore_point(read(f"{family}_restore_point", form).value, ref)
    assert found
    assert (found.name, found.created_at) == (name, created_at)


@FORMATS
def test_a_logon_session_is_read(form: str) -> None:
    assert _session_id(read("logon_session", form)) == "362da803-804d-4c32-ad35-0972e432460b"


@FORMATS
def test_enterprise_manager_is_recognised(form: str) -> None:
    assert _is_enterprise_manager(read("enterprise_manager", form))
    assert not _is_enterprise_manager(read("task_running", form))


@FORMATS
def test_an_error_is_read(form: str) -> None:
    body = (DATA / f"error.{form}").read_bytes()
    assert error_message(body) == "Node [root] does not exist."


@FORMATS
@pytest.mark.parametrize("name", sorted(file.stem for file in DATA.glob("*.json")))
def test_links_are_the_same_in_both_forms(name: str, form: str) -> None:
    assert links(read(name, form).value) == links(read(name, "json").value)


class Caller:
    """Asks the simulator for what the documents show."""

    def __init__(self, simulator: Simulator, clock: FakeClock) -> None:
        self.simulator = simulator
        self.clock = clock
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        _, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
        self.headers = {"X-RestSvcSessionId": token}

    def ask(self, path: str, form: str, method: str = "GET") -> bytes:
        with requests.Session() as http:
            http.trust_env = False
            return http.request(
                method,
                f"{self.simulator.url}/api{path}",
                headers=self.headers | {"Accept": f"application/{form}"},
                verify=False,
            ).content

    def payload(self, name: str, form: str) -> bytes:
        """Return what the simulator sends where the document shows this payload."""
        family = {"replica": Family.REPLICA, "agent": Family.AGENT}.get(
            name.partition("_")[0], Family.VM
        )
        point = f"/{family.collection}/{self.simulator.restore_points(family)[0].id}"
        session = self.simulator.sessions()[0]
        if name == "task_failed":
            self.simulator.add_fault("task-fails", "POST .*/mounts")
        made = self.ask(f"{point}/mounts", form, "POST")
        if name == "task_running":
            return made
        self.clock.now += 9
        if name == "task_operation_finished":
            return self.ask("/tasks/task-1", form)
        self.clock.now += 60
        paths = {
            "enterprise_manager": "/",
            "logon_session": f"/logonSessions/{session}",
            "logon_sessions": "/logonSessions",
            "tasks": "/tasks",
            "task_finished": "/tasks/task-1",
            "task_failed": "/tasks/task-1",
            "error": "/root",
        }
        if name in paths:
            return self.ask(paths[name], form)
        if name.endswith("restore_point"):
            return self.ask(f"{point}?format=Entity", form)
        return self.ask(f"{point}/mounts/1" if name.endswith("mount") else f"{point}/mounts", form)


@pytest.fixture
def caller() -> Iterator[Caller]:
    clock = FakeClock()
    with Simulator(clock=clock, mount_seconds=10, json_names="pascal") as simulator:
        yield Caller(simulator, clock)


def json_shape(value: Any, path: str = "") -> set[str]:
    """Return where there are values, and of which kind."""
    if isinstance(value, dict):
        return {inner for key in value for inner in json_shape(value[key], f"{path}.{key}")}
    if isinstance(value, list):
        return {inner for member in value for inner in json_shape(member, f"{path}[]")}
    return {f"{path}:{type(value).__name__}"} if value is not None else set()


def xml_shape(element: Element, path: str = "") -> set[str]:
    """Return which elements and attributes there are."""
    path = f"{path}/{element.tag}"
    shape = {path} | {f"{path}@{name}" for name, _ in element.items()}
    return shape | {inner for child in element for inner in xml_shape(child, path)}


@pytest.mark.parametrize("name", sorted(file.stem for file in DATA.glob("*.json")))
def test_the_simulator_sends_json_as_documented(caller: Caller, name: str) -> None:
    documented = json_shape(json.loads((DATA / f"{name}.json").read_bytes()))
    assert documented <= json_shape(json.loads(caller.payload(name, "json")))


@pytest.mark.parametrize("name", sorted(file.stem for file in DATA.glob("*.xml")))
def test_the_simulator_sends_xml_as_documented(caller: Caller, name: str) -> None:
    documented = xml_shape(fromstring((DATA / f"{name}.xml").read_bytes()))
    assert documented <= xml_shape(fromstring(caller.payload(name, "xml")))
