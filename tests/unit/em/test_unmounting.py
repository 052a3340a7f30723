"""Unmounting, and what becomes of the logon session."""

from collections.abc import Callable

import pytest

from em_simulator import ADMINISTRATOR, Simulator
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import Mounted, RestorePointRef

MakeDeadline = Callable[..., Deadline]
MakeManager = Callable[..., EnterpriseManager]


def unmount(manager: EnterpriseManager, mounted: Mounted, deadline: Deadline) -> None:
    point = mounted.mount_point
    manager.unmount(mounted.session, point.restore_point, point.mount_id, deadline)


def test_an_unmount_whose_task_is_forgotten_at_once_is_a_success(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    mounted = manager.mount(restore_point, None, deadline())
    simulator.add_fault("delete-by-task", "DELETE .*/mounts/.*")
    simulator.add_fault("status", "GET /tasks/.*", code=404)
    unmount(manager, mounted, deadline())
    assert simulator.mounts() == []


def test_a_web_page_in_place_of_the_server_does_not_count_as_unmounted(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    mounted = manager.mount(restore_point, None, deadline())
    simulator.add_fault("status", ".*", count=None, code=404, html=True)
    with pytest.raises(errors.RequestFailed, match="in place of Enterprise Manager"):
        unmount(manager, mounted, deadline())
    simulator.clear_faults()
    assert len(simulator.mounts()) == 1


def test_a_web_page_of_a_proxy_is_believed_when_the_server_itself_is_there(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    mounted = manager.mount(restore_point, None, deadline())
    simulator.add_fault("status", ".*/mounts/.*", count=None, code=404, html=True)
    unmount(manager, mounted, deadline())


@pytest.mark.parametrize("fault", ["reset-after", "delete-by-task", "status", "cut-body"])
def test_every_way_of_unmounting_is_a_success(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    mounted = manager.mount(restore_point, None, deadline())
    simulator.add_fault(fault, "DELETE .*/mounts/.*")
    unmount(manager, mounted, deadline())
    assert simulator.mounts() == []
    unmount(manager, mounted, deadline())  # gone already: a success too


def test_a_failed_unmount_task_is_an_error(
    simulator: Simulator,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    mounted = manager.mount(restore_point, None, deadline())
    simulator.add_fault("delete-by-task", "DELETE .*/mounts/.*")
    simulator.add_fault("status", "GET /tasks/.*", count=None, code=500)
    with pytest.raises(errors.EnterpriseManagerError):
        unmount(manager, mounted, deadline())
    assert len(simulator.sessions()) == 1


@pytest.fixture
def older(
    make_manager: MakeManager, restore_point: RestorePointRef, deadline: MakeDeadline
) -> list[Mounted]:
    """Two mounts of a process that has ended."""
    process = make_manager()
    mounts = [process.mount(restore_point, None, deadline()) for _ in range(2)]
    process.close(1)
    return mounts


def test_the_last_mount_out_ends_the_session_that_made_it(
    simulator: Simulator,
    manager: EnterpriseManager,
    older: list[Mounted],
    deadline: MakeDeadline,
) -> None:
    unmount(manager, older[0], deadline())
    assert len(simulator.sessions()) == 1
    unmount(manager, older[1], deadline())
    assert simulator.sessions() == []


def test_a_session_with_a_mount_left_is_never_logged_out(
    simulator: Simulator,
    make_manager: MakeManager,
    older: list[Mounted],
    deadline: MakeDeadline,
) -> None:
    manager = make_manager()
    unmount(manager, older[0], deadline())
    manager.close(1)
    assert len(simulator.sessions()) == len(simulator.mounts()) == 1


def test_a_borrowed_session_is_never_logged_out(
    simulator: Simulator,
    make_manager: MakeManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    _, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    manager = make_manager(session_token=token, username=None, password=None)
    unmount(manager, manager.mount(restore_point, None, deadline()), deadline())
    manager.close(1)
    assert len(simulator.sessions()) == 1
