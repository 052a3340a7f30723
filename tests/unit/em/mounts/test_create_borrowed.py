"""Making a mount in a session that somebody else made, in which nothing is guessed."""

import threading
import time
from collections.abc import Callable

import pytest

from em_simulator import ADMINISTRATOR, Family, Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import RestorePointRef

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
POST = "POST .*/mounts"


def posts(simulator: Simulator) -> int:
    return len([e for e in simulator.journal if e.method == "POST" and e.path.endswith("/mounts")])


@pytest.fixture
def borrower(simulator: Simulator, make_em: MakeEm) -> EnterpriseManager:
    """A em in somebody else's session."""
    _, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    return make_em(session_token=token, username=None, password=None)


def token_of(borrower: EnterpriseManager) -> str:
    return borrower.settings.session_token or ""


def test_a_mount_is_made_and_its_link_followed(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    foreign = simulator.mount(token_of(borrower), Family.VM, restore_point.id)
    mounted = borrower.mounts.create(restore_point, None, deadline())
    assert mounted.mount_point.href != foreign.path
    assert len(simulator.mounts()) == 2


@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "garbage"])
def test_a_lost_answer_is_not_guessed(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    """The mount of another that came meanwhile must not be taken for ours."""
    simulator.mount(token_of(borrower), Family.VM, restore_point.id)
    simulator.add_fault(fault, POST)
    with pytest.raises(errors.AnswerLost, match="not known whether"):
        borrower.mounts.create(restore_point, None, deadline())
    borrower.close(1)
    assert posts(simulator) == 1
    assert len(simulator.mounts()) == 1
    assert len(simulator.sessions()) == 1


@pytest.mark.parametrize("code", [401, 404])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stop_before_it_is_known_who_answered_leaves_it_open(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    clock: FakeClock,
    code: int,
    when: str,
) -> None:
    """A gateway may answer for a server that mounts all the same."""
    stop = threading.Event()
    simulator.add_fault("status", POST, code=code, when=when, html=True)
    borrower.sessions.browsing(Deadline("Logging on", 60, stop=stop, clock=clock))
    simulator.add_fault("delay", "GET /(logonSessions|query).*", count=None, seconds=5)

    def stop_after_the_request() -> None:
        while not posts(simulator):
            time.sleep(0.01)
        stop.set()

    threading.Thread(target=stop_after_the_request).start()
    with pytest.raises(errors.EnterpriseManagerError) as caught:
        borrower.mounts.create(
            restore_point, None, Deadline("Mounting", 600, stop=stop, clock=clock)
        )
    assert "It is not known what came of the request" in caught.value.detail
    assert len(simulator.mounts()) <= 1


def test_a_missing_link_is_told_with_the_task(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    foreign = simulator.mount(token_of(borrower), Family.VM, restore_point.id)
    simulator.add_fault("no-related-link", POST)
    with pytest.raises(errors.TaskFailed, match="task-2") as caught:
        borrower.mounts.create(restore_point, None, deadline())
    assert "It is not known what became of task" in caught.value.detail
    assert foreign.path in {mount.path for mount in simulator.mounts()}


def test_giving_up_in_a_borrowed_session_cancels_our_task_and_nothing_else(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    foreign = simulator.mount(token_of(borrower), Family.VM, restore_point.id)
    with pytest.raises(errors.DeadlinePassed, match="task-2 was cancelled") as caught:
        borrower.mounts.create(restore_point, None, deadline(5))
    assert "mounted after all" in caught.value.detail  # it may have finished meanwhile
    borrower.close(1)
    assert [mount.path for mount in simulator.mounts()] == [foreign.path]
    assert len(simulator.sessions()) == 1


def test_no_more_is_said_than_was_seen(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    """The cancel is accepted, and the server mounts all the same."""
    simulator.add_fault("cancel-late", "DELETE /tasks/.*", seconds=2)
    with pytest.raises(errors.DeadlinePassed) as caught:
        borrower.mounts.create(restore_point, None, deadline(5))
    clock.wait(threading.Event(), 60)
    assert len(simulator.mounts()) == 1
    assert "nothing is left" not in caught.value.detail
    assert "unmount it there" in caught.value.detail


def test_a_task_that_failed_is_all_that_is_told(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("task-fails", POST, message="No disk.")
    with pytest.raises(errors.TaskFailed, match="No disk") as caught:
        borrower.mounts.create(restore_point, None, deadline())
    assert "left" not in caught.value.detail


def test_a_borrowed_session_that_has_ended_is_told_as_a_refused_token(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    borrower.sessions.browsing(deadline())
    simulator.expire_sessions()
    with pytest.raises(errors.LogonRefused, match="refuses the session token"):
        borrower.mounts.create(restore_point, None, deadline())


def test_a_gateway_that_refuses_the_token_once_is_not_taken_for_the_server(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", POST, code=401, when="after", html=True)
    with pytest.raises(errors.AnswerLost, match="not known whether"):
        borrower.mounts.create(restore_point, None, deadline())
    assert posts(simulator) == 1


def test_a_gateway_that_refuses_the_token_again_and_again_leaves_it_open(
    simulator: Simulator,
    borrower: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    borrower.sessions.browsing(deadline())
    simulator.add_fault("status", POST, code=401, when="after", html=True)
    simulator.add_fault("status", "GET /logonSessions.*", count=None, code=401, html=True)
    with pytest.raises(errors.LogonRefused, match="refuses the session token") as caught:
        borrower.mounts.create(restore_point, None, deadline())
    assert "Look there for a mount of the restore point" in caught.value.detail
    assert posts(simulator) == 1
