"""Times keep every digit that the server has sent."""

import pytest

from terraform_provider_veeam.em.times import Time, utc


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
        ("0001-01-01T00:00:00+01:00", None),
        ("2026-13-15T22:00:42Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_shown_in_utc_with_its_fraction(text: str | None, shown: str | None) -> None:
    assert utc(text) == shown


def test_moments_compare_to_the_last_digit() -> None:
    texts = ["2026-11-15T22:00:42.2071233Z", "2026-11-15T22:00:42.2071234Z", "2026-11-15T22:00:43Z"]
    times = [Time.parse(text) for text in texts]
    assert times == sorted(times)
    assert Time.parse("2026-11-15T23:00:42.20712330+01:00") == times[0]


def test_a_time_without_an_offset_is_refused_where_one_is_needed() -> None:
    with pytest.raises(ValueError, match="not a time"):
        Time.parse("2026-11-15T22:00:42", needs_offset=True)
