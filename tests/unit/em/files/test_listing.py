"""Reading folders from servers that behave as the documents allow, in one way or another."""

import json
import threading
from typing import Any
from urllib.parse import unquote

import pytest

from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import (
    AccessDenied,
    EnterpriseManagerError,
    NotFound,
    RequestFailed,
    RequestRefused,
    TokenRefused,
    UnexpectedAnswer,
)
from terraform_provider_veeam.em.files.left_out import LeftOut
from terraform_provider_veeam.em.files.listing import Files
from terraform_provider_veeam.em.files.paths import PathPattern, parse_guest_path
from terraform_provider_veeam.em.http.client import Answer
from terraform_provider_veeam.em.http.decoders import decode
from terraform_provider_veeam.em.http.pages import PAGE_SIZE
from terraform_provider_veeam.em.models import LogonSession

DEADLINE = Deadline(operation="Listing", seconds=60, stop=threading.Event(), clock=FakeClock())


class Pages:
    """A client whose server has these bodies at as many addresses, and the last at all others."""

    def __init__(self, *bodies: Any) -> None:
        self.bodies = [b if isinstance(b, bytes) else json.dumps(b).encode() for b in bodies]
        self.asked: list[str] = []

    def request(self, method: str, path: str, deadline: Any, **rest: Any) -> Answer:
        self.asked.append(path)
        number = list(dict.fromkeys(self.asked)).index(path)
        body = self.bodies[min(number, len(self.bodies) - 1)]
        return Answer(200, {}, decode(body))


def files_of(client: Any) -> Files:
    return Files(client, LogonSession("id", "token"), "/vmRestorePoints/x/mounts/1")


def names(client: Any, path: str = "C:", left_out: list[LeftOut] | None = None) -> list[str]:
    left_out = [] if left_out is None else left_out
    return [entry.name for entry in files_of(client).folder(path, DEADLINE, left_out)]


def listing(first: int, count: int, **more: Any) -> dict[str, Any]:
    entries = [{"Name": f"{n}.txt", "Size": n} for n in range(first, first + count)]
    return {"Directories": None, "Files": {"FileEntries": entries}, **more}


def test_pages_are_asked_for_as_the_server_tells() -> None:
    paging = {"PagingInfo": {"PageNum": 1, "PageSize": PAGE_SIZE, "PagesCount": 2}}
    client = Pages(listing(0, PAGE_SIZE, **paging), listing(PAGE_SIZE, 3, **paging))
    assert len(names(client)) == PAGE_SIZE + 3
    assert client.asked[0] == client.asked[2] != client.asked[1]


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


@pytest.mark.parametrize("kind", ["Files", "Directories"])
@pytest.mark.parametrize("name", ["..", ".", "a/b", "a\\b", "a\0", ""])
def test_a_name_that_no_path_can_have_is_told(name: str, kind: str) -> None:
    left_out: list[LeftOut] = []
    client = Pages({kind: [{"Name": name}, {"Name": "fine"}]})
    assert names(client, "C:/x", left_out) == ["fine"]
    assert [one.path for one in left_out] == [f"C:/x/{name}"]
    assert str(left_out[0]).isprintable()


@pytest.mark.parametrize("name", ["\x9b2J", "\u202egnp.exe", "a\x85b", "a\nb", "\u2028", " ", "a:"])
def test_a_name_stays_what_the_server_said(name: str) -> None:
    client = Pages({"Files": [{"Name": name}]})
    assert names(client) == [name]
    path = f"Volume$0:/{name}"
    assert (parse_guest_path(path), files_of(client).find(path, DEADLINE).path) == (path, path)


def test_a_name_in_xml_keeps_its_spaces() -> None:
    xml = (
        b"<FileSystemEntries><Files><FileEntry><Name> a </Name></FileEntry>"
        b"<FileEntry><Name> </Name><Path>Volume$0:/ </Path></FileEntry>"
        b"</Files></FileSystemEntries>"
    )
    assert names(Pages(xml)) == [" a ", " "]


def test_in_linux_a_backslash_is_part_of_a_name() -> None:
    assert names(Pages({"Files": [{"Path": "Volume$0:/x/a\\b"}]}), "Volume$0:/x") == ["a\\b"]


def test_a_file_that_two_pages_tell_is_one() -> None:
    client = Pages(listing(0, PAGE_SIZE), listing(PAGE_SIZE - 1, 3))
    assert len(names(client)) == PAGE_SIZE + 2


@pytest.mark.parametrize("others", [("a.txt", 1), ("A.txt", 2)])
def test_two_files_of_one_address_are_not_taken_one_for_the_other(others: tuple[str, int]) -> None:
    name, size = others
    client = Pages({"Files": [{"Name": "A.txt", "Size": 1}, {"Name": name, "Size": size}]})
    with pytest.raises(UnexpectedAnswer) as raised:
        files_of(client).find("C:/A.txt", DEADLINE)
    assert f"C: has A.txt and {name}" in raised.value.detail


class Trees(Pages):
    """A client whose server has a folder, with folders in it that can't be listed."""

    def __init__(self, error: EnterpriseManagerError) -> None:
        super().__init__({"Directories": [{"Name": "bad"}, {"Name": "good"}]})
        self.error = error

    def request(self, method: str, path: str, deadline: Any, **rest: Any) -> Answer:
        if "/bad?" in path:
            raise self.error
        if "/good?" in path:
            return Answer(200, {}, decode(b'{"Files": [{"Name": "a"}]}'))
        return super().request(method, path, deadline)


