"""Trying again: when, how often, and after how long."""

import threading
from itertools import repeat

import pytest

from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.retry import (
    pauses,
    persist,
    retry,
    retry_after_seconds,
)

BUSY = errors.ServerBusy("busy", status=503)


class Flaky:
    """Fails with these errors, one after the other, and then succeeds."""

    def __init__(self, *faults: errors.EnterpriseManagerError) -> None:
        self.faults = list(faults)

    def __call__(self) -> str:
        if self.faults:
            raise self.faults.pop(0)
        return "done"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def bound(clock: FakeClock, seconds: float = 60) -> Deadline:
    return Deadline("The test", seconds, stop=threading.Event(), clock=clock)


def test_pauses_double_up_to_a_bound_and_are_spread() -> None:
    assert list(pauses(7, lambda: 1.0)) == [0.5, 1, 2, 4, 8, 15, 15]
    assert list(pauses(3, lambda: 0.0)) == [0.25, 0.5, 1]
    assert list(pauses(0, lambda: 1.0)) == []


def test_what_may_pass_is_tried_again_after_each_pause(clock: FakeClock) -> None:
    assert retry(Flaky(BUSY, BUSY), bound(clock), pauses=[1, 2, 3]) == "done"
    assert clock.waits == [1, 2]


def test_after_the_last_pause_the_error_is_raised(clock: FakeClock) -> None:
    with pytest.raises(errors.ServerBusy):
        retry(Flaky(BUSY, BUSY), bound(clock), pauses=[1])
    assert clock.waits == [1]


@pytest.mark.parametrize(
    "lasting",
    [
        errors.RequestFailed("no", status=500),
        errors.UnknownHost("no"),
        errors.CertificateNotTrusted("no"),
        errors.NotFound("no", status=404),
        errors.TaskFailed("no"),
    ],
)
def test_what_lasts_is_raised_at_once(
    clock: FakeClock, lasting: errors.EnterpriseManagerError
) -> None:
    with pytest.raises(type(lasting)):
        retry(Flaky(lasting), bound(clock), pauses=[1])
    assert clock.waits == []


def test_a_servers_wish_takes_the_place_of_the_pause(clock: FakeClock) -> None:
    wish = errors.ServerBusy("busy", status=503, retry_after=7)
    retry(Flaky(wish, BUSY), bound(clock), pauses=[1, 2])
    assert clock.waits == [7, 2]


def test_a_pause_beyond_the_deadline_is_not_begun(clock: FakeClock) -> None:
    with pytest.raises(errors.ServerBusy):
        retry(Flaky(BUSY), bound(clock, 5), pauses=[5])
    assert clock.waits == []


@pytest.mark.parametrize(
    "answer",
    [errors.MountGone("gone"), errors.SessionGone("ended")],
)
def test_what_has_to_be_known_is_asked_for_until_there_is_an_answer(
    clock: FakeClock, answer: errors.EnterpriseManagerError
) -> None:
    no = errors.NotFound("no", status=404)
    assert persist(Flaky(no, BUSY), bound(clock)) == "done"
    with pytest.raises(type(answer)):
        persist(Flaky(BUSY, answer), bound(clock))


def test_what_has_to_be_known_is_given_up_with_the_deadline(clock: FakeClock) -> None:
    with pytest.raises(errors.ServerBusy):
        persist(Flaky(*repeat(BUSY, 99)), bound(clock, 10))
    assert sum(clock.waits) < 10


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
        ("9" * 5000, 999_999_999),
        ("Thu, 01 Jan 1970 00:01:40 -0000", 90),
        ("Fri, 31 Dec 9999 23:59:59 -0000", 253402300789),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 253402383589),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Thu, 01 Jan 1970 00:01:40 +9999999999", None),
        ("\u0661\u0662", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_on_the_servers_own_clock(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after_seconds(header, now="Thu, 01 Jan 1970 00:00:10 GMT") == seconds


@pytest.mark.parametrize("now", [None, "", "today"])
def test_a_date_that_can_not_be_compared_says_nothing(now: str | None) -> None:
    assert retry_after_seconds("Thu, 01 Jan 2170 00:01:40 GMT", now=now) is None
