"""Jobs that are gone, and what only seems to say so."""

from collections.abc import Callable, Iterator

import pytest

from em_simulator import Simulator
from em_simulator.habits import Unknown
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline

MakeDeadline = Callable[..., Deadline]
JOB = "Domain controllers"


@pytest.fixture
def unknown() -> Unknown:
    return Unknown.DOCUMENTED


@pytest.fixture
def simulator(unknown: Unknown, clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, unknown=unknown) as running:
        yield running


@pytest.fixture
def job_id(simulator: Simulator) -> str:
    return simulator.job(JOB).id


@pytest.mark.parametrize("unknown", Unknown)
def test_a_job_is_gone_when_the_list_of_jobs_lacks_it(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, job_id: str
) -> None:
    (one,) = em.job_objects.list(job_id, deadline())
    em.job_objects.remove(
        job_id, one._replace(id="0b6f1d7a-6d2b-4f0e-8a39-4f0c1a522c11"), deadline()
    )
    simulator.remove_job(JOB)
    for read in (em.jobs.get, em.job_objects.list):
        with pytest.raises(errors.JobGone, match="is gone"):
            read(job_id, deadline())
    em.job_objects.remove(job_id, one, deadline())


@pytest.mark.parametrize("code", [403, 404, 500])
def test_a_gateway_that_answers_for_a_job_makes_nothing_gone(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    job_id: str,
    code: int,
) -> None:
    (one,) = em.job_objects.list(job_id, deadline())
    simulator.add_fault("status", ".* /jobs/.*", None, code=code, html=True)
    for read in (em.jobs.get, em.job_objects.list):
        with pytest.raises(errors.RequestRefused):
            read(job_id, deadline())
    with pytest.raises(errors.EnterpriseManagerError):
        em.job_objects.remove(job_id, one, deadline())
    simulator.add_fault("status", "GET /query", None, code=404, html=True)
    with pytest.raises((errors.Unsettled, errors.AccessDenied)):
        em.jobs.get(job_id, deadline())
    simulator.clear_faults()
    assert em.job_objects.list(job_id, deadline()) == [one]


def test_a_passing_404_of_a_removal_is_tried_again(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, job_id: str
) -> None:
    added = simulator.add_to_job(JOB, simulator.vm("web02"))
    there = next(one for one in em.job_objects.list(job_id, deadline()) if one.id == added)
    simulator.add_fault("status", "DELETE /jobs/.*", code=404, html=True)
    em.job_objects.remove(job_id, there, deadline())
    assert there.ref not in simulator.objects_in(JOB)


def test_a_passing_404_does_not_end_the_waiting_for_a_job(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, job_id: str
) -> None:
    simulator.add_fault("backup", "POST /jobs/.*", seconds=100)
    started = em.backups.start(em.jobs.get(job_id, deadline()), deadline())
    simulator.add_fault("status", "GET /backupSessions/.*", 4, code=404, html=True)
    *_, last = em.backups.follow(started, deadline())
    assert last.result == "Success"
