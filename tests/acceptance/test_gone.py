"""Mounts, sessions and tasks that are gone, on a server that says so in another way.

tests/unit/objects tries a second way, and tests/unit/em/test_gone.py has all.
"""

from collections.abc import Iterator

import pytest
from helpers import MOUNTS, SEED, Server, mount_points
from terraform import Workspace, flat

from em_simulator import Simulator
from em_simulator.habits import Unknown


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(seed=SEED, unknown=Unknown.FAILED) as running:
        yield running


def warnings(output: str) -> int:
    return output.count("Warning:")


def test_a_mount_whose_session_has_ended_is_dropped_mounted_again_and_destroyed(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    server.expire_sessions()
    planned = workspace.plan()
    assert "its logon session has ended" in flat(planned)
    assert "Enterprise Manager's list of logon sessions does not have it" in flat(planned)
    assert "1 to add" in planned
    assert warnings(planned) == 1
    applied = workspace.apply()
    assert ("1 added" in applied, warnings(applied), len(server.mounts())) == (True, 1, 1)
    server.expire_sessions()
    destroyed = workspace.destroy("-refresh=false")
    assert "its logon session has ended" in flat(destroyed)
    assert warnings(destroyed) == 1
    assert (workspace.instances(), server.sessions()) == ([], [])
    workspace.apply()
    server.expire_sessions()
    workspace.destroy()
    assert (workspace.instances(), server.sessions()) == ([], [])


def test_a_mount_that_vanished_in_a_living_session_is_dropped_mounted_again_and_destroyed(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    unmount_as_somebody_else(server)
    planned = workspace.plan()
    assert "it was unmounted without Terraform" in flat(planned)
    assert "1 to add" in planned
    assert warnings(planned) == 1
    assert "1 added" in workspace.apply()
    unmount_as_somebody_else(server)
    destroyed = workspace.destroy("-refresh=false")
    assert "1 destroyed" in destroyed
    assert workspace.instances() == []
    # The first session lives on with nothing in it; the second was logged out.
    assert (server.mounts(), len(server.sessions())) == ([], 1)


def test_a_task_that_is_forgotten_at_once_has_mounted(workspace: Workspace, server: Server) -> None:
    server.fault("task-vanishes", f"POST {MOUNTS}")
    workspace.write(mount_points(1))
    workspace.apply()
    assert len(server.requests("POST", MOUNTS)) == len(server.mounts()) == 1
    server.fault("delete-by-task", f"DELETE {MOUNTS}/.*")
    server.fault("task-vanishes", f"DELETE {MOUNTS}/.*")
    workspace.destroy()
    assert (workspace.instances(), server.mounts(), server.sessions()) == ([], [], [])


@pytest.mark.parametrize("code", [401, 404])
def test_what_answers_for_the_server_for_a_while_drops_and_unmounts_nothing(
    workspace: Workspace, server: Server, code: int
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    server.fault("status", ".*", None, code=code, html=True)
    workspace.fail("plan", "-no-color")
    workspace.fail("destroy", "-auto-approve", "-no-color", "-refresh=false")
    assert len(workspace.instances()) == len(server.mounts()) == 1
    server.simulator.clear_faults()
    assert "No changes" in workspace.plan()
    workspace.destroy()
    unmounts = [one for one in server.requests("DELETE", f"{MOUNTS}/.*") if one.status == 204]
    assert len(unmounts) == 1
    assert (workspace.instances(), server.mounts(), server.sessions()) == ([], [], [])


def unmount_as_somebody_else(server: Server) -> None:
    manager = server.simulator._manager
    with manager.lock:
        for session in manager.sessions.all():
            for mount in list(session.mounts.values()):
                manager.unmount(session, mount)
