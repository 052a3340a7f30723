"""Pages: how far a query reads, whatever the server tells of them."""

import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from clocks import FakeClock
from terraform_provider_veeam.em.client import Answer
from terraform_provider_veeam.em.decoding import decode
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.querying import PAGE_SIZE, query
from terraform_provider_veeam.em.waiting import Deadline

SESSION = LogonSession("id", "token")


class Pages:
    """Answers with these pages, and with the last one for ever."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self._pages = [decode(json.dumps(page).encode()) for page in pages]
        self.asked = 0

    def request(self, *_: object, **__: object) -> Answer:
        document = self._pages[min(self.asked, len(self._pages) - 1)]
        self.asked += 1
        return Answer(200, {}, document)


def page(first: int, count: int, paging: Any = None) -> dict[str, Any]:
    found = [{"Name": f"server {number}"} for number in range(first, first + count)]
    return {"Entities": {"BackupServers": {"BackupServers": found}}, "PagingInfo": paging}


def read(pages: Pages) -> int:
    deadline = Deadline(operation="The test", seconds=60, stop=threading.Event(), clock=FakeClock())
    client: Any = SimpleNamespace(request=pages.request)
    return len(list(query(client, SESSION, "BackupServer", deadline)))


NEXT = {"Links": [{"Rel": "Next", "Href": "https://em/api/query?page=2"}]}


@pytest.mark.parametrize("paging", [None, {"PageNum": 1}, NEXT, {"PagesCount": 2}])
def test_a_full_page_is_followed_by_the_next(paging: Any) -> None:
    last = {"PagesCount": 2} if paging == {"PagesCount": 2} else None
    pages = Pages(page(0, PAGE_SIZE, paging), page(PAGE_SIZE, 7, last))
    assert read(pages) == PAGE_SIZE + 7
    assert pages.asked == 2


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
