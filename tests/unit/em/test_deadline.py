"""How long an operation may take, and how a stop ends it."""

import threading
import time

import pytest

from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import DeadlinePassed, Stopped


class Interrupted(FakeClock):
    """A clock on which the stop comes during the first wait."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self._stop.set()
        return super().wait(event, seconds)


def make(seconds: float, stop: threading.Event | None = None) -> tuple[Deadline, FakeClock]:
    clock = FakeClock()
    deadline = Deadline(
        "Mounting oracle03",
        seconds,
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


def test_a_stop_before_a_wait_lets_it_not_begin() -> None:
    stop = threading.Event()
    deadline, clock = make(10, stop)
    stop.set()
    with pytest.raises(Stopped, match="Mounting oracle03 was interrupted"):
        deadline.wait(5)
    assert clock.waits == []


def test_a_stop_during_a_wait_ends_the_operation() -> None:
    stop = threading.Event()
    deadline = Deadline("Mounting oracle03", 60, stop=stop, clock=Interrupted(stop))
    with pytest.raises(Stopped):
        deadline.wait(5)


def test_a_wait_is_woken_by_the_stop_and_not_slept_through() -> None:
    stop = threading.Event()
    deadline = Deadline("Mounting oracle03", 60, stop=stop)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Stopped):
        deadline.wait(50)
    assert deadline.remaining() > 30


def test_a_part_ends_with_the_whole_and_stops_with_it() -> None:
    stop = threading.Event()
    deadline, clock = make(10, stop)
    assert deadline.part(60).remaining() == 10
    part = deadline.part(3)
    clock.now += 4
    with pytest.raises(DeadlinePassed):
        part.check()
    deadline.check()
    stop.set()
    with pytest.raises(Stopped):
        deadline.part(3).check()


def test_what_must_be_finished_has_a_time_of_its_own() -> None:
    deadline, clock = make(1)
    clock.now += 2
    bound = deadline.unstoppable("Undoing", 20)
    bound.wait(19)
    with pytest.raises(DeadlinePassed, match="Undoing took too long"):
        bound.wait(19)


def test_what_must_be_finished_goes_on_after_a_stop_while_the_server_answers() -> None:
    stop = threading.Event()
    deadline = Deadline("Mounting", 60, stop=stop)
    bound = deadline.unstoppable("Undoing", 20).part(10)
    stop.set()
    began = time.monotonic()
    while time.monotonic() - began < 1.5:
        bound.wait(0.1)
        bound.progress()
    with pytest.raises(DeadlinePassed, match="Undoing took too long"):
        bound.wait(4)
    assert time.monotonic() - began < 4
    assert deadline.unstoppable("Logging out", 20).remaining() == 0.0  # it is just as silent


def test_a_lock_is_not_waited_for_beyond_the_deadline() -> None:
    lock = threading.Lock()
    lock.acquire()
    deadline = Deadline("x", 0.1, stop=threading.Event())
    with pytest.raises(DeadlinePassed), deadline.holding(lock):
        pass


def test_a_lock_is_not_waited_for_after_a_stop() -> None:
    lock, stop = threading.Lock(), threading.Event()
    lock.acquire()
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Stopped), Deadline("x", 60, stop=stop).holding(lock):
        pass
