"""Holding a session: how often, for whom, and why it ends."""

import threading
from collections.abc import Callable

import pytest

from clocks import FakeClock
from em_simulator import Simulator
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import Mounted, RestorePointRef
from terraform_provider_veeam.keep_alive.holder import Ending, SessionHolder

MakeDeadline = Callable[..., Deadline]
MakeManager = Callable[..., EnterpriseManager]
LIMIT = 900.0


@pytest.fixture
def mounts(
    make_manager: MakeManager, restore_point: RestorePointRef, deadline: MakeDeadline
) -> list[Mounted]:
    """Two mounts of a process that has ended."""
    process = make_manager()
    made = [process.mount(restore_point, None, deadline()) for _ in range(2)]
    process.close(1)
    return made


@pytest.fixture
def reports() -> list[str | None]:
    return []


@pytest.fixture
def holder(
    make_manager: MakeManager,
    mounts: list[Mounted],
    clock: FakeClock,
    reports: list[str | None],
) -> SessionHolder:
    return SessionHolder(
        make_manager(max_retries=0),
        mounts[0].session,
        clock=clock,
        report=lambda error: reports.append(error.summary if error else None),
    )


def unmount(manager: EnterpriseManager, mounted: Mounted, deadline: Deadline) -> None:
    point = mounted.mount_point
    manager.unmount(mounted.session, point.restore_point, point.mount_id, deadline)


def test_a_mount_point_is_read_at_a_third_of_the_idle_limit(
    holder: SessionHolder, mounts: list[Mounted], clock: FakeClock, simulator: Simulator
) -> None:
    holder.add([mounts[0].mount_point.href], 2 * LIMIT)
    clock.waits.clear()
    assert holder.run() is Ending.TIME_OVER
    assert clock.waits == [LIMIT / 3] * 6
    assert len(simulator.mounts()) == 2


def test_the_session_is_left_alone_while_another_mount_point_lives_in_it(
    holder: SessionHolder,
    mounts: list[Mounted],
    make_manager: MakeManager,
    deadline: MakeDeadline,
    simulator: Simulator,
) -> None:
    holder.add([mounts[0].mount_point.href], LIMIT)
    unmount(make_manager(), mounts[0], deadline())
    assert holder.run() is Ending.NO_MOUNT_LEFT
    assert [m.path for m in simulator.mounts()] == [mounts[1].mount_point.href]


def test_the_session_is_logged_out_when_nothing_lives_in_it(
    holder: SessionHolder,
    mounts: list[Mounted],
    client: Client,
    deadline: MakeDeadline,
    simulator: Simulator,
) -> None:
    holder.add([m.mount_point.href for m in mounts], LIMIT)
    for mounted in mounts:
        href = mounted.mount_point.href
        client.request("DELETE", href, deadline(), token=mounted.session.token)
    assert holder.run() is Ending.NO_MOUNT_LEFT
    assert simulator.sessions() == []


def test_a_mount_point_can_be_let_go_of(
    holder: SessionHolder, mounts: list[Mounted], clock: FakeClock
) -> None:
    one, other = (m.mount_point.href for m in mounts)
    holder.add([one], 10 * LIMIT)
    holder.add([other], LIMIT)
    holder.add([one], 0)
    assert holder.remaining == LIMIT
    assert holder.run() is Ending.TIME_OVER


def test_what_comes_after_the_end_is_not_taken(
    holder: SessionHolder, mounts: list[Mounted]
) -> None:
    holder.add([mounts[0].mount_point.href], 1)
    holder.run()
    assert not holder.add([mounts[1].mount_point.href], LIMIT)


def test_a_log_out_by_others_is_no_loss(
    make_manager: MakeManager,
    mounts: list[Mounted],
    client: Client,
    deadline: MakeDeadline,
) -> None:
    session = mounts[0].session

    class LogsOut(FakeClock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            path = f"/logonSessions/{session.session_id}"
            client.request("DELETE", path, deadline(), token=session.token)
            return super().wait(event, seconds)

    holder = SessionHolder(make_manager(), mounts[0].session, clock=LogsOut())
    holder.add([m.mount_point.href for m in mounts], LIMIT)
    assert holder.run() is Ending.LOGGED_OUT


def test_a_session_that_was_never_held_is_lost(
    holder: SessionHolder, mounts: list[Mounted], simulator: Simulator
) -> None:
    holder.add([mounts[0].mount_point.href], LIMIT)
    simulator.expire_sessions()
    assert holder.run() is Ending.SESSION_ENDED


def test_what_stands_in_the_way_is_reported_once_and_ends_it_in_time(
    holder: SessionHolder, mounts: list[Mounted], simulator: Simulator, reports: list[str | None]
) -> None:
    holder.add([mounts[0].mount_point.href], 10 * LIMIT)
    simulator.add_fault("status", "GET .*/mounts/1", count=None, code=500)
    assert holder.run() is Ending.OUT_OF_REACH
    assert reports == ["Enterprise Manager could not do it"]


def test_a_certificate_that_is_not_trusted_ends_it_at_once(
    make_manager: MakeManager,
    mounts: list[Mounted],
    clock: FakeClock,
    reports: list[str | None],
) -> None:
    holder = SessionHolder(
        make_manager(certificate_fingerprint="0" * 64),
        mounts[0].session,
        clock=clock,
        report=lambda error: reports.append(error.summary if error else None),
    )
    holder.add([mounts[0].mount_point.href], LIMIT)
    clock.waits.clear()
    assert holder.run() is Ending.REFUSED
    assert reports == ["The certificate of Enterprise Manager has another fingerprint"]
    assert clock.waits == []


def test_a_passing_fault_is_told_and_then_that_it_is_held_again(
    holder: SessionHolder, mounts: list[Mounted], simulator: Simulator, reports: list[str | None]
) -> None:
    holder.add([mounts[0].mount_point.href], LIMIT)
    simulator.add_fault("status", "GET .*/mounts/1", count=1, code=500)
    assert holder.run() is Ending.TIME_OVER
    assert reports == ["Enterprise Manager could not do it", None]
