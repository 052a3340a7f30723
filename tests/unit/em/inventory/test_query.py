"""Pages: how far a query reads, whatever the server tells of them."""

import itertools
import json
import random
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.http.client import Answer, SessionClient
from terraform_provider_veeam.em.http.decoders import decode
from terraform_provider_veeam.em.http.pages import PAGE_SIZE
from terraform_provider_veeam.em.inventory.query import Comparison, query
from terraform_provider_veeam.em.models import LogonSession

SESSION = LogonSession("id", "token")


class Pages:
    """Answers with these pages at as many addresses, and at all others with the last one."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self._pages = [decode(json.dumps(page).encode()) for page in pages]
        self.targets: list[str] = []

    def request(self, _: str, target: str, *__: object, **___: object) -> Answer:
        self.targets.append(target)
        number = list(dict.fromkeys(self.targets)).index(target)
        return Answer(200, {}, self._pages[min(number, len(self._pages) - 1)])

    @property
    def asked(self) -> int:
        return len(set(self.targets))


def page(first: int, count: int, paging: Any = None) -> dict[str, Any]:
    found = [{"Name": f"server {number}"} for number in range(first, first + count)]
    return {"Entities": {"BackupServers": {"BackupServers": found}}, "PagingInfo": paging}


def read(pages: Pages) -> int:
    return len(entities_of(pages))


def entities_of(pages: Any) -> list[Any]:
    deadline = Deadline(operation="The test", seconds=60, stop=threading.Event(), clock=FakeClock())
    return list(query(SessionClient(pages, SESSION, deadline), "BackupServer"))


NEXT = {"Links": [{"Rel": "Next", "Href": "https://em/api/query?page=2"}]}


@pytest.mark.parametrize("paging", [None, {"PageNum": 1}, NEXT, {"PagesCount": 2}])
def test_a_full_page_is_followed_by_the_next(paging: Any) -> None:
    last = {"PagesCount": 2} if paging == {"PagesCount": 2} else None
    pages = Pages(page(0, PAGE_SIZE, paging), page(PAGE_SIZE, 7, last))
    assert read(pages) == PAGE_SIZE + 7
    assert pages.targets[0] == pages.targets[2] != pages.targets[1]


def test_a_page_that_is_not_full_is_the_last_when_nothing_is_told() -> None:
    pages = Pages(page(0, 7))
    assert read(pages) == 7
    assert pages.asked == 1


@pytest.mark.parametrize("paging", [None, NEXT, {"PagesCount": 1000000}])
def test_a_server_that_shows_one_page_for_ever_is_not_asked_for_ever(paging: Any) -> None:
    pages = Pages(page(0, PAGE_SIZE, paging))
    assert read(pages) == PAGE_SIZE
    assert pages.asked == 2


def test_an_empty_page_is_the_last() -> None:
    pages = Pages(page(0, PAGE_SIZE, {"PagesCount": 1000000}), page(0, 0, {"PagesCount": 1000000}))
    assert read(pages) == PAGE_SIZE
    assert pages.asked == 2


class Changing:
    """A list of ten on pages of two, from which something goes now and then, or comes to it."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - to be repeated
        self._requests_to_the_next_change = 1
        self._there, self._new = list(range(10)), itertools.count(10)
        self.stayed = set(self._there)
        """What was there all the time."""

    def request(self, _: str, target: str, *__: object, **___: object) -> Answer:
        number = int(target.rpartition("page=")[2])
        shown = [
            {"UID": f"urn:{one}", "Look": self._dice.random()}
            for one in self._there[2 * number - 2 : 2 * number]
        ]
        count = (len(self._there) + 1) // 2
        self._requests_to_the_next_change -= 1
        if not self._requests_to_the_next_change:
            self._requests_to_the_next_change = self._dice.randint(3, 6)
            if self._dice.random() < 0.5:
                self._there.insert(self._dice.randrange(len(self._there)), next(self._new))
            else:
                gone = self._there.pop(self._dice.randrange(len(self._there)))
                self.stayed.discard(gone)
        entities = {"BackupServers": {"BackupServers": shown}}
        said = json.dumps({"Entities": entities, "PagingInfo": {"PagesCount": count}})
        return Answer(200, {}, decode(said.encode()))


