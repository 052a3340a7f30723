"""Unmounting, and what becomes of the logon session."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, Simulator
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import Mounted, RestorePointRef
from terraform_provider_veeam.em.mounts.read_and_unmount import MountPoints

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
DELETE = "DELETE .*/mounts/.*"


def unmount(em: EnterpriseManager, mounted: Mounted, deadline: Deadline) -> None:
    em.mounts.unmount(mounted.session, mounted.mount_point.href, deadline)


@pytest.fixture
def mounted(make_em: MakeEm, restore_point: RestorePointRef, deadline: MakeDeadline) -> Mounted:
    """A mount of a process that has ended."""
    process = make_em()
    made = process.mounts.create(restore_point, None, deadline())
    process.close(1)
    return made


@pytest.mark.parametrize(
    "fault", ["none", "reset-after", "delete-by-task", "status", "cut-body", "garbage"]
)
def test_every_way_of_unmounting_ends_the_mounts_session(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    if fault != "none":
        simulator.add_fault(fault, DELETE)
    unmount(em, mounted, deadline())
    assert (simulator.mounts(), simulator.sessions()) == ([], [])
    assert simulator.lost_by_logout() == []


def test_a_stop_after_the_unmount_leaves_no_session(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    stop: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unmount_and_stop(self: MountPoints, href: str, bound: Deadline) -> None:
        plain_unmount(self, href, bound)
        stop.set()

    plain_unmount = MountPoints.unmount
    monkeypatch.setattr(MountPoints, "unmount", unmount_and_stop)
    unmount(em, mounted, deadline())
    assert (simulator.mounts(), simulator.sessions()) == ([], [])


def test_a_mount_that_is_gone_already_is_no_error(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", "DELETE /logonSessions/.*", count=None, code=500)
    unmount(em, mounted, deadline())
    unmount(em, mounted, deadline())
    assert simulator.mounts() == []


def test_an_unmount_whose_task_is_forgotten_at_once_is_a_success(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("delete-by-task", DELETE)
    simulator.add_fault("task-vanishes", DELETE)
    unmount(em, mounted, deadline())
    assert simulator.mounts() == []


def test_an_unmount_whose_task_fails_is_an_error_with_the_servers_message(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("delete-by-task", DELETE)
    simulator.add_fault("task-fails", DELETE, message="A file is open.")
    with pytest.raises(errors.TaskFailed, match="A file is open"):
        unmount(em, mounted, deadline())
    assert len(simulator.mounts()) == len(simulator.sessions()) == 1


def test_an_unmount_whose_task_is_gone_is_not_done_while_the_mount_point_is_there(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("delete-by-task", DELETE)
    simulator.add_fault("task-fails", DELETE)
    simulator.add_fault("task-vanishes", DELETE)
    with pytest.raises(errors.DeadlinePassed):
        unmount(em, mounted, deadline())
    assert len(simulator.mounts()) == len(simulator.sessions()) == 1


def test_an_unmount_whose_task_can_not_be_asked_is_done_when_the_mount_point_is_not_listed(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("delete-by-task", DELETE)
    simulator.add_fault("status", "GET /tasks/.*", count=None, code=500)
    unmount(em, mounted, deadline())
    assert simulator.mounts() == []


def test_a_web_page_in_place_of_the_server_does_not_count_as_unmounted(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", ".*", count=None, code=404, html=True)
    with pytest.raises(errors.Unsettled, match="would tell, but can't be read"):
        unmount(em, mounted, deadline())
    simulator.clear_faults()
    assert len(simulator.mounts()) == 1


def test_two_mounts_of_one_restore_point_go_each_through_its_own_session(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    first, second = (em.mounts.create(restore_point, None, deadline()) for _ in range(2))
    unmount(em, first, deadline())
    (left,) = simulator.mounts()
    assert left.session_id == second.session.session_id


def test_a_borrowed_session_is_never_logged_out(
    simulator: Simulator,
    make_em: MakeEm,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    _, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    em = make_em(session_token=token, username=None, password=None)
    unmount(em, em.mounts.create(restore_point, None, deadline()), deadline())
    em.close(1)
    assert len(simulator.sessions()) == 1
    assert simulator.mounts() == []


def test_what_must_not_outlive_the_process_is_unmounted_at_its_end(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    em.mounts.create(restore_point, None, deadline(), outlives=False)
    em.close(1)
    assert (simulator.mounts(), simulator.sessions()) == ([], [])
    assert simulator.lost_by_logout() == []


def test_another_mount_point_than_the_one_asked_for_is_an_error(
    simulator: Simulator,
    make_em: MakeEm,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    _, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    em = make_em(session_token=token, username=None, password=None)
    first, second = (em.mounts.create(restore_point, None, deadline()) for _ in range(2))
    session, href = first.session, first.mount_point.href
    request = em._client.request
    other = request("GET", second.mount_point.href, deadline(), token=token)

    def mistaken(method: str, path: str, *rest: Any, **more: Any) -> Any:
        return other if path == href else request(method, path, *rest, **more)

    em._client.request = mistaken  # type: ignore[method-assign]
    with pytest.raises(errors.UnexpectedAnswer, match="another mount point"):
        em.mounts.get(session, restore_point, href, deadline())
