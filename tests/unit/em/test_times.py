"""Times keep every digit that the server has sent."""

import pytest

from terraform_provider_veeam.em.times import Time, nanoseconds, utc


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-15T22:00:42Z", "2026-11-15T22:00:42Z"),
        ("2026-11-15T22:00:42", "2026-11-15T22:00:42Z"),
        ("2026-11-15T22:00:42.7Z", "2026-11-15T22:00:42.7Z"),
        ("2026-11-15T22:00:42.2071234Z", "2026-11-15T22:00:42.2071234Z"),
        ("2026-11-15T22:00:42.000Z", "2026-11-15T22:00:42Z"),
        ("2026-11-15T23:00:42.5+01:00", "2026-11-15T22:00:42.5Z"),
        ("2026-11-15 22:00:42z", "2026-11-15T22:00:42Z"),
        ("2026-06-16T06:33:10.659559Z", "2026-06-16T06:33:10.659559Z"),
        ("2026-06-16T06:22:59.39912Z", "2026-06-16T06:22:59.39912Z"),
        ("2026-13-15T22:00:42Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_shown_in_utc_with_its_fraction(text: str | None, shown: str | None) -> None:
    assert utc(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+01:00",
        "1601-01-01T00:00:00.0000000Z",
        "1600-12-31T22:00:00Z",
        "1753-01-01T00:00:00Z",
        "1753-01-01T00:00:00+02:00",
        "1753-01-01T05:00:00.003Z",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59-05:00",
        "9999-12-31T00:00:00+02:00",
    ],
)
def test_never_is_no_time_whatever_the_server_writes_for_it(text: str) -> None:
    assert (utc(text), nanoseconds(text)) == (None, None)


def test_an_old_file_keeps_its_time() -> None:
    assert utc("1969-12-31T23:59:59.5Z") == "1969-12-31T23:59:59.5Z"
    assert nanoseconds("1969-12-31T23:59:59.5Z") == -500_000_000


def test_moments_compare_to_the_last_digit() -> None:
    texts = ["2026-11-15T22:00:42.2071233Z", "2026-11-15T22:00:42.2071234Z", "2026-11-15T22:00:43Z"]
    times = [Time.parse(text) for text in texts]
    assert times == sorted(times)
    assert Time.parse("2026-11-15T23:00:42.20712330+01:00") == times[0]


def test_a_time_without_an_offset_is_refused_where_one_is_needed() -> None:
    with pytest.raises(ValueError, match="not a time"):
        Time.parse("2026-11-15T22:00:42", needs_offset=True)
