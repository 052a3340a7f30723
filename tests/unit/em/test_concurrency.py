"""Many mounts at once, on the real clock: threads that wait can't share one that is held."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from em_simulator import ADMINISTRATOR, Family, Simulator
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.em.settings import Settings

COUNT = 16
POST = "POST .*/mounts"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(mount_seconds=1.0) as running:
        yield running


@pytest.fixture
def manager(simulator: Simulator) -> Iterator[EnterpriseManager]:
    made = EnterpriseManager(
        Settings(
            base_url=f"{simulator.url}/api",
            username=ADMINISTRATOR.username,
            password=ADMINISTRATOR.password,
            ca_certificate=simulator.certificate_pem,
        )
    )
    yield made
    made.close(1)


def mount_all(manager: EnterpriseManager, simulator: Simulator) -> list[str]:
    """Mount one restore point many times at once; returns the paths."""
    ref = RestorePointRef(RestorePointType.VM, simulator.restore_points(Family.VM)[0].id)

    def mount(_: int) -> str:
        deadline = Deadline(operation="The test", seconds=60, stop=threading.Event())
        return manager.mount(ref, None, deadline).mount_point.href

    with ThreadPoolExecutor(COUNT) as threads:
        return list(threads.map(mount, range(COUNT)))


def test_they_log_on_once_and_poll_together(
    simulator: Simulator, manager: EnterpriseManager
) -> None:
    mount_all(manager, simulator)
    asked = [entry.path for entry in simulator.journal]
    assert len(simulator.mounts()) == COUNT
    assert asked.count("/sessionMngr/") == 1
    # For as long as the mounts take, not for as many as there are.
    assert len([path for path in asked if path.startswith("/tasks")]) <= 8


@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "no-related-link"])
def test_with_faults_each_has_a_mount_of_its_own(
    simulator: Simulator, manager: EnterpriseManager, fault: str
) -> None:
    simulator.add_fault(fault, POST, count=4)
    paths = mount_all(manager, simulator)
    assert len(set(paths)) == COUNT
    assert set(paths) == {mount.path for mount in simulator.mounts()}


@pytest.mark.parametrize("code", [403, 500])
def test_a_list_of_tasks_that_can_not_be_had_is_no_obstacle(
    simulator: Simulator, manager: EnterpriseManager, code: int
) -> None:
    simulator.add_fault("status", "GET /tasks", count=None, code=code)
    assert len(set(mount_all(manager, simulator))) == COUNT


def test_lost_requests_for_different_restore_points_are_not_mixed_up(
    simulator: Simulator, manager: EnterpriseManager
) -> None:
    refs = [
        RestorePointRef(RestorePointType.VM, point.id)
        for point in simulator.restore_points(Family.VM)[:4]
    ]
    simulator.add_fault("reset-after", POST, count=len(refs))

    def mount(ref: RestorePointRef) -> str:
        deadline = Deadline(operation="The test", seconds=60, stop=threading.Event())
        return manager.mount(ref, None, deadline).mount_point.href

    with ThreadPoolExecutor(len(refs)) as threads:
        paths = list(threads.map(mount, refs))
    assert all(ref.id in path for ref, path in zip(refs, paths, strict=True))
