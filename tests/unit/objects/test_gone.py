"""Mounts, sessions and tasks that are gone, on a server that answers with pages of its own.

Each `with` is a command of Terraform's. tests/unit/em/test_gone.py has all ways to say that
something is gone, and tests/acceptance another one under Terraform.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from helpers import MOUNTS, RESTORE_POINT, SEED, Server

from em_simulator import Simulator
from em_simulator.habits import Unknown
from support.called_provider import CLOCK, CalledProvider, Instance, called_provider

MOUNT = "veeam_mount_point"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(clock=CLOCK, seed=SEED, unknown=Unknown.PAGE) as running:
        yield running


def mounted(provider: CalledProvider) -> Instance:
    made: Any = provider.create(MOUNT, restore_point_id=RESTORE_POINT).value
    assert isinstance(made, Instance)
    return made


def unmount_as_somebody_else(server: Server) -> None:
    manager = server.simulator._manager
    with manager.lock:
        for session in manager.sessions.all():
            for mount in list(session.mounts.values()):
                manager.unmount(session, mount)


def test_a_mount_whose_session_has_ended_is_dropped_mounted_again_and_destroyed(
    simulator: Simulator, server: Server
) -> None:
    with called_provider(simulator) as provider:
        made = mounted(provider)
    server.expire_sessions()
    with called_provider(simulator) as provider:
        told = provider.refresh(made)
        assert told.value is None
        assert "its logon session has ended" in told.said
        assert "Enterprise Manager's list of logon sessions does not have it" in told.said
        assert told.said.count("Warning:") == 1
        made = mounted(provider)
    assert len(server.mounts()) == 1
    server.expire_sessions()
    with called_provider(simulator) as provider:
        told = provider.delete(made)
        assert not told.has_failed
        assert "its logon session has ended" in told.said
        assert told.said.count("Warning:") == 1
    assert server.sessions() == []


def test_a_mount_that_vanished_in_a_living_session_is_dropped_mounted_again_and_destroyed(
    simulator: Simulator, server: Server
) -> None:
    with called_provider(simulator) as provider:
        made = mounted(provider)
    unmount_as_somebody_else(server)
    with called_provider(simulator) as provider:
        told = provider.refresh(made)
        assert told.value is None
        assert "it was unmounted without Terraform" in told.said
        assert told.said.count("Warning:") == 1
        made = mounted(provider)
    unmount_as_somebody_else(server)
    with called_provider(simulator) as provider:
        assert not provider.delete(made).has_failed
    # The first session lives on with nothing in it; the second was logged out.
    assert (server.mounts(), len(server.sessions())) == ([], 1)


def test_a_task_that_is_forgotten_at_once_has_mounted(simulator: Simulator, server: Server) -> None:
    with called_provider(simulator) as provider:
        server.fault("task-vanishes", f"POST {MOUNTS}")
        made = mounted(provider)
        assert len(server.requests("POST", MOUNTS)) == len(server.mounts()) == 1
        server.fault("delete-by-task", f"DELETE {MOUNTS}/.*")
        server.fault("task-vanishes", f"DELETE {MOUNTS}/.*")
        assert not provider.delete(made).has_failed
    assert (server.mounts(), server.sessions()) == ([], [])


@pytest.mark.parametrize("code", [401, 404])
def test_what_answers_for_the_server_for_a_while_drops_and_unmounts_nothing(
    simulator: Simulator, server: Server, code: int
) -> None:
    with called_provider(simulator) as provider:
        made = mounted(provider)
    server.fault("status", ".*", None, code=code, html=True)
    with called_provider(simulator) as provider:
        assert provider.refresh(made).error
        assert provider.delete(made).error
    assert len(server.mounts()) == 1
    server.simulator.clear_faults()
    with called_provider(simulator) as provider:
        assert provider.refresh(made).value == made.values
        assert not provider.delete(made).has_failed
    unmounts = [one for one in server.requests("DELETE", f"{MOUNTS}/.*") if one.status == 204]
    assert len(unmounts) == 1
    assert (server.mounts(), server.sessions()) == ([], [])
