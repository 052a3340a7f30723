"""Putting objects into jobs and taking them out: nothing is forgotten, nothing is there twice."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import Answer
from terraform_provider_veeam.em.http.decoders import decode
from terraform_provider_veeam.em.inventory.hierarchy import HierarchyObject
from terraform_provider_veeam.em.jobs.jobs import JobObject

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
JOB = "Domain controllers"
POST, DELETE = "POST /jobs/.*/includes", "DELETE /jobs/.*"


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, mount_seconds=10, lag=15) as running:
        yield running


@pytest.fixture
def job_id(simulator: Simulator) -> str:
    return simulator.job(JOB).id


@pytest.fixture
def web02(simulator: Simulator) -> HierarchyObject:
    return HierarchyObject(simulator.vm("web02"), "Vm", "web02")


def posts(simulator: Simulator) -> int:
    return len([e for e in simulator.journal if e.method == "POST" and "includes" in e.path])


def stop_once_posted(
    simulator: Simulator, clock: FakeClock, stop: threading.Event, method: str = "POST"
) -> None:
    """Have Terraform ask to stop as soon as the request has been sent."""
    waits = clock.wait

    def wait(event: threading.Event, seconds: float) -> bool:
        if any(e.method == method and "includes" in e.path for e in simulator.journal):
            stop.set()
        return waits(event, seconds)

    clock.wait = wait  # type: ignore[method-assign]


def test_an_object_is_returned_once_the_job_shows_it(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    added = em.job_objects.add(job_id, web02, deadline())
    one = simulator.job(JOB).find(web02.ref)
    assert one
    assert added == JobObject(one.id, web02.ref, "web02")
    em.job_objects.remove(job_id, added, deadline())
    assert web02.ref not in simulator.objects_in(JOB)
    assert web02.ref not in [o.ref for o in em.job_objects.list(job_id, deadline())]
    assert len(simulator.sessions()) == 1  # that of the look-ups


LOST = ["reset-after", "cut-body", "garbage", "html", "wrong-shape"]


@pytest.mark.parametrize("fault", [*LOST, "task-vanishes"])
def test_an_object_whose_answer_is_lost_is_found_and_not_put_in_twice(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
    fault: str,
) -> None:
    simulator.add_fault(fault, POST)
    added = em.job_objects.add(job_id, web02, deadline())
    assert added.ref == web02.ref
    assert simulator.objects_in(JOB).count(web02.ref) == posts(simulator) == 1


@pytest.mark.parametrize("fault", LOST)
def test_an_object_that_a_rival_may_have_put_in_is_not_taken_for_ours(
    simulator: Simulator,
    make_em: MakeEm,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
    fault: str,
) -> None:
    token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)[1]
    em = make_em(username=None, password=None, session_token=token)
    simulator.add_fault(fault, POST)
    with pytest.raises(errors.AnswerLost, match="how to import it"):
        em.job_objects.add(job_id, web02, deadline())
    assert posts(simulator) == 1


@pytest.mark.parametrize("code", [409, 423])
def test_a_change_that_is_refused_while_another_goes_on_is_tried_again(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
    code: int,
) -> None:
    simulator.add_fault("status", POST, 2, code=code)
    assert em.job_objects.add(job_id, web02, deadline()).ref == web02.ref
    assert posts(simulator) == 3


def test_a_job_is_changed_once_at_a_time(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    items = [web02._replace(ref=simulator.add_vm(f"more{number}")) for number in range(3)]
    simulator.add_fault("delay", POST, None, seconds=0.5)
    with ThreadPoolExecutor(3) as pool:
        added = list(pool.map(lambda item: em.job_objects.add(job_id, item, deadline()), items))
    assert {one.ref for one in added} == {item.ref for item in items}
    log = "".join(
        "P" if "includes" in entry.path else "t"
        for entry in simulator.journal
        if (entry.method == "POST" and "includes" in entry.path) or entry.path.startswith("/tasks/")
    )
    assert re.fullmatch("(Pt+){3}", log), log


def test_a_job_does_not_wait_until_another_is_changed(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    other = simulator.job("Daily").id
    with em.job_objects._change(other, deadline()):
        assert em.job_objects.add(job_id, web02, deadline()).ref == web02.ref


def test_a_job_can_be_changed_after_a_change_that_failed(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    simulator.add_fault("task-fails", POST)
    with pytest.raises(errors.TaskFailed):
        em.job_objects.add(job_id, web02, deadline())
    assert em.job_objects.add(job_id, web02, deadline()).ref == web02.ref


def test_what_is_not_clear_names_job_and_object(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    simulator.add_fault("reset-before", POST)
    with pytest.raises(errors.AnswerLost, match="not known whether") as caught:
        em.job_objects.add(job_id, web02, deadline())
    assert f"({web02.ref}) may be in job {job_id} now" in caught.value.detail
    assert posts(simulator) == 1


def test_after_a_stop_what_was_begun_is_seen_to_its_end(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    stop: threading.Event,
    clock: FakeClock,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    simulator.add_fault("lag", POST, seconds=5)
    bound = deadline()
    stop_once_posted(simulator, clock, stop)
    assert em.job_objects.add(job_id, web02, bound).ref == web02.ref
    assert stop.is_set()


@pytest.mark.parametrize("fault", ["task-stays", "lag"])
def test_what_takes_too_long_after_a_stop_is_told(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    stop: threading.Event,
    clock: FakeClock,
    job_id: str,
    web02: HierarchyObject,
    fault: str,
) -> None:
    simulator.add_fault(fault, POST, seconds=600)
    bound = deadline()
    stop_once_posted(simulator, clock, stop)
    began = clock.now
    with pytest.raises(errors.DeadlinePassed) as caught:
        em.job_objects.add(job_id, web02, bound)
    assert f"may be in job {job_id} now" in caught.value.detail
    assert clock.now - began < 60


def test_what_is_there_already_is_refused_without_a_request(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, job_id: str
) -> None:
    (there,) = em.job_objects.list(job_id, deadline())
    item = HierarchyObject(there.ref.upper(), "Vm", "dc01")
    with pytest.raises(errors.AlreadyInJob) as caught:
        em.job_objects.add(job_id, item, deadline())
    assert (caught.value.object_id, posts(simulator)) == (there.id, 0)


def test_the_last_object_stays(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, job_id: str
) -> None:
    (last,) = em.job_objects.list(job_id, deadline())
    with pytest.raises(errors.LastInJob) as caught:
        em.job_objects.remove(job_id, last, deadline())
    assert "only one object" in caught.value.detail
    assert simulator.objects_in(JOB) == [last.ref]


def test_another_failure_of_a_removal_is_told(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    added = em.job_objects.add(job_id, web02, deadline())
    simulator.add_fault("task-fails", DELETE, message="The job is locked.")
    with pytest.raises(errors.TaskFailed) as caught:
        em.job_objects.remove(job_id, added, deadline())
    assert "The job is locked." in caught.value.detail


@pytest.mark.parametrize("fault", ["reset-before", "reset-after", "status", "task-vanishes"])
def test_a_removal_is_repeated_until_the_object_is_gone(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
    fault: str,
) -> None:
    added = em.job_objects.add(job_id, web02, deadline())
    simulator.add_fault(fault, DELETE)
    em.job_objects.remove(job_id, added, deadline())
    assert web02.ref not in simulator.objects_in(JOB)


def test_a_removal_may_be_done_at_once_without_a_task(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    added = em.job_objects.add(job_id, web02, deadline())
    request = em._client.request

    def answer(method: str, path: str, *rest: Any, **more: Any) -> Answer:
        if method != "DELETE" or "includes" not in path:
            return request(method, path, *rest, **more)
        simulator.remove_from_job(JOB, web02.ref)
        return Answer(204, {}, decode(b""))

    monkeypatch.setattr(em._client, "request", answer)
    em.job_objects.remove(job_id, added, deadline())
    assert web02.ref not in simulator.objects_in(JOB)


def test_a_removal_that_is_stopped_names_its_task_and_its_session(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    stop: threading.Event,
    clock: FakeClock,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    added = em.job_objects.add(job_id, web02, deadline())
    bound = deadline()
    stop_once_posted(simulator, clock, stop, "DELETE")
    with pytest.raises(errors.Stopped) as caught:
        em.job_objects.remove(job_id, added, bound)
    assert re.search(
        r"Task task-1 of logon session [0-9a-f]{16} was not seen to finish", caught.value.detail
    )


def test_a_task_that_can_not_be_followed_is_named_with_its_session(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    web02: HierarchyObject,
) -> None:
    simulator.add_fault("wrong-shape", "GET /tasks/.*", None)
    with pytest.raises(errors.EnterpriseManagerError) as caught:
        em.job_objects.add(job_id, web02, deadline())
    assert re.search(
        r"Task task-1 of logon session [0-9a-f]{16} was not seen to finish", caught.value.detail
    )
    assert "may be in job" in caught.value.detail


def test_what_is_gone_with_its_job_needs_no_removal(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, job_id: str
) -> None:
    (last,) = em.job_objects.list(job_id, deadline())
    gone = last._replace(id="0b6f1d7a-6d2b-4f0e-8a39-4f0c1a522c11")
    em.job_objects.remove(job_id, gone, deadline())
    simulator.remove_job(JOB)
    em.job_objects.remove(job_id, last, deadline())
