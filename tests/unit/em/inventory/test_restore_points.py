"""What comes back from a search is compared with what was asked for."""

import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import UnexpectedAnswer, Unsettled
from terraform_provider_veeam.em.http.client import Answer, SessionClient
from terraform_provider_veeam.em.http.decoders import decode
from terraform_provider_veeam.em.inventory.restore_points import (
    Wanted,
    find_restore_points,
    read_restore_point,
)
from terraform_provider_veeam.em.models import (
    LogonSession,
    RestorePoint,
    RestorePointRef,
    RestorePointType,
)
from terraform_provider_veeam.em.times import Time

ONE, TWO = ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "4f2504e0-4f89-41d3-9a0c-0305e82c3302")
SESSION = LogonSession("id", "token")
MOUNTS = {
    "Rel": "Create",
    "Type": "VmRestorePointMount",
    "Href": f"/api/vmRestorePoints/{ONE}/mounts",
}


def point(machine: str = "app01", moment: str = "2026-03-02T21:04:15.207Z", **more: Any) -> Any:
    links = [
        {
            "Rel": "Up",
            "Type": "BackupServerReference",
            "Href": "/api/backupServers/1",
            "Name": "vbr01",
        }
    ]
    return {
        "Href": f"https://em:9398/api/vmRestorePoints/{ONE}?format=Entity",
        "UID": f"urn:veeam:VmRestorePoint:{ONE}",
        "Name": f"{machine}@2026-03-02 21:04:15",
        "VmDisplayName": machine,
        "CreationTimeUTC": moment,
        "Links": links,
        **more,
    }


def deadline() -> Deadline:
    return Deadline(operation="The test", seconds=60, stop=threading.Event(), clock=FakeClock())


def client(body: Any) -> SessionClient:
    """A client whose server answers with this, whatever it is asked for."""
    answer = Answer(200, {}, decode(json.dumps(body).encode()))
    server: Any = SimpleNamespace(request=lambda *_, **__: answer, pauses=lambda: ())
    return SessionClient(server, SESSION, deadline())


def find(*points: Any, **wanted: Any) -> list[RestorePoint]:
    body = {"Entities": {"VmRestorePoints": list(points)}, "PagingInfo": {"PagesCount": 1}}
    return list(find_restore_points(client(body), Wanted(**wanted)))


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"machine_name": "APP01"},
        {"machine_name": "app*", "backup_server": "VBR01"},
        {"created_before": Time.parse("2026-03-02T21:04:15.207Z")},
        {"created_after": Time.parse("2026-03-02T21:04:15.2070000Z")},
    ],
)
def test_what_was_asked_for_is_found(wanted: dict[str, Any]) -> None:
    (found,) = find(point(), **wanted)
    assert (found.machine_name, found.backup_server) == ("app01", "vbr01")
    assert found.created_at == "2026-03-02T21:04:15.207Z"


@pytest.mark.parametrize(
    "wanted",
    [
        {"machine_name": "app0"},
        {"machine_name": "app012"},
        {"backup_server": "vbr02"},
        {"created_before": Time.parse("2026-03-01T00:00:00Z")},
        {"created_after": Time.parse("2026-03-03T00:00:00Z")},
    ],
)
def test_a_server_that_ignores_the_filter_chooses_no_other_machine(wanted: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="was not asked for"):
        find(point(), **wanted)


@pytest.mark.parametrize("bound", ["2026-03-02T21:04:15Z", "2026-03-02T21:04:14.9Z"])
def test_a_server_that_cuts_fractions_off_is_not_blamed(bound: str) -> None:
    assert find(point(), created_before=Time.parse(bound)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"UID": None, "Href": None},
        {"UID": None, "Href": "https://em:9398/api/vmRestorePoints/all"},
        {"UID": None, "Name": None},
        {"Href": f"https://em:9398/api/vmReplicaPoints/{ONE}?format=Entity"},
        {"Links": "none"},
    ],
)
def test_what_is_no_such_restore_point_is_an_error_and_not_left_out(changes: Any) -> None:
    with pytest.raises(UnexpectedAnswer):
        find(point() | changes)


def test_a_point_of_no_told_machine_is_not_taken_for_one() -> None:
    with pytest.raises(UnexpectedAnswer):
        find(point() | {"VmDisplayName": None, "Name": "2026"}, machine_name="app01")


def test_the_machine_is_told_by_the_name_when_nothing_else_tells_it() -> None:
    (found,) = find(point("a@b") | {"VmDisplayName": None}, machine_name="a@b")
    assert found.machine_name == "a@b"


@pytest.mark.parametrize(
    ("link", "is_complete"),
    [
        (None, False),
        (MOUNTS, True),
        ({"Rel": "Restore", "Href": f"/api/vmRestorePoints/{ONE}?action=restore"}, True),
        ({"Rel": "Failover", "Href": f"/api/vmReplicaPoints/{ONE}?action=failover"}, True),
        ({"Rel": "Up", "Type": "BackupFileReference", "Href": "/api/backupFiles/1"}, True),
        ({"Rel": "Up", "Type": "RestorePointReference", "Href": "/api/restorePoints/1"}, False),
    ],
)
def test_links_tell_whether_it_has_been_written(link: Any, is_complete: bool) -> None:
    found = point()
    found["Links"] += [link] if link else []
    assert find(found)[0].is_complete is is_complete


def test_the_restore_point_that_is_read_is_the_one_asked_for() -> None:
    ref = RestorePointRef(RestorePointType.VM, ONE)
    assert read_restore_point(client(point()), ref).name
    other = RestorePointRef(RestorePointType.VM, TWO)
    with pytest.raises(Unsettled, match="another restore point"):
        read_restore_point(client(point()), other)
