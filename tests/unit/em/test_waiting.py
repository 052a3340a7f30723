import threading

import pytest

from clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import DeadlinePassed, Stopped


def make(seconds: float, stop: threading.Event | None = None) -> tuple[Deadline, FakeClock]:
    clock = FakeClock()
    deadline = Deadline(
        operation="Mounting oracle03",
        seconds=seconds,
        stop=stop or threading.Event(),
        clock=clock,
        setting="timeouts.create",
    )
    return deadline, clock


def test_a_wait_is_no_longer_than_what_is_left() -> None:
    deadline, clock = make(10)
    deadline.wait(7)
    with pytest.raises(DeadlinePassed):
        deadline.wait(7)
    assert clock.waits == [7, 3]


def test_the_error_says_what_took_too_long_and_which_setting_allows_more() -> None:
    deadline, clock = make(1800)
    clock.now += 1801
    with pytest.raises(DeadlinePassed) as caught:
        deadline.check()
    assert caught.value.summary == "Mounting oracle03 took too long"
    assert "30 minutes" in caught.value.detail
    assert "timeouts.create" in caught.value.detail


def test_a_stop_ends_a_wait_at_once() -> None:
    stop = threading.Event()
    deadline, clock = make(10, stop)
    stop.set()
    with pytest.raises(Stopped, match="Mounting oracle03 was interrupted"):
        deadline.wait(5)
    assert clock.waits == []


def test_a_lock_is_not_waited_for_beyond_the_deadline() -> None:
    lock = threading.Lock()
    lock.acquire()
    deadline = Deadline(operation="x", seconds=0.1, stop=threading.Event())
    with pytest.raises(DeadlinePassed):
        deadline.acquire(lock)
