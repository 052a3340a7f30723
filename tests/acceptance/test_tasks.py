"""Tasks that a server forgets, and tasks that only start what takes longer."""

import time

import pytest
from helpers import MOUNTS, SEED, Server, mount_points
from terraform import Workspace, flat

from em_simulator import Simulator

APPLY = ("apply", "-auto-approve", "-no-color")
FILE = "Volume$0:/t/a.txt"


@pytest.mark.parametrize("unknown", ["documented", "404-empty", "html"])
def test_a_finished_mount_whose_task_is_gone_is_found(workspace: Workspace, unknown: str) -> None:
    with Simulator(seed=SEED, unknown=unknown) as simulator:
        server = Server(simulator)
        workspace.environment |= server.environment
        server.fault("task-vanishes", f"POST {MOUNTS}")
        workspace.write(mount_points(1))
        began = time.monotonic()
        workspace.apply()
        assert time.monotonic() - began < 20
        assert len(server.requests("POST", MOUNTS)) == 1
        assert len(server.mounts()) == 1
        workspace.destroy()
        assert (server.mounts(), server.sessions()) == ([], [])


def restore(server: Server) -> str:
    server.simulator.add_file("web02", FILE, b"12345")
    mount = mount_points(
        1,
        extra="""
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.veeam_file_restore.this]
    }
  }
""",
    )
    return f"""{mount}
action "veeam_file_restore" "this" {{
  config {{
    mount_point_id      = veeam_mount_point.this[0].id
    session_fingerprint = veeam_mount_point.this[0].session_fingerprint
    paths               = ["{FILE}"]
  }}
}}
"""


def test_a_restore_that_was_only_started_fails_with_its_sessions_message(
    workspace: Workspace, server: Server
) -> None:
    server.fault(
        "restore-session", f"POST {MOUNTS}/.*", result="Failed", message="The guest has no disk."
    )
    workspace.write(restore(server))
    said = workspace.fail(*APPLY)
    assert f"Enterprise Manager could not restore {FILE}" in said
    assert "The guest has no disk." in said
    assert server.requests("GET", "/restoreSessions/.*")


@pytest.mark.parametrize("result", ["Success", "Warning"])
def test_a_restore_that_was_only_started_is_waited_for(
    workspace: Workspace, server: Server, result: str
) -> None:
    server.fault("restore-session", f"POST {MOUNTS}/.*", result=result, seconds=3)
    workspace.write(restore(server))
    began = time.monotonic()
    said = flat(workspace.apply())
    assert time.monotonic() - began > 3
    assert f"Restored {FILE}" in said
    assert ("Warning about" in said) == (result == "Warning")
