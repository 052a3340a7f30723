"""Holding sessions: how often, for whom, and why each ends."""

import threading
from collections.abc import Callable

import pytest

from em_simulator import Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Clock, Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import RestorePointRef
from terraform_provider_veeam.keep_alive.holder import BackgroundHolder, Ending, Holder
from terraform_provider_veeam.sessions.record import SessionRecord

MakeDeadline = Callable[..., Deadline]
MakeManager = Callable[..., EnterpriseManager]
LIMIT = 900.0

Reports = list[tuple[str, str | None]]


@pytest.fixture
def records(
    make_manager: MakeManager, restore_point: RestorePointRef, deadline: MakeDeadline
) -> list[SessionRecord]:
    """The sessions of two mounts of a process that has ended."""
    process = make_manager()
    made = [process.mount(restore_point, None, deadline()) for _ in range(2)]
    process.close(1)
    return [SessionRecord(process.base_url, m.session, m.mount_point.href) for m in made]


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

    return Holder(clock=clock, idle_limit=LIMIT, report=report)


@pytest.fixture
def manager(make_manager: MakeManager) -> EnterpriseManager:
    return make_manager(max_retries=0)


def test_each_mount_point_is_read_at_a_third_of_the_idle_limit(
    holder: Holder,
    manager: EnterpriseManager,
    records: list[SessionRecord],
    clock: FakeClock,
    simulator: Simulator,
    reports: Reports,
) -> None:
    for record in records:
        holder.hold(record, manager.touch, 2 * LIMIT)
    clock.waits.clear()
    holder.run()
    assert clock.waits == pytest.approx([LIMIT / 3] * 6)
    reads = [
        e for e in simulator.journal if e.method == "GET" and e.user_agent and "/mounts/" in e.path
    ]
    assert len(simulator.mounts()) == 2
    assert {e.session_id for e in reads} == {r.session.session_id for r in records}
    ended = [(fingerprint, told) for fingerprint, told in reports if told]
    assert sorted(ended) == sorted((r.fingerprint, str(Ending.TIME_OVER)) for r in records)


def test_one_whose_mount_point_is_gone_is_let_go_of_and_the_other_held(
    holder: Holder,
    manager: EnterpriseManager,
    records: list[SessionRecord],
    client: Client,
    deadline: MakeDeadline,
    reports: Reports,
    simulator: Simulator,
) -> None:
    for record in records:
        holder.hold(record, manager.touch, LIMIT)
    gone = records[0]
    client.request("DELETE", gone.href, deadline(), token=gone.session.token)
    holder.run()
    assert (gone.fingerprint, str(Ending.NO_MOUNT_LEFT)) in reports
    assert (records[1].fingerprint, str(Ending.TIME_OVER)) in reports
    # Nothing is logged out on one word.
    assert gone.session.session_id in simulator.sessions()


def test_a_session_can_be_let_go_of(
    holder: Holder, manager: EnterpriseManager, records: list[SessionRecord]
) -> None:
    for record in records:
        holder.hold(record, manager.touch, 10 * LIMIT)
    holder.release(records[0].fingerprint)
    assert [held.record for held in holder.held()] == [records[1]]
    holder.release(records[1].fingerprint, "/another/mounts/1")
    assert len(holder.held()) == 1
    holder.release(records[1].fingerprint, records[1].href)
    holder.run()
    assert not holder.hold(records[0], manager.touch, LIMIT)


def test_a_new_order_takes_the_place_of_the_old_one(
    holder: Holder, manager: EnterpriseManager, records: list[SessionRecord]
) -> None:
    holder.hold(records[0], manager.touch, 10 * LIMIT)
    holder.hold(records[0], manager.touch, LIMIT)
    (held,) = holder.held()
    assert held.remaining == LIMIT


def test_what_comes_after_the_end_is_not_taken(
    holder: Holder, manager: EnterpriseManager, records: list[SessionRecord]
) -> None:
    holder.hold(records[0], manager.touch, 1)
    holder.run()
    assert not holder.hold(records[1], manager.touch, LIMIT)


