"""Waiting for a task: how often it is looked at, and when it is given up."""

from collections.abc import Callable

import pytest

from em_simulator import Simulator
from em_simulator.habits import Habits, Unknown
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import LogonSession, RestorePointRef, Task
from terraform_provider_veeam.em.polling import looks
from terraform_provider_veeam.em.tasks import Tasks, parse_task

MakeDeadline = Callable[..., Deadline]


@pytest.fixture
def begun(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> tuple[Tasks, Task]:
    """A mount that takes ten seconds."""
    session: LogonSession = em.sessions.browsing(deadline())
    answer = em._client.request("POST", restore_point.mounts, deadline(), token=session.token)
    task = parse_task(answer.document.value)
    assert task
    return Tasks(em.sessions, session), task


def test_looks_come_at_a_fifth_of_the_time_so_far_and_at_least_every_two_seconds(
    clock: FakeClock, deadline: MakeDeadline
) -> None:
    for now in looks(deadline()):
        assert now <= 1.2 * (now - clock.waits[-1]) + 0.101 or clock.waits[-1] == 2.0
        if now > 60:
            break
    assert clock.waits[:2] == [0.1, 0.1]
    assert max(clock.waits) == 2.0
    assert clock.waits == sorted(clock.waits)


def test_a_task_is_waited_for_until_it_is_finished(
    begun: tuple[Tasks, Task], deadline: MakeDeadline, clock: FakeClock
) -> None:
    tasks, task = begun
    began = clock.now
    done = tasks.wait(task, deadline())
    assert (done.finished, done.success) == (True, True)
    assert 10 <= clock.now - began <= 12.1


def test_a_result_before_the_end_is_not_believed(
    begun: tuple[Tasks, Task], deadline: MakeDeadline, simulator: Simulator, clock: FakeClock
) -> None:
    """`OperationFinished` may carry a result already."""
    tasks, task = begun
    clock.now += 9
    assert tasks.get(task.task_id, deadline()).success
    assert not tasks.get(task.task_id, deadline()).finished
    assert tasks.wait(task, deadline()).mount_href


@pytest.mark.parametrize("unknown", list(Unknown))
def test_a_task_that_its_session_does_not_list_is_gone_after_three_looks(
    begun: tuple[Tasks, Task],
    deadline: MakeDeadline,
    simulator: Simulator,
    clock: FakeClock,
    unknown: Unknown,
) -> None:
    tasks, _ = begun
    before, began = len(simulator.journal), clock.now
    simulator._handlers._habits = Habits(unknown)
    with pytest.raises(errors.TaskVanished, match="list of tasks of logon session"):
        tasks.wait(Task("task-9", "Running"), deadline())
    asked = [e.path for e in simulator.journal[before:]]
    assert asked == ["/tasks/task-9", "/tasks"] * 3
    assert clock.now - began < 3


def test_anothers_404_is_borne_and_not_taken_for_a_task_that_is_gone(
    begun: tuple[Tasks, Task], deadline: MakeDeadline, simulator: Simulator
) -> None:
    tasks, task = begun
    simulator.add_fault("status", "GET /tasks/.*", count=9, code=404)
    assert tasks.wait(task, deadline()).success


def test_a_server_that_answers_404_to_everything_for_a_while_has_forgotten_no_task(
    begun: tuple[Tasks, Task], deadline: MakeDeadline, simulator: Simulator
) -> None:
    tasks, task = begun
    simulator.add_fault("status", "GET .*", count=30, code=404)
    assert tasks.wait(task, deadline()).success


def test_a_task_that_is_missed_for_a_moment_is_not_given_up(
    begun: tuple[Tasks, Task], deadline: MakeDeadline, simulator: Simulator
) -> None:
    tasks, task = begun
    simulator.add_fault("status", "GET /tasks/.*", count=2, code=404)
    assert tasks.wait(task, deadline()).success


def test_another_500_is_borne_and_not_taken_for_a_task_that_is_gone(
    begun: tuple[Tasks, Task], deadline: MakeDeadline, simulator: Simulator
) -> None:
    tasks, task = begun
    simulator.add_fault("status", "GET /tasks/.*", count=5, code=500)
    assert tasks.wait(task, deadline()).success


def test_cancelling_a_task_that_is_gone_is_no_error(
    begun: tuple[Tasks, Task], deadline: MakeDeadline
) -> None:
    tasks, task = begun
    for _ in range(2):
        tasks.cancel(task.task_id, deadline())
    assert tasks.all(deadline()) == []


def test_a_session_that_ends_meanwhile_is_told_at_once(
    begun: tuple[Tasks, Task], deadline: MakeDeadline, simulator: Simulator, clock: FakeClock
) -> None:
    tasks, task = begun
    simulator.expire_sessions()
    began = clock.now
    with pytest.raises(errors.SessionGone):
        tasks.wait(task, deadline())
    assert clock.now - began < 5


def test_an_answer_without_a_task_is_told_with_its_status(
    begun: tuple[Tasks, Task],
    restore_point: RestorePointRef,
    simulator: Simulator,
    deadline: MakeDeadline,
) -> None:
    tasks, _ = begun
    simulator.add_fault("wrong-shape", "POST .*/mounts")
    with pytest.raises(
        errors.UnexpectedAnswer, match=r"/mounts was answered with 20., but with no task"
    ):
        tasks.begin(restore_point.mounts, None, deadline())
