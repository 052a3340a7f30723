"""Files of a mount point, as the vendor's page on `…/mounts/{ID}/{filepath}` has them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from defusedxml.ElementTree import fromstring

from em_simulator import (
    ADMINISTRATOR,
    GUEST_PASSWORD,
    GUEST_USERNAME,
    PORTAL_USER,
    Account,
    Family,
    Simulator,
)
from support.callers import Caller, kinds_of_links, links

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"


class Mounted(Caller):
    """A mount of the newest restore point of a machine, and the session that has it."""

    def __init__(
        self, simulator: Simulator, machine: str, account: Account, family: Family = Family.VM
    ) -> None:
        super().__init__(simulator, account)
        self.point = next(p for p in simulator.restore_points(family) if p.machine.name == machine)
        self.mount = simulator.mount(self.token, family, self.point.id).path

    def send(self, method: str, path: str, **rest: Any) -> requests.Response:
        return self.ask(method, f"{self.mount}/{path}", **rest)

    def restore(self, path: str, spec: Any) -> Any:
        return self.post(f"{self.mount}/{path}?action=restore", json=spec)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(json_names="pascal") as running:
        yield running


@pytest.fixture
def oracle(simulator: Simulator) -> Mounted:
    return Mounted(simulator, "oracle03", ADMINISTRATOR)


def names(answer: requests.Response, kind: str) -> list[str]:
    wrapper = {"Files": "FileEntries", "Directories": "DirectoryEntries"}[kind]
    return [entry["Name"] for entry in answer.json()[kind][wrapper]]


def test_a_folder_lists_folders_and_files(oracle: Mounted) -> None:
    answer = oracle.send("GET", "E:/Documentation%202014")
    assert names(answer, "Directories") == ["Invoices"]
    assert names(answer, "Files") == ["Offers.docx"]
    (entry,) = answer.json()["Files"]["FileEntries"]
    assert entry["Path"] == "E:/Documentation 2014/Offers.docx"
    assert (entry["Size"], entry["Owner"]) == (70_001, "TECH\\william.fox")
    only = oracle.send("GET", "E:/documentation%202014?action=listDirs")
    assert (names(only, "Directories"), only.json()["Files"]) == (["Invoices"], None)


def test_a_folder_is_paged(oracle: Mounted) -> None:
    pages = [oracle.send("GET", f"C:/Logs?pageSize=100&page={n}") for n in (1, 2, 3)]
    assert [len(names(page, "Files")) for page in pages] == [100, 100, 50]
    assert pages[0].json()["PagingInfo"]["PagesCount"] == 3


def test_xml_has_the_documented_elements(oracle: Mounted) -> None:
    answer = oracle.send("GET", "E:/Documentation%202014", accept="*/*")
    root: Any = fromstring(answer.content)
    assert root.tag == f"{NAMESPACE}FileSystemEntries"
    file = root.find(f"{NAMESPACE}Files/{NAMESPACE}FileEntry")
    assert file.findtext(f"{NAMESPACE}Name") == "Offers.docx"
    assert [link.get("Rel") for link in file.iter(f"{NAMESPACE}Link")] == ["Up", "Restore"]


@pytest.mark.parametrize("path", ["E:/nothing", "X:", "C:/Logs/../Windows"])
def test_what_is_not_there_is_404(oracle: Mounted, path: str) -> None:
    assert oracle.send("GET", path.replace("..", "%2e%2e%2e")).status_code == 404


def test_a_file_is_downloaded_after_its_restore_and_not_before(oracle: Mounted) -> None:
    path = "E:/Documentation%202014/Offers.docx"
    assert oracle.send("GET", f"{path}?action=download").status_code == 400
    task = oracle.restore(path, {"ForDirectDownload": {}})
    (link,) = [link for link in task["Links"] if link["Rel"] == "Download"]
    assert link["Href"].endswith("/e:/documentation%202014/offers.docx?action=download")
    got = oracle.send("GET", link["Href"].partition("/mounts/1/")[2])
    expected = oracle.simulator.file(
        Family.VM, oracle.point.id, "E:/Documentation 2014/Offers.docx"
    )
    assert got.content == expected
    assert len(got.content) == 70_001


def test_a_folder_gives_a_link_to_each_file(oracle: Mounted) -> None:
    task = oracle.restore("E:/Documentation%202014", {"ForDirectDownload": {}})
    links = [link["Href"] for link in task["Links"] if link["Rel"] == "Download"]
    assert [href.partition("2014/")[2] for href in links] == [
        "offers.docx?action=download",
        "invoices/bank_details.txt?action=download",
    ]


def test_a_restore_needs_the_right_guest_account(oracle: Mounted) -> None:
    def spec(password: str) -> Any:
        guest = {"UserName": GUEST_USERNAME, "Password": password}
        return {"ToOriginalLocation": {"GuestCredentials": guest, "Overwrite": True}}

    path = "C:/Users/ann.lee/empty.txt"
    failed = oracle.restore(path, spec("wrong"))["Result"]
    assert (failed["Success"], failed["CredentialsNeeded"]) == (False, True)
    assert oracle.restore(path, spec(GUEST_PASSWORD))["Result"]["Success"] is True
    (restored,) = oracle.simulator.restored()
    assert (restored.machine, restored.path, restored.overwrite) == ("oracle03", path, True)


def test_a_restore_can_be_asked_for_in_xml(oracle: Mounted) -> None:
    spec = (
        '<FileRestoreSpec xmlns="http://www.veeam.com/ent/v1.0"><ToOriginalLocation '
        f'Overwrite="true"><GuestCredentials><UserName>{GUEST_USERNAME}</UserName>'
        f"<Password>{GUEST_PASSWORD}</Password></GuestCredentials></ToOriginalLocation>"
        "</FileRestoreSpec>"
    )
    kind = {"Content-Type": "application/xml"}
    task = oracle.post(f"{oracle.mount}/C:/Windows?action=restore", data=spec, headers=kind)
    assert task["Result"]["Success"] is True
    assert [(r.path, r.overwrite) for r in oracle.simulator.restored()] == [("C:/Windows", True)]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        '{"Elsewhere": {}}',
        '{"toOriginalLocation": {}}',
        '{"ToOriginalLocation": {"GuestCredentials": {"userName": "x", "password": "y"}}}',
        "<x/>",
    ],
)
def test_a_restore_that_says_nothing_is_refused(oracle: Mounted, body: str) -> None:
    answer = oracle.send(
        "POST",
        "C:/Windows?action=restore",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert oracle.simulator.restored() == []


def test_a_file_that_vanishes_fails_its_task_or_its_download(oracle: Mounted) -> None:
    path = "E:/Documentation%202014/Offers.docx"
    oracle.restore(path, {"ForDirectDownload": {}})
    oracle.simulator.remove_file("oracle03", "E:/Documentation 2014/Offers.docx")
    assert oracle.send("GET", f"{path}?action=download").status_code == 404
    assert oracle.send("POST", f"{path}?action=restore", json={}).status_code in (400, 404)


def test_linux_cares_for_capitals(simulator: Simulator) -> None:
    web = Mounted(simulator, "web02", ADMINISTRATOR)
    assert (
        web.send("GET", "Volume$0:/etc/hosts").json()["FileEntry"]["Path"] == "Volume$0:/etc/hosts"
    )
    assert web.send("GET", "Volume$0:/ETC/hosts").status_code == 404


def test_files_belong_to_the_mounts_session(oracle: Mounted) -> None:
    user = Caller(oracle.simulator, PORTAL_USER)
    assert user.status("GET", f"{oracle.mount}/C:") == 404


@pytest.fixture
def camel() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.mark.parametrize("machine", ["oracle03", "rhel72"])
def test_a_folder_of_a_vm_or_an_agent_answers_with_what_it_holds(
    camel: Simulator, machine: str
) -> None:
    family = Family.VM if machine == "oracle03" else Family.AGENT
    mounted = Mounted(camel, machine, ADMINISTRATOR, family)
    root = "C:" if family is Family.VM else "Volume$0:"
    found = mounted.get(f"{mounted.mount}/{root}")
    assert found["directories"]["directoryEntries"]
    assert found["href"].endswith(f"/{root}?action=listAll&pageSize=100&page=1")
    assert kinds_of_links(found) == [("Up", "DirectoryEntry")]


def test_a_folder_of_a_replica_answers_with_itself(camel: Simulator) -> None:
    mounted = Mounted(camel, "srv04_replica", ADMINISTRATOR, Family.REPLICA)
    found = mounted.get(f"{mounted.mount}/C:/Documentation%202014")
    entry = found["directoryEntry"]
    assert found["fileEntry"] is None
    assert (entry["path"], entry["name"]) == ("C:/Documentation 2014", "Documentation 2014")
    assert kinds_of_links(entry) == [
        ("Down", "FileSystemItemsList"),
        ("Down", "FileEntryList"),
        ("Down", "DirectoryEntryList"),
        ("Restore", None),
    ]
    listed = [mounted.get(href) for href in links(entry, "Down")]
    assert [listing["pagingInfo"]["pageSize"] for listing in listed] == [100, 10, 10]
    assert [bool(listing["files"]) for listing in listed] == [True, True, False]
    assert [bool(listing["directories"]) for listing in listed] == [True, False, True]


def test_entries_have_links_up_down_and_to_restore(camel: Simulator) -> None:
    mounted = Mounted(camel, "oracle03", ADMINISTRATOR)
    found = mounted.get(f"{mounted.mount}/C:/Documentation%202014")
    (folder,) = found["directories"]["directoryEntries"]
    (file,) = found["files"]["fileEntries"]
    assert "actions" not in file
    assert [rel for rel, _ in kinds_of_links(folder)] == ["Up", "Down", "Down", "Down", "Restore"]
    assert kinds_of_links(file) == [("Up", "DirectoryEntry"), ("Restore", None)]
    assert links(file, "Up") == links(folder, "Up") == [found["href"].partition("?")[0]]
    assert links(file, "Restore") == [f"{file['href']}?action=restore"]


def test_files_of_agents_have_no_owner_and_links_that_lead_astray(camel: Simulator) -> None:
    mounted = Mounted(camel, "laptop17", ADMINISTRATOR, Family.AGENT)
    found = mounted.get(f"{mounted.mount}/C:/Documentation%202014")
    (file,) = found["files"]["fileEntries"]
    assert file["owner"] is None
    (up,) = links(file, "Up")
    assert f"/api/vmRestorePoints/{mounted.point.id}/mounts/1/C:/" in up
    assert "/api/agents/agentRestorePoints/" in file["href"]


def test_the_roots_of_a_mount_have_no_links(camel: Simulator) -> None:
    mounted = Mounted(camel, "oracle03", ADMINISTRATOR)
    mount = mounted.get(mounted.mount)
    assert kinds_of_links(mount) == [("Delete", "VmRestorePointMount")]
    roots = mount["fsRoots"]["directoryEntries"]
    assert [(root["path"], root["links"]) for root in roots] == [("C:", None), ("E:", None)]


def test_pages_of_files_are_linked_until_the_last(camel: Simulator) -> None:
    mounted = Mounted(camel, "oracle03", ADMINISTRATOR)
    page = mounted.get(f"{mounted.mount}/C:/Logs?action=LISTFILES")
    seen = len(page["files"]["fileEntries"])
    while following := links(page["pagingInfo"], "Next"):
        page = mounted.get(following[0])
        seen += len(page["files"]["fileEntries"])
    assert seen == 250
    assert [rel for rel, _ in kinds_of_links(page["pagingInfo"])] == ["First", "Last"]
    assert page["pagingInfo"]["pageNum"] == 3


def test_flags_of_a_restore_may_come_as_text(camel: Simulator) -> None:
    mounted = Mounted(camel, "oracle03", ADMINISTRATOR)
    spec = {"ToOriginalLocation": {"Overwrite": "false", "PermissionsOnly": "true"}}
    mounted.restore("C:/Windows", spec)
    (restored,) = camel.restored()
    assert (restored.overwrite, restored.permissions_only) == (False, True)


def test_a_disk_changes_from_backup_to_backup(oracle: Mounted) -> None:
    path = "E:/Documentation 2014/Contract.docx"

    def size(day: str) -> int | None:
        points = oracle.simulator.restore_points(Family.VM)
        (point,) = (
            p
            for p in points
            if p.machine.name == "oracle03" and p.name.startswith(f"oracle03@{day}")
        )
        mount = oracle.simulator.mount(oracle.token, Family.VM, point.id).path
        listed = oracle.get(f"{mount}/E:/Documentation%202014")["Files"]["FileEntries"]
        return next((entry["Size"] for entry in listed if entry["Path"] == path), None)

    days = ("2026-11-04", "2026-11-05", "2026-11-08", "2026-11-09")
    assert [size(day) for day in days] == [38_144, 41_372, 41_372, None]
    noon = dt.datetime(2026, 11, 7, 12, tzinfo=dt.UTC)
    oracle.simulator.add_file("oracle03", path, b"back", at=noon + dt.timedelta(days=2))
    oracle.simulator.remove_file("oracle03", path, at=noon)
    assert [size(day) for day in days] == [38_144, 41_372, None, 4]


@pytest.mark.parametrize(
    ("ranges", "asked", "status", "told", "sent"),
    [
        (False, "bytes=3-", 200, None, b"0123456789"),
        (True, "bytes=3-", 206, "bytes 3-9/10", b"3456789"),
        (True, "bytes=-3", 200, None, b"0123456789"),
        (True, "bytes=10-", 416, "bytes */10", None),
    ],
)
def test_a_part_of_a_download_is_sent_only_by_a_server_that_can(
    ranges: bool, asked: str, status: int, told: str | None, sent: bytes | None
) -> None:
    with Simulator(json_names="pascal", ranges=ranges) as simulator:
        simulator.add_file("oracle03", "C:/x", b"0123456789")
        mounted = Mounted(simulator, "oracle03", ADMINISTRATOR)
        mounted.restore("C:/x", {"ForDirectDownload": {}})
        got = mounted.send("GET", "C:/x?action=download", headers={"Range": asked})
        assert (got.status_code, got.headers.get("Content-Range")) == (status, told)
        assert sent is None or got.content == sent
