"""VMs in jobs: what is sent once, what is told of it, what is refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from helpers import SEED, Server

from em_simulator import PORTAL_USER, Simulator
from em_simulator.catalogue import Catalogue
from support.called_provider import CalledProvider, called_provider, simulated

OBJECT = "veeam_job_object"
JOB = "Domain controllers"
WEB02 = Catalogue(SEED).machine("web02").ref
INCLUDES = "POST /jobs/.*/includes"


@pytest.fixture
def wanted(server: Server) -> dict[str, Any]:
    """A VM that is to be in a job."""
    return {"job_id": server.simulator.job(JOB).id, "ref": WEB02}


def included(server: Server) -> int:
    """How often the job includes the VM."""
    return server.simulator.objects_in(JOB).count(WEB02)


@pytest.mark.parametrize("code", [401, 404])
def test_a_gateway_that_answers_for_a_while_takes_nothing_out_of_the_state(
    provider: CalledProvider, server: Server, wanted: dict[str, Any], code: int
) -> None:
    made = provider.create(OBJECT, **wanted).value
    for pattern in (".* /jobs/.*", ".* /(jobs|query).*"):
        server.fault("status", pattern, None, code=code, html=True)
        assert provider.refresh(made).error
        assert provider.delete(made).error
        server.simulator.clear_faults()
    assert provider.refresh(made).value == made.values
    assert included(server) == 1
    assert not provider.delete(made).has_failed
    assert included(server) == 0


def test_what_is_in_the_job_already_is_not_taken_over(
    provider: CalledProvider, server: Server, wanted: dict[str, Any]
) -> None:
    object_id = server.simulator.add_to_job(JOB, WEB02)
    said = provider.create(OBJECT, **wanted).error
    assert "The object is in the job already" in said
    assert object_id in said
    assert server.requests("POST", "/jobs/.*") == []


def test_an_import_of_what_is_not_there_lists_what_is(
    provider: CalledProvider, wanted: dict[str, Any]
) -> None:
    job_id = wanted["job_id"]
    said = provider.import_resource(OBJECT, f"{job_id}/{job_id}").error
    assert "Object not found in the job" in said
    assert "dc01" in said
    said = provider.import_resource(OBJECT, f"{job_id[:-1]}0/{job_id}").error
    assert "Job not found" in said
    assert "JOB_UUID/OBJECT_UUID" in provider.import_resource(OBJECT, "web02").error


@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "task-vanishes", "lag"])
def test_an_object_whose_answer_is_lost_or_late_is_found_again(
    provider: CalledProvider, server: Server, wanted: dict[str, Any], fault: str
) -> None:
    server.fault(fault, INCLUDES)
    made = provider.create(OBJECT, **wanted).value
    assert included(server) == 1
    assert len(server.requests("POST", "/jobs/.*/includes")) == 1
    assert provider.refresh(made).value == made.values


def test_a_request_that_may_have_got_lost_is_told(
    provider: CalledProvider, server: Server, wanted: dict[str, Any]
) -> None:
    server.fault("reset-before", INCLUDES)
    said = provider.create(OBJECT, **wanted).error
    assert "It is not known whether the object was put into the job" in said
    assert "Apply again" in said
    assert provider.create(OBJECT, **wanted).value
    assert included(server) == 1


def test_a_copy_job_is_refused_in_the_plan(provider: CalledProvider, server: Server) -> None:
    said = provider.create(OBJECT, job_id=server.simulator.job("Copies").id, ref=WEB02).error
    assert "The job includes no VMs" in said
    assert "Copies is of type ImmediateBackupCopy" in said
    assert server.requests("POST", "/jobs/.*") == []


def test_an_account_that_may_not_is_told_who_may(
    simulator: Simulator, wanted: dict[str, Any]
) -> None:
    with called_provider(simulator, PORTAL_USER) as provider:
        said = provider.create(OBJECT, **wanted).error
    assert "It takes the role Portal Administrator in Enterprise Manager" in said


@pytest.mark.parametrize(
    ("job_id", "ref", "message"),
    [
        ("Daily", WEB02, "is neither a UUID"),
        (
            f"urn:veeam:Backup:{WEB02[14:50]}",
            WEB02,
            "It is the URN of a Backup, not of a Job.",
        ),
        (WEB02[14:50], "web02", "is not a reference like urn:VMware:Vm:"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    provider: CalledProvider, job_id: str, ref: str, message: str
) -> None:
    assert message in provider.validate_resource(OBJECT, job_id=job_id, ref=ref).error


@pytest.fixture(
    params=[
        {"json_names": "camel", "json_nulls": "absent"},
        {"json_names": "pascal", "json_nulls": "absent"},
        {"answers": "xml"},
    ],
    ids=["camel", "pascal", "xml"],
)
def spelt(request: pytest.FixtureRequest) -> Iterator[tuple[CalledProvider, Simulator]]:
    with simulated(seed=SEED, mount_seconds=0.2, lag=1.0, **request.param) as both:
        yield both


def test_all_forms_of_servers_are_understood(spelt: tuple[CalledProvider, Simulator]) -> None:
    provider, simulator = spelt
    made = provider.create(OBJECT, job_id=simulator.job(JOB).id, ref=WEB02).value
    assert provider.refresh(made).value == made.values
    assert simulator.objects_in(JOB)[-1] == WEB02
    assert not provider.delete(made).has_failed
    assert WEB02 not in simulator.objects_in(JOB)
