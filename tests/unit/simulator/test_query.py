"""Filters, sorting and paging of `/query`."""

import pytest

from em_simulator.query import BadQuery, arrange, compile_filter

KNOWN = ("Name", "CreationTime", "State")
ITEMS = [
    {"Name": "oracle03", "CreationTime": "2026-11-01T22:00:00Z", "State": "Working"},
    {"Name": "exch 01", "CreationTime": "2026-11-02T22:00:00Z", "State": "Stopped"},
    {"Name": "web02", "CreationTime": "2026-11-03T22:00:00Z", "State": "Stopped"},
]


def names(text: str) -> list[str]:
    test = compile_filter(text, KNOWN)
    return [item["Name"] for item in ITEMS if test(item)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Name==oracle03", ["oracle03"]),
        ("name==ORACLE03", ["oracle03"]),
        ('Name=="exch 01"', ["exch 01"]),
        ("State!=Working", ["exch 01", "web02"]),
        ("CreationTime>2026-11-01T22:00:00Z", ["exch 01", "web02"]),
        ("CreationTime>=2026-11-02T22:00:00;State==Stopped", ["exch 01", "web02"]),
        ("Name==web02,State==Working", ["oracle03", "web02"]),
        ("(Name==web02,Name==oracle03);State==Stopped", ["web02"]),
        ("Name==web02,Name==oracle03;State==Stopped", ["web02"]),
    ],
)
def test_filters(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize("text", ["Name", "Name=x", "Size==1", "(Name==a", "Name==a)", ";", "=="])
def test_a_bad_filter_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        names(text)


def test_pages_follow_each_other() -> None:
    pages = [
        arrange(ITEMS, dict, {"sortDesc": "creationtime", "pageSize": "2", "page": page}, KNOWN)
        for page in ("1", "2")
    ]
    assert [[item["Name"] for item in page.items] for page in pages] == [
        ["web02", "exch 01"],
        ["oracle03"],
    ]
    assert [(page.number, page.size, page.count) for page in pages] == [(1, 2, 2), (2, 2, 2)]


def test_without_a_page_size_all_is_on_one_page() -> None:
    assert len(arrange(ITEMS, dict, {}, KNOWN).items) == 3
    with pytest.raises(BadQuery):
        arrange(ITEMS, dict, {"pageSize": "0"}, KNOWN)
