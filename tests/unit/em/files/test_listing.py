"""Reading folders from servers that behave as the documents allow, in one way or another."""

import json
import threading
from typing import Any

import pytest

from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.files.listing import Files
from terraform_provider_veeam.em.http.client import Answer
from terraform_provider_veeam.em.http.decoders import decode
from terraform_provider_veeam.em.inventory.query import PAGE_SIZE
from terraform_provider_veeam.em.models import LogonSession

DEADLINE = Deadline(operation="Listing", seconds=60, stop=threading.Event(), clock=FakeClock())


class Pages:
    """A client whose server answers with these bodies, the last one again and again."""

    def __init__(self, *bodies: Any) -> None:
        self.bodies = [b if isinstance(b, bytes) else json.dumps(b).encode() for b in bodies]
        self.asked: list[str] = []

    def request(self, method: str, path: str, deadline: Any, **rest: Any) -> Answer:
        self.asked.append(path)
        body = self.bodies[min(len(self.asked), len(self.bodies)) - 1]
        return Answer(200, {}, decode(body))


def names(client: Any, path: str = "C:") -> list[str]:
    files = Files(client, LogonSession("id", "token"), "/vmRestorePoints/x/mounts/1")
    return [entry.name for entry in files.folder(path, DEADLINE, [])]


def listing(first: int, count: int, **more: Any) -> dict[str, Any]:
    entries = [{"Name": f"{n}.txt", "Size": n} for n in range(first, first + count)]
    return {"Directories": None, "Files": {"FileEntries": entries}, **more}


def test_pages_are_asked_for_as_the_server_tells() -> None:
    paging = {"PagingInfo": {"PageNum": 1, "PageSize": PAGE_SIZE, "PagesCount": 2}}
    client = Pages(listing(0, PAGE_SIZE, **paging), listing(PAGE_SIZE, 3, **paging))
    assert len(names(client)) == PAGE_SIZE + 3
    assert len(client.asked) == 2


def test_without_paging_info_a_full_page_is_followed_by_another() -> None:
    client = Pages(listing(0, PAGE_SIZE), listing(PAGE_SIZE, 3))
    assert len(names(client)) == PAGE_SIZE + 3


def test_a_server_that_pages_nothing_is_not_asked_for_ever() -> None:
    client = Pages(listing(0, PAGE_SIZE))
    assert len(names(client)) == PAGE_SIZE
    assert len(client.asked) == 2


def test_a_bare_list_and_xml_are_understood() -> None:
    assert names(Pages({"Files": [{"Name": "a"}], "Directories": [{"Path": "C:\\\\b"}]})) == [
        "b",
        "a",
    ]
    xml = (
        b'<FileSystemEntries xmlns="http://www.veeam.com/ent/v1.0"><Directories><DirectoryEntry>'
        b"<Path>C:\\b</Path><Name>b</Name></DirectoryEntry></Directories><Files><FileEntry>"
        b"<Name>a</Name><Size>5</Size></FileEntry></Files></FileSystemEntries>"
    )
    assert names(Pages(xml)) == ["b", "a"]


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a\nb", ""])
def test_a_name_that_can_not_be_one_is_left_out(name: str) -> None:
    assert names(Pages({"Files": [{"Name": name}, {"Name": "fine"}]})) == ["fine"]


@pytest.mark.parametrize("body", [[], "text", {}, {"Message": "no"}])
def test_what_is_no_listing_is_an_error(body: Any) -> None:
    with pytest.raises(UnexpectedAnswer):
        names(Pages(body))


def test_names_are_written_into_the_address_whole() -> None:
    client = Pages({"Files": None})
    names(client, "Volume$0:/100% #1/ü?&+")
    assert client.asked[0].startswith(
        "/vmRestorePoints/x/mounts/1/Volume$0:/100%25%20%231/%C3%BC%3F%26%2B?action=listAll"
    )
