"""Starting a backup or replication job, and how it ends."""

import os
import re
import signal
from typing import Any

import pytest
from helpers import REQUIRED, SEED, Server
from terraform import Workspace, flat

from em_simulator import PORTAL_USER, Family, Simulator

APPLY = ("apply", "-auto-approve", "-no-color")
START = "POST /jobs/.*"


def configuration(server: Server, more: str = "", job: str = "Daily") -> str:
    """A job that is started by what is made."""
    return f"""{REQUIRED}
resource "terraform_data" "this" {{
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.veeam_job_start.this]
    }}
  }}
}}
action "veeam_job_start" "this" {{
  config {{
    job_id = "{server.simulator.job(job).id}"
    {more}
  }}
}}
"""


def started(server: Server) -> int:
    return len(server.simulator.started_backups())


def test_a_job_is_started_and_waited_for(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration(server))
    output = workspace.apply()
    vms = len(server.simulator.objects_in("Daily"))
    assert f"Job Daily is done: {vms} restore points" in output
    assert (started(server), server.sessions()) == (1, [])


@pytest.mark.parametrize(
    "ways",
    [{"links_starts": False, "lag": 2.0}, {"links_starts": False, "clock_ahead": 86_400.0}],
    ids=["not-linked-and-late", "another-clock"],
)
@pytest.mark.parametrize("form", ["camel", "pascal", "xml"])
def test_a_session_without_a_link_is_found(
    workspace: Workspace, form: str, ways: dict[str, Any]
) -> None:
    more: dict[str, Any] = {"json_names": form, "json_nulls": "absent"}
    if form == "xml":
        more = {"answers": "xml"}
    with Simulator(seed=SEED, backup_seconds=1.0, mount_seconds=0.2, **ways, **more) as running:
        other = Server(running)
        workspace.environment |= other.environment
        workspace.write(configuration(other))
        output = workspace.apply()
        (session,) = running.started_backups()
        assert f"Started job Daily: {session.name}" in output
        assert "Job Daily is done" in output


def test_a_replication_job_is_started_and_waited_for(workspace: Workspace, server: Server) -> None:
    server.fault("backup", START, seconds=600)
    before = len(server.simulator.restore_points(Family.REPLICA))
    workspace.write(configuration(server, job="Replicas"))
    process = workspace.start(*APPLY)
    assert process.stdout
    told = ""
    for line in process.stdout:
        told += line
        if "Still running" in line:
            break
    server.simulator.finish_backups()
    output = told + process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    (session,) = server.simulator.started_backups()
    assert f"Started job Replicas: {session.name}" in output
    assert f"Still running: {session.name} (Starting, " in output
    assert "Job Replicas is done: 1 restore point\n" in output
    assert len(server.simulator.restore_points(Family.REPLICA)) == before + 1
    assert server.requests("GET", f"/replicaSessions/{session.id}")
    assert server.requests("GET", "/backupSessions.*") == []


def test_a_replication_that_fails_is_an_error_with_its_vms_reason(
    workspace: Workspace, server: Server
) -> None:
    server.fault("backup", START, result="Failed", reason="No route to esx02.", seconds=0)
    workspace.write(configuration(server, job="Replicas"))
    said = workspace.fail(*APPLY)
    assert re.search(r"The replication Replicas@[-0-9: ]+ failed", said)
    assert "srv04: No route to esx02." in said
    assert "the job tries again" not in said


def test_a_run_that_was_joined_and_failed_may_be_retried_by_its_job(
    workspace: Workspace, server: Server
) -> None:
    server.fault("backup", START, result="Failed", reason="No space left.", seconds=600)
    workspace.write(configuration(server, "wait = false"))
    workspace.apply()
    server.simulator.started_backups()[0].is_retry = True
    workspace.write(configuration(server))
    process = workspace.start("apply", "-auto-approve", "-no-color", "-replace=terraform_data.this")
    assert process.stdout
    assert any(", a retry of what failed before" in line for line in process.stdout)
    server.simulator.finish_backups()
    output, _ = process.communicate(timeout=60)
    said = flat(output)
    assert "oracle03: No space left." in said
    assert "It was running already. If its schedule has retries, the job tries again" in said


