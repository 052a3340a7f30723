"""Machines and dates, as people write them."""

import pytest

from terraform_provider_veeam.cli.dates import parse_date, parse_machine_at, shown_time


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-11-13", "2026-11-13T00:00:00Z", "2026-11-13T23:59:59.9999999Z"),
        ("2026-11-13T22:00:42Z", "2026-11-13T22:00:42Z", "2026-11-13T22:00:42.9999999Z"),
        ("2026-11-13 22:00:42z", "2026-11-13T22:00:42Z", "2026-11-13T22:00:42.9999999Z"),
        ("2026-11-13T00:30:00+01:00", "2026-11-12T23:30:00Z", "2026-11-12T23:30:00.9999999Z"),
        ("2026-11-13T22:00:42.5Z", "2026-11-13T22:00:42.5Z", "2026-11-13T22:00:42.5Z"),
    ],
)
def test_a_date_means_its_beginning_or_its_end(text: str, begin: str, end: str) -> None:
    assert str(parse_date(text, is_end=False)) == begin
    assert str(parse_date(text, is_end=True)) == end


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "2026-W46-5", "20261113", "2026-11-13T22:00:42", "9999-12-32"],
)
def test_what_is_no_date_is_told_with_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="Write a day like 2026-11-13"):
        parse_date(text, is_end=True)


@pytest.mark.parametrize(
    ("text", "name", "time"),
    [
        ("oracle03", "oracle03", None),
        ("oracle03@latest", "oracle03", None),
        ("oracle03@2026-11-13", "oracle03", "2026-11-13T23:59:59.9999999Z"),
        ('Büro "Süd"; a,b@c', 'Büro "Süd"; a,b@c', None),
        ('Büro "Süd"; a,b@c@2026-11-13T22:00:42Z', 'Büro "Süd"; a,b@c', "2026-11-13T22:00:42."),
        ("@latest", "@latest", None),
        ("@abc", "@abc", None),
        ("oracle03@abcd", "oracle03@abcd", None),
    ],
)
def test_a_machine_may_have_a_date_and_an_at_sign_in_its_name(
    text: str, name: str, time: str | None
) -> None:
    found = parse_machine_at(text)
    assert found.name == name
    assert str(found.time or "").startswith(time or "")
    assert (found.time is None) == (time is None)


def test_an_id_or_its_beginning_takes_the_place_of_machine_and_date() -> None:
    assert parse_machine_at("@3F2a") == ("", None, "3f2a")
    whole = "3f2a7c1e-0b6d-5e4f-8a9b-0c1d2e3f4a5b"
    assert parse_machine_at(f"@{whole}") == ("", None, whole)


@pytest.mark.parametrize("text", ["oracle03@2026-11-31", "oracle03@2026-11", "", " "])
def test_a_machine_that_can_not_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a date|is blank"):
        parse_machine_at(text)


def test_a_time_that_is_shown_can_be_given_back() -> None:
    shown = shown_time("2026-11-13T22:00:42.1234567Z")
    assert shown == "2026-11-13T22:00:42Z"
    assert str(parse_date(shown, is_end=True)) > "2026-11-13T22:00:42.1234567Z"
    assert shown_time(None) == ""
