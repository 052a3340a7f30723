"""Durations in Go's notation."""

import pytest

from terraform_provider_veeam.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1.5h", 5400), (".5s", 0.5), ("250ms", 0.25)],
)
def test_go_durations_become_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "5", "five minutes", "1d", "-5m", "1h 30m", "s", "0s", "0.0h", "9" * 20 + "h", "٣s"],
)
def test_what_is_no_positive_duration_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a duration|out of range"):
        parse_duration(text)
