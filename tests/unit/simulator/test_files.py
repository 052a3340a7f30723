"""Files of a mount point, as the vendor's page on `…/mounts/{ID}/{filepath}` has them."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3
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

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"


class Mounted:
    """A mount of the newest restore point of a machine, and a session that has it."""

    def __init__(self, simulator: Simulator, machine: str, account: Account) -> None:
        self.simulator = simulator
        self.point = next(
            p for p in simulator.restore_points(Family.VM) if p.machine.name == machine
        )
        _, self.token = simulator.log_on(account.username, account.password)
        mount = simulator.mount(self.token, Family.VM, self.point.id)
        self.url = f"{simulator.url}/api{mount.path}"

    def ask(self, method: str, url: str, **rest: Any) -> requests.Response:
        headers = {"X-RestSvcSessionId": self.token, "Accept": "application/json"}
        headers |= rest.pop("headers", {})
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        with requests.Session() as http:
            http.trust_env = http.verify = False
            return http.request(method, url, headers=headers, timeout=10, **rest)

    def send(self, method: str, path: str, **rest: Any) -> requests.Response:
        return self.ask(method, f"{self.url}/{path}", **rest)

    def task(self, answer: requests.Response) -> Any:
        assert answer.status_code == 202, answer.text
        url = f"{self.simulator.url}/api/tasks/{answer.json()['TaskId']}"
        return self.ask("GET", url).json()

    def restore(self, path: str, spec: Any) -> Any:
        return self.task(self.send("POST", f"{path}?action=restore", json=spec))


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
    assert entry["Path"] == "E:\\Documentation 2014\\Offers.docx"
    assert (entry["Size"], entry["Owner"]) == (70_001, "TECH\\william.fox")
    only = oracle.send("GET", "E:/documentation%202014?action=listDirs")
    assert (names(only, "Directories"), names(only, "Files")) == (["Invoices"], [])


def test_a_folder_is_paged(oracle: Mounted) -> None:
    pages = [oracle.send("GET", f"C:/Logs?pageSize=100&page={n}") for n in (1, 2, 3)]
    assert [len(names(page, "Files")) for page in pages] == [100, 100, 50]
    assert pages[0].json()["PagingInfo"]["PagesCount"] == 3


def test_xml_has_the_documented_elements(oracle: Mounted) -> None:
    answer = oracle.send("GET", "E:/Documentation%202014", headers={"Accept": "*/*"})
    root: Any = fromstring(answer.content)
    assert root.tag == f"{NAMESPACE}FileSystemEntries"
    file = root.find(f"{NAMESPACE}Files/{NAMESPACE}FileEntry")
    assert file.findtext(f"{NAMESPACE}Name") == "Offers.docx"
    assert file.find(f"{NAMESPACE}Actions/{NAMESPACE}Link").get("Rel") == "Restore"


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
    answer = oracle.send(
        "POST",
        "C:/Windows?action=restore",
        data=spec,
        headers={"Content-Type": "application/xml"},
    )
    assert oracle.task(answer)["Result"]["Success"] is True
    assert [(r.path, r.overwrite) for r in oracle.simulator.restored()] == [("C:/Windows", True)]


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"Elsewhere": {}}', "<x/>"])
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
    assert web.send("GET", "Volume$0:/etc/hosts").json()["Path"] == "Volume$0:/etc/hosts"
    assert web.send("GET", "Volume$0:/ETC/hosts").status_code == 404


def test_files_belong_to_the_mounts_session(oracle: Mounted) -> None:
    user = oracle.simulator.log_on(PORTAL_USER.username, PORTAL_USER.password)[1]
    answer = oracle.send("GET", "C:", headers={"X-RestSvcSessionId": user})
    assert answer.status_code == 404