def test_what_appears_or_goes_between_two_pages_hides_and_repeats_nothing() -> None:
    for seed in range(300):
        pages = Changing(seed)
        found = [entity["uid"] for entity in entities_of(pages)]
        assert len(found) == len(set(found))
        assert {f"urn:{one}" for one in pages.stayed} <= set(found), f"seed {seed}"


def test_a_list_that_is_another_one_each_time_comes_to_an_end() -> None:
    numbers = itertools.count()

    def request(*_: object, **__: object) -> Answer:
        said = page(next(numbers), 1, {"PagesCount": 3})
        return Answer(200, {}, decode(json.dumps(said).encode()))

    entities_of(SimpleNamespace(request=request))
    assert next(numbers) < 30


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("oracle03", "oracle03"),
        ("ora_cle", "ora_cle"),
        ("ora-cle", '"ora-cle"'),
        ("a.b", '"a.b"'),
        ("a b", '"a b"'),
        ("Büro", '"Büro"'),
        ("a;b,c@d", '"a;b,c@d"'),
        ('the "big" one', '"the ""big"" one"'),
        ("2026-11-15T22:00:42.207Z", '"2026-11-15T22:00:42.207Z"'),
        ("", '""'),
    ],
)
def test_all_but_letters_digits_and_underscores_is_quoted(value: str, written: str) -> None:
    assert Comparison("Name", "==", value).expression() == f"Name=={written}"


@pytest.mark.parametrize("quote", ["%3d%3d", "%3D%3D"])  # as version 12 writes it, and 13
def test_the_servers_own_link_leads_to_the_next_page(quote: str) -> None:
    query = f"/query?type=BackupServer&filter=Name{quote}%22a%20b%22&token=7"
    href = f"https://em.internal:9398/api{query}"
    pages = Pages(page(0, 2, {"links": [{"rel": "Next", "href": href}]}), page(2, 1))
    assert read(pages) == 3
    assert pages.targets[1] == query


@pytest.mark.parametrize("href", ["https://em/api/jobs?page=2", "https://em/api/query", "/x"])
def test_a_next_link_that_leads_elsewhere_is_not_followed(href: str) -> None:
    pages = Pages(page(0, 2, {"Links": [{"Rel": "Next", "Href": href}]}), page(2, 1))
    read(pages)
    assert all(target.startswith("/query?type=BackupServer&") for target in pages.targets)


def test_links_without_a_next_one_end_the_list() -> None:
    last = {"PagesCount": 9, "Links": [{"Rel": "Last", "Href": "https://em/api/query?page=9"}]}
    pages = Pages(page(0, PAGE_SIZE, last))
    assert (read(pages), pages.asked) == (PAGE_SIZE, 1)


RESULT = {"PagingInfo": {"PageNum": 1}}


@pytest.mark.parametrize(
    "found",
    [
        {"Entities": None},
        {"Entities": {}},
        {"Entities": {"Jobs": None, "BackupServers": None}},
        {"Entities": {"BackupServers": {"BackupServers": []}}},
        {"entities": {"backupServers": {"backupServers": None}}},
        {"Entities": {"BackupServers": {"Items": []}}},
        {"Entities": []},
    ],
)
def test_an_empty_result_is_no_error(found: dict[str, Any]) -> None:
    assert read(Pages(found | RESULT)) == 0


@pytest.mark.parametrize(
    "found",
    [
        {"Entities": {"Jobs": {"Jobs": [{"Name": "Daily"}]}, "BackupServers": None}},
        {"Entities": {"BackupServers": {"Servers": [{"Type": "Job"}]}}},
        {"Entities": "none"},
        {"Entities": None, "Refs": {"Refs": [{"Name": "a"}]}},
    ],
)
def test_a_result_of_something_else_is_an_error(found: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer):
        read(Pages(found | RESULT))


@pytest.mark.parametrize(
    "wrapped",
    [[{"Name": "a"}], {"BackupServer": {"Name": "a"}}, {"BackupServers": [{"Name": "a"}]}],
)
def test_results_are_wrapped_in_several_ways(wrapped: Any) -> None:
    assert read(Pages({"Entities": {"BackupServers": wrapped}} | RESULT)) == 1
