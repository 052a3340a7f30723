"""Holding sessions: how often, for whom, and why each ends."""

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from em_simulator import Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Clock, Deadline
from terraform_provider_veeam.em.errors import (
    CertificateNotTrusted,
    Stopped,
    TokenRefused,
    Unsettled,
)
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.models import RestorePointRef
from terraform_provider_veeam.keep_alive.holder import BackgroundHolder, Ending, Holder
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.mount_sessions.record import SessionRecord

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
LIMIT = 900.0

Reports = list[tuple[str, str | None]]


@pytest.fixture
def orders(
    make_em: MakeEm,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> list[Order]:
    """Orders for two mounts of a process that has ended, each for the time of the idle limit."""
    process = make_em()
    made = [process.mounts.create(restore_point, None, deadline()) for _ in range(2)]
    process.close(1)
    records = [SessionRecord(process.base_url, m.session, m.mount_point.href) for m in made]
    return [Order(process.settings, record, LIMIT, LIMIT, at=clock.now) for record in records]


@pytest.fixture
def reports() -> Reports:
    return []


@pytest.fixture
def holder(clock: FakeClock, reports: Reports) -> Holder:
    return make_holder(clock, reports)


def make_holder(clock: Clock, reports: Reports) -> Holder:
    def report(record: SessionRecord, told: object) -> None:
        text = None if told is None else str(getattr(told, "summary", told))
        reports.append((record.fingerprint, text))

    return Holder(clock=clock, report=report)


@pytest.fixture
def em(make_em: MakeEm) -> EnterpriseManager:
    return make_em(max_retries=0)


def fingerprint(order: Order) -> str:
    return order.record.fingerprint


def test_each_mount_point_is_read_at_a_third_of_the_idle_limit(
    holder: Holder,
    em: EnterpriseManager,
    orders: list[Order],
    clock: FakeClock,
    simulator: Simulator,
    reports: Reports,
) -> None:
    for order in orders:
        holder.hold(replace(order, seconds=2 * LIMIT), em.mounts.touch)
    clock.waits.clear()
    holder.run()
    assert clock.waits == pytest.approx([LIMIT / 3] * 6)
    reads = [
        e for e in simulator.journal if e.method == "GET" and e.user_agent and "/mounts/" in e.path
    ]
    assert len(simulator.mounts()) == 2
    assert {e.session_id for e in reads} == {o.record.session.session_id for o in orders}
    ended = [(fingerprint, told) for fingerprint, told in reports if told]
    assert sorted(ended) == sorted((fingerprint(o), str(Ending.TIME_OVER)) for o in orders)


def test_each_session_has_the_idle_limit_of_its_own_order(
    holder: Holder,
    em: EnterpriseManager,
    orders: list[Order],
    clock: FakeClock,
    simulator: Simulator,
) -> None:
    holder.hold(orders[0], em.mounts.touch)
    holder.hold(replace(orders[1], idle_limit=LIMIT / 10), em.mounts.touch)
    before = len(simulator.journal)
    holder.run()
    read = [entry.session_id for entry in simulator.journal[before:]]
    assert [read.count(o.record.session.session_id) for o in orders] == [3, 30]


def test_one_whose_mount_point_is_gone_is_let_go_of_and_the_other_held(
    holder: Holder,
    em: EnterpriseManager,
    orders: list[Order],
    client: Client,
    deadline: MakeDeadline,
    reports: Reports,
    simulator: Simulator,
) -> None:
    for order in orders:
        holder.hold(order, em.mounts.touch)
    gone = orders[0].record
    client.request("DELETE", gone.href, deadline(), token=gone.session.token)
    holder.run()
    assert (gone.fingerprint, str(Ending.NO_MOUNT_LEFT)) in reports
    assert (fingerprint(orders[1]), str(Ending.TIME_OVER)) in reports
    # Nothing is logged out on one word.
    assert gone.session.session_id in simulator.sessions()


def test_a_session_can_be_let_go_of(
    holder: Holder, em: EnterpriseManager, orders: list[Order], reports: Reports
) -> None:
    for order in orders:
        holder.hold(order, em.mounts.touch)
    holder.release(fingerprint(orders[0]))
    assert [held.order.record for held in holder.held()] == [orders[1].record]
    holder.release(fingerprint(orders[1]), "/another/mounts/1")
    assert len(holder.held()) == 1
    holder.release(fingerprint(orders[1]), orders[1].record.href)
    assert reports == [(fingerprint(order), str(Ending.RELEASED)) for order in orders]
    holder.run()
    assert not holder.hold(orders[0], em.mounts.touch)


def test_the_latest_order_counts_whichever_comes_first(
    make_em: MakeEm, clock: FakeClock, orders: list[Order]
) -> None:
    short, long = orders[0], replace(orders[0], seconds=10 * LIMIT, at=clock.now + 1)
    for given in ((short, long), (long, short)):
        holder = Holder(clock=clock)
        for order in given:
            assert holder.take(order, make_em().mounts.touch)
        (held,) = holder.held()
        assert held.remaining == 10 * LIMIT


def test_a_later_order_is_read_by_its_own_settings(
    holder: Holder, em: EnterpriseManager, orders: list[Order], clock: FakeClock
) -> None:
    read: list[str] = []
    for number, name in enumerate(("first", "second")):
        order = replace(orders[0], at=clock.now + number)
        holder.take(order, lambda *_, name=name: read.append(name))
    assert read == ["first", "second"]
    holder.run()
    assert read[2:] == ["second"] * 2


def test_a_later_order_that_is_refused_leaves_the_earlier_one_alone(
    holder: Holder, em: EnterpriseManager, make_em: MakeEm, orders: list[Order]
) -> None:
    holder.take(orders[0], em.mounts.touch)
    elsewhere = make_em(certificate_fingerprint="0" * 64)
    with pytest.raises(CertificateNotTrusted):
        holder.take(replace(orders[0], at=math.inf), elsewhere.mounts.touch)
    assert len(holder.held()) == 1


def test_what_comes_after_the_end_is_not_taken(
    holder: Holder, em: EnterpriseManager, orders: list[Order], simulator: Simulator
) -> None:
    holder.hold(replace(orders[0], seconds=1), em.mounts.touch)
    holder.run()
    before = len(simulator.journal)
    assert not holder.hold(orders[1], em.mounts.touch)
    assert not holder.take(orders[1], em.mounts.touch)
    assert len(simulator.journal) == before


def test_a_stop_ends_it_and_is_told(
    holder: Holder, em: EnterpriseManager, orders: list[Order], reports: Reports
) -> None:
    holder.hold(orders[0], em.mounts.touch)
    holder.stop()
    holder.run()
    assert reports == [(fingerprint(orders[0]), str(Ending.STOPPED))]
    assert not holder.hold(orders[1], em.mounts.touch)


def test_it_waits_for_its_first_order_and_not_for_ever(
    em: EnterpriseManager, orders: list[Order], clock: FakeClock
) -> None:
    began = clock.now
    Holder(clock=clock, patience=30).run()
    assert clock.now == began + 30

    holder = Holder(clock=clock, patience=300)
    clock.at_next_wait = lambda: taken.append(holder.take(orders[0], em.mounts.touch))
    taken: list[bool] = []
    holder.run()
    assert clock.now == began + 30 + 300 + LIMIT


def test_an_order_that_is_being_read_keeps_it_from_ending(
    em: EnterpriseManager, orders: list[Order], clock: FakeClock
) -> None:
    holder = Holder(clock=clock)
    reading, go_on = threading.Event(), threading.Event()

    def touch(*_: object) -> None:
        reading.set()
        go_on.wait(10)

    taken: list[bool] = []
    order = replace(orders[0], seconds=1e9)  # the clock runs fast
    taking = threading.Thread(target=lambda: taken.append(holder.take(order, touch)))
    taking.start()
    reading.wait(10)
    running = threading.Thread(target=holder.run)
    running.start()
    running.join(0.2)
    assert running.is_alive()
    go_on.set()
    taking.join(10)
    assert taken == [True]
    holder.end()
    running.join(10)
    assert not running.is_alive()


@pytest.mark.parametrize(
    ("interrupt", "reason"),
    [
        (lambda holder, order: holder.release(fingerprint(order)), "unmounted on this machine"),
        (lambda holder, _: holder.end(), "it was stopped"),
    ],
)
def test_an_order_that_is_let_go_of_while_it_is_read_is_refused(
    holder: Holder, orders: list[Order], interrupt: Callable[..., None], reason: str
) -> None:
    with pytest.raises(Stopped, match=reason):
        holder.take(orders[0], lambda *_: interrupt(holder, orders[0]))
    assert holder.held() == []


def test_another_keepers_later_order_ends_the_earlier_one_also_while_that_is_read(
    holder: Holder, em: EnterpriseManager, orders: list[Order], clock: FakeClock
) -> None:
    one = orders[0]

    def meanwhile(at: float) -> Callable[..., None]:
        return lambda *_: holder.release(fingerprint(one), one.record.href, before=at)

    assert holder.take(one, meanwhile(one.at + 1))
    assert holder.held() == []
    assert holder.take(one, meanwhile(one.at))
    assert len(holder.held()) == 1
    meanwhile(one.at + 1)()
    assert holder.held() == []


def test_an_order_for_a_command_and_one_for_a_time_are_two(
    em: EnterpriseManager, orders: list[Order], clock: FakeClock
) -> None:
    holder = Holder(clock=clock, is_alive=lambda _: clock.now < 1000 + 2 * LIMIT)
    holder.hold(orders[0], em.mounts.touch)
    holder.hold(replace(orders[0], seconds=math.inf, terraform=7), em.mounts.touch)
    assert len(holder.held()) == 2
    later = orders[0].at + 1
    holder.release(fingerprint(orders[0]), orders[0].record.href, before=later)
    (held,) = holder.held()
    assert (held.order.terraform, held.remaining) == (7, math.inf)
    holder.run()
    assert 2 * LIMIT <= clock.now - 1000 <= 2 * LIMIT + 1


def test_a_session_that_was_used_a_moment_ago_is_not_read_at_once(
    holder: Holder,
    em: EnterpriseManager,
    orders: list[Order],
    clock: FakeClock,
    simulator: Simulator,
) -> None:
    before = len(simulator.journal)
    clock.at_next_wait = lambda: asked.append(len(simulator.journal) - before)
    asked: list[int] = []
    holder.hold(replace(orders[0], used=clock.now - 100), em.mounts.touch)
    clock.waits.clear()
    holder.run()
    assert asked == [0]
    assert clock.waits[0] == LIMIT / 3 - 100


@pytest.mark.parametrize("has_only_the_token", [False, True])
def test_a_log_out_by_others_is_no_loss(
    make_em: MakeEm,
    orders: list[Order],
    client: Client,
    deadline: MakeDeadline,
    reports: Reports,
    clock: FakeClock,
    *,
    has_only_the_token: bool,
) -> None:
    """Who has only the token can't ask whether the session has ended, and asks more than once."""
    nobody: dict[str, Any] = {"username": None, "password": None} if has_only_the_token else {}
    session = orders[0].record.session
    path = f"/logonSessions/{session.session_id}"

    def log_out() -> None:
        client.request("DELETE", path, deadline(), token=session.token)

    clock.at_next_wait = log_out
    holder = make_holder(clock, reports)
    em = make_em(max_retries=0, **nobody)
    holder.hold(replace(orders[0], seconds=10 * LIMIT), em.mounts.touch)
    began = clock.now
    holder.run()
    assert reports[-1] == (fingerprint(orders[0]), str(Ending.LOGGED_OUT))
    assert not Ending.LOGGED_OUT.is_loss
    assert clock.now - began == pytest.approx((2 if has_only_the_token else 1) / 3 * LIMIT)


def test_a_token_that_is_refused_for_a_moment_is_no_end(
    holder: Holder, orders: list[Order], reports: Reports
) -> None:
    answers = iter([False, True, False])

    def touch(*_: object) -> None:
        if next(answers, False):
            refused = TokenRefused("The token is refused", status=401)
            raise Unsettled("It is not known", refused=refused)

    holder.hold(orders[0], touch)
    holder.run()
    assert [told for _, told in reports] == [
        None,
        "It is not known",
        None,
        str(Ending.TIME_OVER),
    ]


@pytest.mark.parametrize(
    ("has_only_the_token", "ending"),
    [(False, Ending.SESSION_ENDED), (True, Ending.SHUT_OUT)],
)
def test_a_session_that_was_idle_for_too_long_has_ended(
    make_em: MakeEm,
    holder: Holder,
    orders: list[Order],
    simulator: Simulator,
    reports: Reports,
    clock: FakeClock,
    *,
    has_only_the_token: bool,
    ending: Ending,
) -> None:
    def sleep() -> None:
        clock.now += 2 * LIMIT  # the machine was suspended
        simulator.expire_sessions()

    nobody: dict[str, Any] = {"username": None, "password": None} if has_only_the_token else {}
    clock.at_next_wait = sleep
    em = make_em(max_retries=0, **nobody)
    holder.hold(replace(orders[0], seconds=10 * LIMIT), em.mounts.touch)
    holder.run()
    told = [told for _, told in reports]
    assert (told[0], told[-1]) == (None, str(ending))
    assert ending.is_loss


def test_a_session_that_was_never_held_is_lost(
    holder: Holder,
    em: EnterpriseManager,
    orders: list[Order],
    simulator: Simulator,
    reports: Reports,
) -> None:
    holder.hold(orders[0], em.mounts.touch)
    simulator.expire_sessions()
    holder.run()
    assert reports == [(fingerprint(orders[0]), str(Ending.SESSION_ENDED))]
    assert Ending.SESSION_ENDED.is_loss


def test_what_stands_in_the_way_is_reported_once_and_ends_it_in_time(
    holder: Holder,
    em: EnterpriseManager,
    orders: list[Order],
    simulator: Simulator,
    reports: Reports,
    clock: FakeClock,
) -> None:
    holder.hold(replace(orders[0], seconds=10 * LIMIT), em.mounts.touch)
    simulator.add_fault("status", "GET .*/mounts/1", count=None, code=500)
    began = clock.now
    holder.run()
    assert [told for _, told in reports] == [
        "Enterprise Manager could not do it",
        str(Ending.OUT_OF_REACH),
    ]
    assert LIMIT < clock.now - began < 2 * LIMIT


def test_a_certificate_that_is_not_trusted_ends_it_at_once(
    make_em: MakeEm,
    holder: Holder,
    orders: list[Order],
    clock: FakeClock,
    reports: Reports,
) -> None:
    holder.hold(orders[0], make_em(certificate_fingerprint="0" * 64).mounts.touch)
    clock.waits.clear()
    holder.run()
    assert [told for _, told in reports] == [
        "The certificate of Enterprise Manager has another fingerprint",
        str(Ending.REFUSED),
    ]
    assert clock.waits == []


def test_a_passing_fault_is_told_and_then_that_it_is_held_again(
    holder: Holder,
    em: EnterpriseManager,
    orders: list[Order],
    simulator: Simulator,
    reports: Reports,
) -> None:
    holder.hold(orders[0], em.mounts.touch)
    simulator.add_fault("status", "GET .*/mounts/1", count=1, code=500)
    holder.run()
    assert [told for _, told in reports] == [
        "Enterprise Manager could not do it",
        None,
        str(Ending.TIME_OVER),
    ]


class Ticks:
    """A clock that a test lets go on: each wait lasts until the next tick."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waiting = threading.Semaphore(0)
        self._go_on = threading.Semaphore(0)
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.waiting.release()
        self._go_on.acquire()
        self.now += seconds
        return event.is_set()

    def tick(self) -> None:
        self._go_on.release()
        assert self.waiting.acquire(timeout=10)


def test_what_this_process_has_made_is_held_while_it_lives(
    em: EnterpriseManager, orders: list[Order], simulator: Simulator
) -> None:
    clock = Ticks()
    holder = BackgroundHolder(clock)
    before = len(simulator.journal)
    record = orders[0].record
    holder.hold(record, em, "oracle03")
    assert clock.waiting.acquire(timeout=10)
    assert len(simulator.journal) == before
    for _ in range(4):
        clock.tick()
    assert clock.pauses[:4] == [LIMIT / 3] * 4
    asked = [entry.session_id for entry in simulator.journal[before:]]
    assert asked == [record.session.session_id] * 4
    clock.now += 7
    (order,) = holder.orders(4711)
    assert (order.record, order.settings, order.name) == (record, em.settings, "oracle03")
    assert (order.terraform, order.seconds, order.used) == (4711, math.inf, clock.now - 7)
    holder.release(record.fingerprint, record.href)
    assert holder.orders(4711) == []
    holder.stop()
    clock._go_on.release()