def test_a_job_that_fails_is_an_error_with_its_vms_reason(
    workspace: Workspace, server: Server
) -> None:
    server.fault("backup", START, result="Failed", reason="No space left.", seconds=0)
    workspace.write(configuration(server))
    said = workspace.fail(*APPLY)
    assert "Its session has ended as Failed." in said
    assert "oracle03: No space left." in said


def test_a_warning_is_told(workspace: Workspace, server: Server) -> None:
    server.fault("backup", START, result="Warning", reason="VSS timed out.", seconds=0)
    workspace.write(configuration(server))
    said = flat(workspace.apply())
    assert "ended with a warning" in said
    assert "oracle03: VSS timed out." in said


@pytest.mark.parametrize(("fault", "starts"), [("reset-after", 1), ("reset-before", 0)])
def test_a_lost_answer_starts_nothing_twice(
    workspace: Workspace, server: Server, fault: str, starts: int
) -> None:
    server.fault(fault, START)
    workspace.write(configuration(server))
    result = workspace.attempt(*APPLY)
    told = "Job Daily is done" if starts else "It is not known whether job Daily was started"
    assert told in flat(result.output)
    assert (started(server), len(server.requests("POST", "/jobs/.*"))) == (starts, 1)


def test_a_job_that_runs_already_is_joined_or_is_an_error(
    workspace: Workspace, server: Server
) -> None:
    server.fault("backup", START, seconds=600)
    workspace.write(configuration(server, "wait = false"))
    output = workspace.apply()
    assert "Started job Daily" in output
    assert "is done" not in output
    again = ("apply", "-auto-approve", "-no-color", "-replace=terraform_data.this")
    workspace.write(configuration(server, 'if_running = "fail"'))
    assert "Job Daily runs already" in workspace.fail(*again)
    workspace.write(configuration(server))
    process = workspace.start(*again)
    assert process.stdout
    assert any("Job Daily runs already" in line for line in process.stdout)
    server.simulator.finish_backups()
    output, _ = process.communicate(timeout=60)
    assert "Job Daily is done" in output
    assert started(server) == 1


def test_a_stop_ends_the_waiting_and_says_that_the_backup_goes_on(
    workspace: Workspace, server: Server
) -> None:
    server.fault("backup", START, seconds=600)
    workspace.write(configuration(server))
    process = workspace.start(*APPLY)
    assert process.stdout
    for line in process.stdout:
        if "Still running" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert "Only the waiting has ended: the backup goes on." in flat(output)
    assert started(server) == 1


def test_the_end_of_the_time_says_the_same(workspace: Workspace, server: Server) -> None:
    server.fault("backup", START, seconds=600)
    workspace.write(configuration(server, 'timeouts = { invoke = "2s" }'))
    said = workspace.fail(*APPLY)
    assert "took too long" in said
    assert "Set timeouts.invoke to allow more" in said
    assert "the backup goes on" in said


@pytest.mark.parametrize(
    ("job", "more", "message"),
    [
        (
            "Copies",
            "",
            "Copies is of type ImmediateBackupCopy. Enterprise Manager starts copy jobs",
        ),
        ("Daily", 'if_running = "stop"', 'is not one of "join", "fail"'),
        ("Daily", 'timeouts = { invoke = "soon" }', "Invalid timeouts.invoke"),
    ],
)
def test_what_can_not_be_started_is_refused(
    workspace: Workspace, server: Server, job: str, more: str, message: str
) -> None:
    workspace.write(configuration(server, more, job))
    assert message in workspace.fail(*APPLY)
    assert started(server) == 0


def test_a_job_that_is_not_there_is_told(workspace: Workspace, server: Server) -> None:
    text = configuration(server)
    server.simulator.remove_job("Daily")
    workspace.write(text)
    assert "Job not found" in workspace.fail(*APPLY)


def test_an_account_that_may_not_is_told_who_may(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration(server))
    who = {
        "VEEAM_EM_USERNAME": PORTAL_USER.username,
        "VEEAM_EM_PASSWORD": PORTAL_USER.password,
    }
    said = workspace.fail(*APPLY, **who)
    assert "It takes the role Portal Administrator in Enterprise Manager" in said
