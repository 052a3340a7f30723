"""Terraform is killed, or interrupted twice: what is in no state is not on the server either."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest
import test_job_object
from helpers import MOUNTS, REQUIRED, RESTORE_POINT, Server, mount_points
from processes import in_session
from terraform import Workspace

PATIENCE = 30.0  # seconds
DELAY = 0.6  # seconds of the request in which Terraform ends
LOGON = "POST /sessionMngr/"
POINT = "GET /vmRestorePoints/[^/]+"
TASK = "GET /tasks/.+"
MOUNT = f"POST {MOUNTS}"
READ = f"GET {MOUNTS}/1"
UNMOUNT = f"DELETE {MOUNTS}/1"
LOG_OUT = "DELETE /logonSessions/.+"
EPHEMERAL = f"""{REQUIRED}
ephemeral "veeam_mount_point" "this" {{
  restore_point_id = "{RESTORE_POINT}"
}}
resource "terraform_data" "this" {{
  provisioner "local-exec" {{
    command = "echo ${{ephemeral.veeam_mount_point.this.id}}"
  }}
}}
"""
SESSION = f"""{REQUIRED}
ephemeral "veeam_logon_session" "this" {{}}
resource "terraform_data" "this" {{
  provisioner "local-exec" {{
    command = "echo ${{ephemeral.veeam_logon_session.this.session_fingerprint}}"
  }}
}}
"""

End = Callable[[subprocess.Popen[str]], None]


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()


def interrupt_twice(process: subprocess.Popen[str]) -> None:
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def end_in(workspace: Workspace, server: Server, request: str, end: End, *command: str) -> str:
    """End Terraform while a request is answered; return what it printed.

    The server has done by then what was asked for.
    """
    server.fault("delay", request, seconds=DELAY, when="after")
    with workspace.start(*command, "-no-color") as process:
        wait_until(lambda: any(re.fullmatch(request, one) for one in server.simulator.answering))
        time.sleep(DELAY / 4)
        end(process)
        output, _ = process.communicate(timeout=PATIENCE)
        wait_until(lambda: not in_session(process.pid))
    server.simulator.clear_faults()
    return output


@pytest.mark.parametrize("end", [kill, interrupt_twice])
@pytest.mark.parametrize("request_", [LOGON, POINT, MOUNT, TASK, READ, LOG_OUT])
def test_a_mount_is_undone_or_in_the_state(
    workspace: Workspace, server: Server, request_: str, end: End
) -> None:
    workspace.write(mount_points(1))
    end_in(workspace, server, request_, end, "apply", "-auto-approve")
    known = [one["attributes"]["href"] for one in workspace.instances()]
    assert [one.path for one in server.mounts()] == known
    assert len(server.sessions()) == len(known)


def test_a_mount_that_can_not_be_unmounted_ends_with_its_session(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    server.fault("delete-by-task", UNMOUNT, None)
    server.fault("task-fails", UNMOUNT, None)
    end_in(workspace, server, READ, kill, "apply", "-auto-approve")
    assert server.requests("DELETE", f"{MOUNTS}/1")
    assert (server.mounts(), server.sessions(), workspace.instances()) == ([], [], [])


@pytest.mark.parametrize("end", [kill, interrupt_twice])
@pytest.mark.parametrize("request_", [MOUNT, TASK, READ, UNMOUNT, LOG_OUT])
def test_an_ephemeral_mount_is_undone(
    workspace: Workspace, server: Server, request_: str, end: End
) -> None:
    workspace.write(EPHEMERAL)
    end_in(workspace, server, request_, end, "apply", "-auto-approve")
    assert server.mounts() == []
    assert server.sessions() == []


@pytest.mark.parametrize("end", [kill, interrupt_twice])
def test_an_ephemeral_session_is_logged_out(workspace: Workspace, server: Server, end: End) -> None:
    workspace.write(SESSION)
    end_in(workspace, server, LOGON, end, "apply", "-auto-approve")
    assert server.sessions() == []


@pytest.mark.parametrize("end", [kill, interrupt_twice])
@pytest.mark.parametrize("request_", [test_job_object.INCLUDES, "GET /jobs/.*/includes"])
def test_an_object_is_taken_out_of_its_job_again(
    workspace: Workspace, server: Server, request_: str, end: End
) -> None:
    before = server.simulator.objects_in(test_job_object.JOB)
    workspace.write(test_job_object.configuration())
    end_in(workspace, server, request_, end, "apply", "-auto-approve")
    known = [
        one["attributes"]["ref"] for one in workspace.instances() if "ref" in one["attributes"]
    ]
    assert server.simulator.objects_in(test_job_object.JOB) == before + known


@pytest.mark.parametrize("end", [kill, interrupt_twice])
@pytest.mark.parametrize("request_", [READ, UNMOUNT])
def test_what_a_destroy_did_not_unmount_is_in_the_state(
    workspace: Workspace, server: Server, request_: str, end: End
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    end_in(workspace, server, request_, end, "destroy", "-auto-approve")
    assert len(workspace.instances()) >= len(server.mounts())
    (workspace.folder / ".terraform.tfstate.lock.info").unlink(missing_ok=True)
    workspace.destroy()
    assert server.mounts() == []


@pytest.mark.parametrize("end", [kill, interrupt_twice])
def test_a_plan_leaves_what_is_mounted(workspace: Workspace, server: Server, end: End) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    end_in(workspace, server, READ, end, "plan")
    assert len(server.mounts()) == len(workspace.instances()) == 1
    assert len(server.sessions()) == 1
