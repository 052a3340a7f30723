"""Starting a backup or replication job: how it is followed, what is told of its end."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from helpers import Server

from em_simulator import PORTAL_USER, Family, Simulator
from support.called_provider import Answer, CalledProvider, called_provider, simulated

START_A_JOB = "veeam_job_start"
REQUEST = "POST /jobs/.*"


def start(
    provider: CalledProvider,
    server: Server,
    job: str = "Daily",
    on_line: Callable[[str], None] = lambda _: None,
    **written: Any,
) -> Answer:
    """Start a job; returns the lines that are told of it."""
    job_id = server.simulator.job(job).id
    return provider.act(START_A_JOB, on_line, job_id=job_id, **written)


def started(server: Server) -> int:
    return len(server.simulator.started_backups())


def finish_at(server: Server, words: str) -> Callable[[str], None]:
    """Return what ends all backups when a line with these words is told."""

    def on_line(line: str) -> None:
        if words in line:
            server.simulator.finish_backups()

    return on_line


@pytest.mark.parametrize(
    "ways",
    [{"links_starts": False, "lag": 2.0}, {"links_starts": False, "clock_ahead": 86_400.0}],
    ids=["not-linked-and-late", "another-clock"],
)
@pytest.mark.parametrize("form", ["camel", "pascal", "xml"])
def test_a_session_without_a_link_is_found(form: str, ways: dict[str, Any]) -> None:
    more: dict[str, Any] = {"json_names": form, "json_nulls": "absent"}
    if form == "xml":
        more = {"answers": "xml"}
    with simulated(backup_seconds=1.0, mount_seconds=0.2, **ways, **more) as (provider, running):
        told = start(provider, Server(running)).value
        (session,) = running.started_backups()
        assert f"Started job Daily: {session.name}" in told
        assert "Job Daily is done" in told


def test_a_replication_job_is_started_and_waited_for(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("backup", REQUEST, seconds=600)
    before = len(server.simulator.restore_points(Family.REPLICA))
    told = start(provider, server, "Replicas", finish_at(server, "Still running")).value
    (session,) = server.simulator.started_backups()
    assert f"Started job Replicas: {session.name}" in told
    assert f"Still running: {session.name} (Starting, " in told
    assert told.endswith("Job Replicas is done: 1 restore point")
    assert len(server.simulator.restore_points(Family.REPLICA)) == before + 1
    assert server.requests("GET", f"/replicaSessions/{session.id}")
    assert server.requests("GET", "/backupSessions.*") == []


def test_a_replication_that_fails_is_an_error_with_its_vms_reason(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("backup", REQUEST, result="Failed", reason="No route to esx02.", seconds=0)
    said = start(provider, server, "Replicas").error
    assert re.search(r"The replication Replicas@[-0-9: ]+ failed", said)
    assert "srv04: No route to esx02." in said
    assert "the job tries again" not in said


def test_a_run_that_was_joined_and_failed_may_be_retried_by_its_job(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("backup", REQUEST, result="Failed", reason="No space left.", seconds=600)
    assert start(provider, server, wait=False).value
    server.simulator.started_backups()[0].is_retry = True
    told = start(provider, server, on_line=finish_at(server, ", a retry of what failed before"))
    assert "oracle03: No space left." in told.error
    assert "It was running already. If its schedule has retries, the job tries again" in told.error


def test_a_job_that_fails_is_an_error_with_its_vms_reason(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("backup", REQUEST, result="Failed", reason="No space left.", seconds=0)
    said = start(provider, server).error
    assert "Its session has ended as Failed." in said
    assert "oracle03: No space left." in said


def test_a_warning_is_told(provider: CalledProvider, server: Server) -> None:
    server.fault("backup", REQUEST, result="Warning", reason="VSS timed out.", seconds=0)
    told = start(provider, server)
    assert "Job Daily is done" in told.value
    assert "ended with a warning" in told.said
    assert "oracle03: VSS timed out." in told.said


@pytest.mark.parametrize(("fault", "starts"), [("reset-after", 1), ("reset-before", 0)])
def test_a_lost_answer_starts_nothing_twice(
    provider: CalledProvider, server: Server, fault: str, starts: int
) -> None:
    server.fault(fault, REQUEST)
    told = start(provider, server)
    if starts:
        assert "Job Daily is done" in told.value
    else:
        assert "It is not known whether job Daily was started" in told.error
    assert (started(server), len(server.requests("POST", "/jobs/.*"))) == (starts, 1)


def test_a_job_that_runs_already_is_joined_or_is_an_error(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("backup", REQUEST, seconds=600)
    told = start(provider, server, wait=False).value
    assert "Started job Daily" in told
    assert "is done" not in told
    assert "Job Daily runs already" in start(provider, server, if_running="fail").error
    joined = start(provider, server, on_line=finish_at(server, "Job Daily runs already")).value
    assert "Job Daily is done" in joined
    assert started(server) == 1


def test_the_end_of_the_time_says_that_the_backup_goes_on(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("backup", REQUEST, seconds=600)
    said = start(provider, server, timeouts={"invoke": "2s"}).error
    assert "took too long" in said
    assert "Set timeouts.invoke to allow more" in said
    assert "the backup goes on" in said


@pytest.mark.parametrize(
    ("job", "more", "message"),
    [
        ("Copies", {}, "Copies is of type ImmediateBackupCopy. Enterprise Manager starts copy"),
        ("Daily", {"if_running": "stop"}, 'is not one of "join", "fail"'),
        ("Daily", {"timeouts": {"invoke": "soon"}}, "Invalid timeouts.invoke"),
    ],
)
def test_what_can_not_be_started_is_refused(
    provider: CalledProvider, server: Server, job: str, more: dict[str, Any], message: str
) -> None:
    assert message in start(provider, server, job, **more).error
    assert started(server) == 0


def test_a_job_that_is_not_there_is_told(provider: CalledProvider, server: Server) -> None:
    job_id = server.simulator.job("Daily").id
    server.simulator.remove_job("Daily")
    assert "Job not found" in provider.act(START_A_JOB, job_id=job_id).error


def test_an_account_that_may_not_is_told_who_may(simulator: Simulator, server: Server) -> None:
    with called_provider(simulator, PORTAL_USER) as provider:
        said = start(provider, server).error
    assert "It takes the role Portal Administrator in Enterprise Manager" in said
