"""The index of guest files, as the vendor's pages on `/catalog/vms` have it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from em_simulator import (
    ADMINISTRATOR,
    PORTAL_USER,
    RESTORE_OPERATOR,
    VM_RESTORE_OPERATOR,
    Family,
    Simulator,
)
from support.callers import Caller, kinds_of_links, links

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"
POINTS = "catalog/vms/oracle03/vmRestorePoints"
FOLDER = "E:/Documentation%202014"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def caller(simulator: Simulator) -> Caller:
    return Caller(simulator)


def newest(simulator: Simulator, machine: str = "oracle03") -> str:
    points = simulator.restore_points(Family.VM)
    return next(point.id for point in points if point.machine.name == machine)


def browsed(caller: Caller) -> str:
    """Browse the newest restore point; returns the path of its files."""
    point = f"{POINTS}/{newest(caller.simulator)}"
    (files,) = links(caller.post(f"{point}?action=browse"), "Down")
    assert files.endswith(f"{point}/guestfs/")
    return files


def test_indexed_machines_are_listed_and_no_others(caller: Caller) -> None:
    listed = caller.get("catalog/vms")["refs"]
    assert [ref["name"] for ref in listed] == ["web02", "oracle03"]
    assert listed[1]["uid"] == "urn:veeam:CatalogVm:oracle03"
    assert kinds_of_links(listed[1]) == [
        ("Alternate", None),
        ("Down", "CatalogVmRestorePointReferenceList"),
    ]
    assert caller.get("catalog/vms/ORACLE03?format=Entity")["vmDisplayName"] == "oracle03"
    assert caller.status("GET", "catalog/vms/exch01") == 404
    assert caller.status("GET", "catalog/vms/exch01/vmRestorePoints") == 404


def test_its_restore_points_have_the_uuid_that_they_have_elsewhere(caller: Caller) -> None:
    first = caller.get(POINTS)["refs"][0]
    assert first["name"] == "11/15/2026 10:00:00 PM"
    assert first["uid"] == f"urn:veeam:CatalogVmRestorePoint:{newest(caller.simulator)}"
    point = caller.get(links(first, "Alternate")[0])
    assert point["backupDateUTC"] == "2026-11-15T22:00:00Z"
    assert kinds_of_links(point) == [
        ("Alternate", "CatalogVmRestorePointReference"),
        ("Up", "CatalogVm"),
        ("Browse", None),
        ("Related", "VmRestorePoint"),
    ]
    related = caller.get(links(point, "Related")[0])
    assert related["uid"] == f"urn:veeam:VmRestorePoint:{newest(caller.simulator)}"


def test_a_night_whose_indexing_failed_is_not_in_it(caller: Caller) -> None:
    caller.simulator.forget_index(newest(caller.simulator))
    assert len(caller.get(POINTS)["refs"]) == 20
    path = f"{POINTS}/{newest(caller.simulator)}?action=browse"
    assert caller.status("POST", path) == 404


def test_files_are_seen_once_they_are_browsed_and_only_there(caller: Caller) -> None:
    path = f"{POINTS}/{newest(caller.simulator)}/guestfs/{FOLDER}"
    assert caller.status("GET", path) == 404
    browsed(caller)
    assert caller.status("GET", path) == 200
    assert Caller(caller.simulator).status("GET", path) == 404


def test_the_hierarchy_has_a_nameless_root_and_volumes_below(caller: Caller) -> None:
    files = browsed(caller)
    root = caller.get(files)["directoryEntry"]
    assert (root["path"], root["name"]) == (None, None)
    assert [kind for _, kind in kinds_of_links(root)] == [
        "FileSystemItemsList",
        "FileEntryList",
        "DirectoryEntryList",
    ]
    below = caller.get(links(root, "Down")[0])["directories"]["directoryEntries"]
    assert [entry["path"] for entry in below] == ["C:", "E:"]


def test_a_file_tells_its_size_owner_and_time(caller: Caller) -> None:
    listing = caller.get(f"{browsed(caller)}{FOLDER}?action=listAll")
    (file,) = listing["files"]["fileEntries"]
    assert (file["name"], file["size"]) == ("Offers.docx", 70_001)
    assert (file["owner"], file["modifiedDateUTC"]) == (
        "TECH\\william.fox",
        "2026-11-04T03:42:11Z",
    )
    assert kinds_of_links(file) == [("Restore", None)]
    (folder,) = listing["directories"]["directoryEntries"]
    assert not links(folder, "Restore")
    alone = caller.get(f"{browsed(caller)}{FOLDER}/Offers.docx")["fileEntry"]
    assert alone["size"] == 70_001


def test_a_folder_comes_in_pages(caller: Caller) -> None:
    files = browsed(caller)
    page = caller.get(f"{files}C:/Logs?action=listFiles&pageSize=100&page=3")
    assert len(page["files"]["fileEntries"]) == 50
    assert page["pagingInfo"]["pagesCount"] == 3


def test_xml_is_as_documented(caller: Caller) -> None:
    files = browsed(caller)
    answer = caller.ask("GET", f"{files}{FOLDER}?action=listAll", accept="application/xml")
    root = fromstring(answer.content)
    assert root.tag == f"{NAMESPACE}FileSystemEntries"
    assert root.findtext(f"{NAMESPACE}Files/{NAMESPACE}FileEntry/{NAMESPACE}Size") == "70001"
    machines = fromstring(caller.ask("GET", "catalog/vms", accept="application/xml").content)
    assert [(ref.tag, ref.get("Type")) for ref in machines] == [
        (f"{NAMESPACE}Ref", "CatalogVmReference")
    ] * 2


def test_small_letters_in_links_leave_a_guests_names_alone() -> None:
    with Simulator(paths="lower") as simulator:
        caller = Caller(simulator)
        point = f"{POINTS}/{newest(simulator)}"
        (files,) = links(caller.post(f"{point}?action=browse"), "Down")
        assert f"/vmrestorepoints/{newest(simulator)}/guestfs/" in files
        assert links(caller.get(f"{files}{FOLDER}/Offers.docx")["fileEntry"], "Restore") == [
            f"{files}{FOLDER}/Offers.docx?action=restore"
        ]


@pytest.mark.parametrize(("with_200", "status"), [(False, 202), (True, 200)])
def test_a_browse_may_take_its_time(with_200: bool, status: int) -> None:
    now = [0.0]
    with Simulator(
        browse_seconds=5.0, browses_with_200=with_200, clock=lambda: now[0]
    ) as simulator:
        caller = Caller(simulator)
        answer = caller.ask("POST", f"{POINTS}/{newest(simulator)}?action=browse")
        assert (answer.status_code, answer.json()["state"]) == (status, "Running")
        now[0] = 5.0
        assert links(caller.get("tasks/task-1"), "Down")


def test_a_restore_is_started_by_its_task_and_done_by_its_session() -> None:
    now = [0.0]
    with Simulator(restore_seconds=5.0, clock=lambda: now[0]) as simulator:
        caller = Caller(simulator, VM_RESTORE_OPERATOR)
        path = f"{browsed(caller)}{FOLDER}/Offers.docx"
        task = caller.post(f"{path}?action=restore")
        assert task["operation"] == "RestoreFile"
        assert task["result"]["message"] == "Restore operations started successfully."
        (related,) = links(task, "Related")
        assert caller.get(related)["state"] == "Starting"
        assert simulator.restored() == []
        now[0] = 5.0
        assert (caller.get(related)["state"], caller.get(related)["result"]) == (
            "Stopped",
            "Success",
        )
        (restored,) = simulator.restored()
        assert (restored.machine, restored.path) == (
            "oracle03",
            "E:/Documentation 2014/Offers.docx",
        )


def test_a_restore_takes_no_body(caller: Caller) -> None:
    path = f"{browsed(caller)}{FOLDER}/Offers.docx?action=restore"
    assert caller.ask("POST", path, json={"ToOriginalLocation": {}}).status_code == 400
    assert caller.simulator.restored() == []


@pytest.mark.parametrize(
    "account", [ADMINISTRATOR, PORTAL_USER, VM_RESTORE_OPERATOR, RESTORE_OPERATOR]
)
def test_every_role_may_browse_and_restore(simulator: Simulator, account: Any) -> None:
    caller = Caller(simulator, account)
    path = f"{browsed(caller)}{FOLDER}/Offers.docx"
    assert caller.status("POST", f"{path}?action=restore") == 202


def test_machines_of_one_name_share_an_entry_and_their_points_tell_the_server(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.add_twin("oracle03")
    assert len(caller.get("catalog/vms")["refs"]) == 2
    refs = caller.get(POINTS)["refs"]
    assert len(refs) == 42
    servers = set()
    for ref in refs[:2]:
        point = caller.get(links(caller.get(links(ref, "Alternate")[0]), "Related")[0])
        servers |= {link["name"] for link in point["links"] if link["rel"] == "Up"}
    assert {"backup01.tech.local", "backup02.tech.local"} <= servers


def test_latency_holds_each_request_up_and_bandwidth_is_shared() -> None:
    content = bytes(200_000)
    with Simulator(latency=0.05, bandwidth=1_000_000) as simulator:
        simulator.add_file("oracle03", "C:/big.bin", content)
        caller = Caller(simulator)
        mount = simulator.mount(caller.token, Family.VM, newest(simulator)).path
        began = time.monotonic()
        task = caller.post(f"{mount}/C:/big.bin?action=restore", json={"ForDirectDownload": {}})
        assert time.monotonic() - began >= 0.1
        began = time.monotonic()
        assert caller.ask("GET", links(task, "Download")[0]).content == content
        assert time.monotonic() - began >= 0.2