def test_a_stop_ends_it_and_is_told(
    holder: Holder, manager: EnterpriseManager, records: list[SessionRecord], reports: Reports
) -> None:
    holder.hold(records[0], manager.touch, LIMIT)
    holder.stop()
    holder.run()
    assert reports == [(records[0].fingerprint, str(Ending.STOPPED))]
    assert not holder.hold(records[1], manager.touch, LIMIT)


def test_a_session_that_was_not_used_for_minutes_is_read_at_once(
    manager: EnterpriseManager, records: list[SessionRecord], simulator: Simulator
) -> None:
    """The plan left it, and a person may have taken minutes to say `yes`."""
    clock = Ticks()
    holder = BackgroundHolder(clock)
    before = len(simulator.journal)
    holder.hold(records[0], manager.touch, unused=LIMIT / 2)
    assert clock.waiting.acquire(timeout=10)
    assert len(simulator.journal) == before + 1
    holder.stop()
    clock._go_on.release()


def test_a_log_out_by_others_is_no_loss(
    manager: EnterpriseManager,
    records: list[SessionRecord],
    client: Client,
    deadline: MakeDeadline,
    reports: Reports,
) -> None:
    session = records[0].session

    class LogsOut(FakeClock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            path = f"/logonSessions/{session.session_id}"
            client.request("DELETE", path, deadline(), token=session.token)
            return super().wait(event, seconds)

    holder = make_holder(LogsOut(), reports)
    holder.hold(records[0], manager.touch, LIMIT)
    holder.run()
    assert reports[-1] == (records[0].fingerprint, str(Ending.LOGGED_OUT))
    assert not Ending.LOGGED_OUT.is_loss


def test_a_session_that_was_never_held_is_lost(
    holder: Holder,
    manager: EnterpriseManager,
    records: list[SessionRecord],
    simulator: Simulator,
    reports: Reports,
) -> None:
    holder.hold(records[0], manager.touch, LIMIT)
    simulator.expire_sessions()
    holder.run()
    assert reports == [(records[0].fingerprint, str(Ending.SESSION_ENDED))]
    assert Ending.SESSION_ENDED.is_loss


def test_what_stands_in_the_way_is_reported_once_and_ends_it_in_time(
    holder: Holder,
    manager: EnterpriseManager,
    records: list[SessionRecord],
    simulator: Simulator,
    reports: Reports,
    clock: FakeClock,
) -> None:
    holder.hold(records[0], manager.touch, 10 * LIMIT)
    simulator.add_fault("status", "GET .*/mounts/1", count=None, code=500)
    began = clock.now
    holder.run()
    assert [told for _, told in reports] == [
        "Enterprise Manager could not do it",
        str(Ending.OUT_OF_REACH),
    ]
    assert LIMIT < clock.now - began < 2 * LIMIT


def test_a_certificate_that_is_not_trusted_ends_it_at_once(
    make_manager: MakeManager,
    holder: Holder,
    records: list[SessionRecord],
    clock: FakeClock,
    reports: Reports,
) -> None:
    holder.hold(records[0], make_manager(certificate_fingerprint="0" * 64).touch, LIMIT)
    clock.waits.clear()
    holder.run()
    assert [told for _, told in reports] == [
        "The certificate of Enterprise Manager has another fingerprint",
        str(Ending.REFUSED),
    ]
    assert clock.waits == []


def test_a_passing_fault_is_told_and_then_that_it_is_held_again(
    holder: Holder,
    manager: EnterpriseManager,
    records: list[SessionRecord],
    simulator: Simulator,
    reports: Reports,
) -> None:
    holder.hold(records[0], manager.touch, LIMIT)
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
    manager: EnterpriseManager, records: list[SessionRecord], simulator: Simulator
) -> None:
    clock = Ticks()
    holder = BackgroundHolder(clock)
    before = len(simulator.journal)
    holder.hold(records[0], manager.touch)
    assert clock.waiting.acquire(timeout=10)
    assert len(simulator.journal) == before
    for _ in range(4):
        clock.tick()
    assert clock.pauses[:4] == [LIMIT / 3] * 4
    asked = [entry.session_id for entry in simulator.journal[before:]]
    assert asked == [records[0].session.session_id] * 4
    holder.release(records[0].fingerprint, records[0].href)
    holder.stop()
    clock._go_on.release()
