"""Times as they stand on the wire."""

import datetime as dt

import pytest

from em_simulator.times import parts, ticks, utc_text

MOMENT = dt.datetime(2026, 11, 15, 22, 0, 42, 120_000, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (None, "2026-11-15T22:00:42.12Z"),
        ("", "2026-11-15T22:00:42Z"),
        ("000", "2026-11-15T22:00:42Z"),
        ("1234560", "2026-11-15T22:00:42.123456Z"),
        ("1234567", "2026-11-15T22:00:42.1234567Z"),
    ],
)
def test_a_fraction_loses_its_last_zeros(fraction: str | None, expected: str) -> None:
    assert utc_text(MOMENT, fraction) == expected


def test_times_of_other_zones_are_the_same_moments() -> None:
    assert ticks("2026-11-15T23:00:42.5+01:00") == ticks("2026-11-15T22:00:42.50Z")
    assert ticks("2026-11-15T22:00:42.0000001Z") - ticks("2026-11-15 22:00:42") == 1
    assert parts("2026-11-15T22:00:42.1200001Z") == (MOMENT, "1200001")


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "2026-11-15T22:00:42.12345678Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ticks(text)
