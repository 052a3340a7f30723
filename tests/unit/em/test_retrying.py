import pytest

from terraform_provider_veeam.em.http.retry import RetryPolicy, retry_after_seconds


def test_pauses_double_up_to_a_bound_and_are_spread() -> None:
    longest = RetryPolicy(max_retries=9, random=lambda: 1.0)
    shortest = RetryPolicy(max_retries=9, random=lambda: 0.0)
    assert [longest.pause(n) for n in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    assert [shortest.pause(n) for n in range(3)] == [0.25, 0.5, 1]


def test_after_the_last_retry_there_is_no_pause() -> None:
    assert RetryPolicy(max_retries=2, random=lambda: 1.0).pause(2) is None
    assert RetryPolicy(max_retries=0, random=lambda: 1.0).pause(0, retry_after=1) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17),
        (" 0 ", 0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=lambda: 10.0) == seconds
