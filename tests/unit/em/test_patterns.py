"""Names with `*`, and names that are nearly right."""

import pytest

from terraform_provider_veeam.em.patterns import similar_names

MACHINES = ["oracle03", "oracle03.tech.local", "exch01", "web02", "Büro", "sql"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("oracle3", "oracle03"),
        ("ORACLE-03", "oracle03"),
        ("oracle03.corp.example", "oracle03.tech.local"),
        ("excg01", "exch01"),
        ("web02.tech.local", "web02"),
        ("buro", "Büro"),
        ("orac*", "oracle03"),
        ("prod-sql", "sql"),
    ],
)
def test_the_name_that_is_meant_is_found(written: str, meant: str) -> None:
    assert meant in similar_names(written, MACHINES)


@pytest.mark.parametrize("written", ["*", "", "laptop17", "e", "01"])
def test_what_is_like_no_name_is_not_taken_for_one(written: str) -> None:
    assert similar_names(written, MACHINES) == []


def test_the_likeliest_comes_first_and_there_are_few() -> None:
    known = [f"app{number:02}" for number in range(40)]
    found = similar_names("app007", known)
    assert (found[0], len(found)) == ("app07", 5)


def test_names_that_differ_in_capitals_alone_are_both_told() -> None:
    assert similar_names("README", ["Readme", "readme"]) == ["Readme", "readme"]
