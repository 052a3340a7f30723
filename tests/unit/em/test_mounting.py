"""Mounting, and every way out of it."""

import threading
from collections.abc import Callable

import pytest

from clocks import FakeClock
from em_simulator import ADMINISTRATOR, Family, MountNumbers, Simulator
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType

MakeDeadline = Callable[..., Deadline]
MakeManager = Callable[..., EnterpriseManager]
POST = "POST .*/mounts"


def posts(simulator: Simulator) -> int:
    return len([e for e in simulator.journal if e.method == "POST" and e.path.endswith("/mounts")])


@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "garbage", "html", "wrong-shape"])
def test_a_mount_whose_answer_is_lost_is_found_and_not_asked_for_again(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    simulator.add_fault(fault, POST)
    mounted = manager.mount(restore_point, None, deadline())
    (there,) = simulator.mounts()
    assert there.path == mounted.mount_point.href
    assert posts(simulator) == 1


@pytest.mark.parametrize("fault", ["reset-before", "status"])
def test_a_mount_that_was_certainly_not_taken_is_asked_for_again(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    simulator.add_fault(fault, POST, count=2)
    manager.mount(restore_point, None, deadline())
    assert len(simulator.mounts()) == 1
    assert posts(simulator) == 3


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_status_after_the_server_has_acted_makes_no_second_mount(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    code: int,
) -> None:
    simulator.add_fault("status", POST, code=code, when="after")
    manager.mount(restore_point, None, deadline())
    assert len(simulator.mounts()) == posts(simulator) == 1


@pytest.mark.parametrize("numbers", list(MountNumbers))
def test_a_task_without_a_link_is_found_in_the_collection(
    clock: FakeClock, make_manager: MakeManager, deadline: MakeDeadline, numbers: MountNumbers
) -> None:
    with Simulator(clock=clock, mount_numbers=numbers) as simulator:
        manager = make_manager(
            base_url=f"{simulator.url}/api",
            certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
        )
        simulator.add_fault("no-related-link", POST, count=None)
        first, second = (
            RestorePointRef(RestorePointType.VM, point.id)
            for point in simulator.restore_points(Family.VM)[:2]
        )
        found = [manager.mount(ref, None, deadline()).mount_point for ref in (first, second, first)]
        assert {point.href for point in found} == {mount.path for mount in simulator.mounts()}
        assert len({point.href for point in found}) == 3
        manager.close(1)


def test_links_on_another_host_are_followed_on_the_configured_one(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("foreign-href", ".*", count=None)
    mounted = manager.mount(restore_point, None, deadline())
    assert mounted.mount_point.href == simulator.mounts()[0].path


def test_a_task_that_is_forgotten_as_soon_as_it_is_finished_has_mounted(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("task-vanishes", POST)
    mounted = manager.mount(restore_point, None, deadline())
    assert [mount.path for mount in simulator.mounts()] == [mounted.mount_point.href]


def test_one_task_alone_that_is_forgotten_leaves_nothing_mounted(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    kept = manager.mount(restore_point, None, deadline())
    simulator.add_fault("task-vanishes", POST)
    with pytest.raises(errors.TaskVanished, match="is gone; nothing is left mounted"):
        manager.mount(restore_point, None, deadline())
    assert [mount.path for mount in simulator.mounts()] == [kept.mount_point.href]


def test_a_mount_that_takes_too_long_is_cancelled(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    with pytest.raises(errors.DeadlinePassed, match="cancelled; nothing is left mounted"):
        manager.mount(restore_point, None, deadline(5))
    assert simulator.mounts() == []
    manager.close(1)
    assert simulator.sessions() == []


def test_a_mount_that_can_not_be_read_is_returned_with_the_error(
    simulator: Simulator,
    make_manager: MakeManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", r"GET .*/mounts/\d+", count=None, code=500)
    manager = make_manager()
    with pytest.raises(errors.MountIncomplete) as caught:
        manager.mount(restore_point, None, deadline())
    assert caught.value.mounted.mount_point.href == simulator.mounts()[0].path
    manager.close(1)
    assert len(simulator.sessions()) == 1  # the mount lives in it


def test_the_session_ending_during_the_mount_is_told(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("expire-all", "GET /tasks.*")
    with pytest.raises(errors.TaskVanished, match="session ended during the mount"):
        manager.mount(restore_point, None, deadline())
    assert simulator.mounts() == []


def test_a_session_that_idled_away_before_the_mount_is_replaced(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    first = manager.session(deadline())
    simulator.expire_sessions()
    mounted = manager.mount(restore_point, None, deadline())
    assert mounted.session.session_id != first.session_id
    assert len(simulator.mounts()) == 1


def test_one_refusal_of_the_token_does_not_lose_the_mount(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", r"GET .*/mounts/\d+", code=401)
    with pytest.raises(errors.MountIncomplete) as caught:
        manager.mount(restore_point, None, deadline())
    (there,) = simulator.mounts()
    assert caught.value.mounted.mount_point.href == there.path


def test_a_task_of_somebody_else_in_a_borrowed_session_is_not_taken_for_ours(
    simulator: Simulator,
    make_manager: MakeManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    session_id, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    manager = make_manager(session_token=token, username=None, password=None)
    manager.mount(restore_point, None, deadline())
    foreign = simulator.mount(token, Family.VM, simulator.restore_points(Family.VM)[1].id)
    simulator.add_fault("status", POST)
    mounted = manager.mount(restore_point, None, deadline())
    assert mounted.mount_point.href != foreign.path
    assert restore_point.id in mounted.mount_point.href
    assert session_id in simulator.sessions()


def test_giving_up_in_a_borrowed_session_unmounts_nothing_of_others(
    simulator: Simulator,
    make_manager: MakeManager,
    restore_point: RestorePointRef,
    clock: FakeClock,
) -> None:
    _, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    manager = make_manager(session_token=token, username=None, password=None)

    class MountsMeanwhile(FakeClock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            if not simulator.mounts():
                simulator.add_fault("no-related-link", ".*", count=None)
                simulator.mount(token, Family.VM, restore_point.id)
            return super().wait(event, seconds)

    other = MountsMeanwhile()
    bound = Deadline(operation="The test", seconds=5, stop=threading.Event(), clock=other)
    with pytest.raises(errors.DeadlinePassed):
        manager.mount(restore_point, None, bound)
    assert len(simulator.mounts()) == 1


def test_a_mount_that_turns_up_after_its_request_was_lost_is_unmounted_at_the_end(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    kept = manager.mount(restore_point, None, deadline())
    late = RestorePointRef(RestorePointType.VM, simulator.restore_points(Family.VM)[1].id)
    simulator.add_fault("reset-after", POST)
    simulator.add_fault("status", "GET /tasks.*", count=None, code=500)
    with pytest.raises(errors.AnswerLost, match="not known whether"):
        manager.mount(late, None, deadline())
    simulator.clear_faults()
    manager.close(1)
    assert [m.path for m in simulator.mounts()] == [kept.mount_point.href]


def test_the_server_says_when_a_mount_may_be_asked_for_again(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    simulator.add_fault("status", POST, code=503, retry_after=6)
    manager.mount(restore_point, None, deadline())
    assert 6.0 in clock.waits


def test_a_stop_cancels_what_is_under_way(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    clock: FakeClock,
) -> None:
    stop = threading.Event()

    class Interrupted(FakeClock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            stop.set()
            return True

    bound = Deadline(operation="The test", seconds=600, stop=stop, clock=Interrupted())
    with pytest.raises(errors.Stopped, match="cancelled; nothing is left mounted"):
        manager.mount(restore_point, None, bound)
    assert [e.path for e in simulator.journal if e.method == "DELETE"] == ["/tasks/task-1"]
