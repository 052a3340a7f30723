"""Filters, sorting and paging of `/query`."""

from operator import itemgetter
from typing import Any

import pytest

from em_simulator.query import (
    BadQuery,
    Field,
    compile_filter,
    number,
    ranked,
    select,
    text,
    time,
    turn_to,
)

FIELDS = {
    "Name": Field(text, itemgetter("Name")),
    "CreationTime": Field(time, itemgetter("CreationTime")),
    "EndTime": Field(time, itemgetter("EndTime")),
    "Result": Field(ranked("None", "Success", "Warning", "Failed"), itemgetter("Result")),
    "Port": Field(number, itemgetter("Port")),
}


def item(name: str, created: str, result: str, ended: str | None = None, port: int = 1) -> Any:
    return {
        "Name": name,
        "CreationTime": created,
        "Result": result,
        "EndTime": ended,
        "Port": port,
    }


ITEMS = [
    item("oracle03", "2026-11-01T22:00:00Z", "Success", "2026-11-01T23:00:00Z", 9),
    item("exch 01", "2026-11-02T22:00:00.5Z", "Warning", None, 10),
    item("web02", "2026-11-02T22:00:00.1234567Z", "Failed", None, 80),
    item('Büro "Süd"; a,b@c', "2026-11-04T22:00:00Z", "None"),
]
ORACLE, EXCHANGE, WEB, QUOTED = (entry["Name"] for entry in ITEMS)


def names(expression: str) -> list[str]:
    return [entry["Name"] for entry in filter(compile_filter(expression, FIELDS), ITEMS)]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("Name==oracle03", [ORACLE]),
        ("name==ORACLE03", [ORACLE]),
        ('Name=="exch 01"', [EXCHANGE]),
        ('Name=="Büro ""Süd""; a,b@c"', [QUOTED]),
        ('Name=="büro ""süd""; A,B@C";Result==none', [QUOTED]),
        ("Name==web02,Name==oracle03", [ORACLE, WEB]),
        ("(Name==web02,Name==oracle03);Result==Failed", [WEB]),
        ("Name==oracle03,Name==web02;Result==Success", [ORACLE]),
        ("Port>9", [EXCHANGE, WEB]),
    ],
)
def test_filters(expression: str, found: list[str]) -> None:
    assert names(expression) == found


def test_text_without_quotes_loses_its_spaces() -> None:
    assert names("Name==oracle 03") == [ORACLE]
    assert names("Name==exch 01") == []


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('CreationTime=="2026-11-02T22:00:00.500Z"', [EXCHANGE]),
        ('CreationTime>"2026-11-02T22:00:00.1234567Z"', [EXCHANGE, QUOTED]),
        ('CreationTime<="2026-11-02T22:00:00.1234567Z"', [ORACLE, WEB]),
        ('CreationTime<"2026-11-02T22:00:00.12346Z"', [ORACLE, WEB]),
        ('CreationTime>="2026-11-05T00:00:00+02:00"', [QUOTED]),
        ('CreationTime>="2026-11-04"', [QUOTED]),
    ],
)
def test_times_compare_as_times_with_their_fractions(expression: str, found: list[str]) -> None:
    assert names(expression) == found


def test_results_compare_by_their_rank() -> None:
    assert names("Result>=Warning") == [EXCHANGE, WEB]
    assert names("Result<warning") == [ORACLE, QUOTED]
    with pytest.raises(BadQuery, match="is none of None, Success"):
        names("Result==Perfect")


def test_what_is_not_known_yet_is_only_unequal() -> None:
    end = '"2026-11-01T23:00:00Z"'
    assert names(f"EndTime=={end}") == names(f"EndTime<={end}") == [ORACLE]
    assert names(f"EndTime!={end}") == [EXCHANGE, WEB, QUOTED]


@pytest.mark.parametrize(
    "expression",
    [
        "Name",
        "Name=x",
        "Name==",
        "Size==1",
        "(Name==a",
        "Name==a)",
        ";",
        "==",
        "Name==exch-01",
        "Name==web02.tech.local",
        "Name==Büro",
        "Name==a@b",
        "Name==urn:veeam:Job:1",
        'Name=="a"b"',
        'Name=="Büro "Süd""',
        'Name=="a"Name=="b"',
        "CreationTime>2026-11-01T22:00:00Z",
        'CreationTime>"yesterday"',
        "Port==many",
        "Name==a&Name==b",
    ],
)
def test_a_bad_filter_is_refused(expression: str) -> None:
    with pytest.raises(BadQuery):
        names(expression)


def test_pages_follow_each_other() -> None:
    found = select(ITEMS, {"sortdesc": "creationtime"}, FIELDS)
    assert [entry["Name"] for entry in found] == [QUOTED, EXCHANGE, WEB, ORACLE]
    pages = [turn_to(found, {"pagesize": "3", "page": page}, 100) for page in ("1", "2")]
    assert [[entry["Name"] for entry in page.items] for page in pages] == [
        [QUOTED, EXCHANGE, WEB],
        [ORACLE],
    ]
    assert [(page.number, page.size, page.count) for page in pages] == [(1, 3, 2), (2, 3, 2)]
    assert [page.turns for page in pages] == [
        [("First", 1), ("Next", 2), ("Last", 2)],
        [("First", 1), ("Last", 2)],
    ]


def test_what_has_no_value_sorts_first() -> None:
    found = select(ITEMS, {"sortasc": "EndTime"}, FIELDS)
    assert found[-1]["Name"] == ORACLE


def test_without_a_page_size_a_page_has_the_default() -> None:
    assert turn_to(range(150), {}, 100).count == 2
    for wrong in ("0", "-1", "x", ""):
        with pytest.raises(BadQuery):
            turn_to(ITEMS, {"pagesize": wrong}, 100)