@pytest.mark.parametrize("kind", [NotFound, AccessDenied, RequestFailed])
def test_a_folder_that_can_not_be_listed_is_told_and_the_others_are(
    kind: type[RequestRefused],
) -> None:
    left_out: list[LeftOut] = []
    client = Trees(kind("Not there", "GET failed.", status=404))
    found = files_of(client).walk("C:/x", 9, DEADLINE, left_out)
    assert [entry.path for entry in found] == ["C:/x/bad", "C:/x/good", "C:/x/good/a"]
    assert left_out == [LeftOut("C:/x/bad", "Not there. GET failed.")]


def test_what_concerns_every_folder_ends_the_walk() -> None:
    client = Trees(TokenRefused("Ended", status=401))
    with pytest.raises(TokenRefused):
        list(files_of(client).walk("C:/x", 9, DEADLINE, []))


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


class Tree:
    """A client whose server has these folders and nothing else, or fails."""

    def __init__(self, fails: EnterpriseManagerError | None = None, **folders: Any) -> None:
        self.folders, self.fails = folders, fails

    def request(self, method: str, path: str, deadline: Any, **rest: Any) -> Answer:
        folder = path.partition("/mounts/1/")[2].partition("?")[0]
        if self.fails:
            raise self.fails
        if folder not in self.folders:
            raise NotFound("There is no such thing", status=404)
        entries = [{"Name": name} for name in self.folders[folder]]
        return Answer(200, {}, decode(json.dumps({"Files": entries, "Directories": []}).encode()))


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("C:/Docs/ofers.docx", "C:/Docs is there, but has no ofers.docx. Similar names there: Off"),
        ("C:/Dcos/Offers.docx", "C: is there, but has no Dcos. Similar names there: Docs."),
        ("C:/Docs/a/b/c", "C:/Docs is there, but has no a. It has: \\x1b, Offers.docx."),
        ("C:/Empty/a", "C:/Empty is there, but has no a: it is empty."),
        ("C:/Many/zz", "C:/Many is there, but has no zz. It has: 0, 1, 2, 3, 4 and 3 more."),
        ("D:/Docs", ""),
        ("D:", ""),
        ("C:/Docs/OFFERS.docx", ""),  # it is there: that it was not found was a passing fault
    ],
)
def test_what_is_near_a_path_that_leads_nowhere_is_named(path: str, says: str) -> None:
    folders: dict[str, Any] = {
        "C:": ["Docs", "Empty"],
        "C:/Docs": ["Offers.docx", "\x1b"],
        "C:/Empty": [],
        "C:/Many": "01234567",
    }
    said = files_of(Tree(**folders)).neighbours(path, DEADLINE)
    assert said.startswith(says)
    assert bool(said) == bool(says)


def test_a_server_that_does_not_tell_what_is_near_makes_no_other_error() -> None:
    for error in (AccessDenied("It may not be seen", status=403), UnexpectedAnswer("It is odd")):
        assert files_of(Tree(fails=error)).neighbours("C:/Docs", DEADLINE) == ""


class Guest:
    """A client of a guest with these files."""

    def __init__(self, *files: str) -> None:
        self.files = files
        self.asked: list[str] = []

    def request(self, method: str, path: str, deadline: Any, **rest: Any) -> Answer:
        folder = unquote(path.partition("?")[0].partition("/mounts/1/")[2])
        self.asked.append(folder)
        below = [file.removeprefix(f"{folder}/") for file in self.files if file.startswith(folder)]
        folders = {name.partition("/")[0] for name in below if "/" in name}
        body = {
            "Directories": {"DirectoryEntries": [{"Name": name} for name in sorted(folders)]},
            "Files": {"FileEntries": [{"Name": name} for name in below if "/" not in name]},
        }
        return Answer(200, {}, decode(json.dumps(body).encode()))


TREE = (
    "C:/a.docx", "C:/Docs/b.docx", "C:/Docs/B2.DOCX", "C:/Docs/c.txt", "C:/Docs/Old/Deep/d.docx",
    "C:/Docs/Old/[1].docx", "V:/x/n?te", "V:/x/note", "V:/x/NOTE",
)  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("C:/Docs/*.docx", ["b.docx", "B2.DOCX"]),
        ("C:/*/b?.docx", ["B2.DOCX"]),
        ("C:/Docs/**/*.docx", ["b.docx", "B2.DOCX", "[1].docx", "d.docx"]),
        ("C:/**/Deep", ["Deep"]),
        ("C:/Docs/**", ["Old", "b.docx", "B2.DOCX", "c.txt"]),
        ("C:/Docs/**/Old/**/d*x", ["d.docx"]),
        ("C:/Docs/Old/[1]*", ["[1].docx"]),
        ("C:/*/nothing*", []),
        ("V:/x/n?te", ["n?te"]),
        ("V:/x/not?", ["note"]),
    ],
)
def test_patterns_find_files_and_folders(pattern: str, found: list[str]) -> None:
    files = Guest(*(path.replace("V:", "Volume$0:") for path in TREE))
    parsed = PathPattern.parse(pattern.replace("V:", "Volume$0:"))
    assert parsed
    matching = files_of(files).matching(parsed, DEADLINE, [])
    assert [entry.name for entry in matching] == found


def test_a_pattern_lists_only_folders_that_may_have_what_matches() -> None:
    files = Guest("C:/a/x/1", "C:/b/x/1", "C:/b/y/1")
    pattern = PathPattern.parse("C:/b*/x/1*")
    assert pattern
    assert len(list(files_of(files).matching(pattern, DEADLINE, []))) == 1
    assert files.asked == ["C:", "C:/b", "C:/b/x"]


def test_a_pattern_has_to_name_its_volume() -> None:
    with pytest.raises(ValueError, match="Name the volume"):
        PathPattern.parse("*/Users")
