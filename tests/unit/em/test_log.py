"""What the log has of the work on the server: a request once, a task's states, a mount's steps."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from em_simulator import Simulator
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError, RestorePointGone
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType

MakeDeadline = Callable[..., Deadline]
GONE = RestorePointRef(RestorePointType.VM, "00000000-0000-4000-8000-000000000000")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def lines(log: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno == level]


def requests(log: pytest.LogCaptureFixture) -> list[str]:
    """The lines about requests, whoever wrote them."""
    words = ("GET", "POST", "DELETE", '"GET', '"POST', '"DELETE')
    return [line for line in lines(log, logging.DEBUG) if any(word in line for word in words)]


def test_each_request_has_one_line(
    em: EnterpriseManager,
    simulator: Simulator,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    log: pytest.LogCaptureFixture,
) -> None:
    mounted = em.mounts.create(restore_point, None, deadline())
    files, _ = em.files(mounted.session, mounted.mount_point.href)
    list(files.folder(mounted.mount_point.file_system_roots[0], deadline(), []))
    with pytest.raises(RestorePointGone):
        em.restore_points.get(GONE, deadline())
    em.mounts.unmount(mounted.session, mounted.mount_point.href, deadline())
    sent = Counter(f"{entry.method} {entry.path}" for entry in simulator.journal)
    told = Counter(" ".join(line.split("?")[0].split()[:2]) for line in requests(log))
    assert told == sent


@pytest.mark.parametrize("fault", ["reset-before", "reset-after", "garbage", "status"])
def test_a_request_that_fails_has_one_line_for_each_try(
    em: EnterpriseManager,
    simulator: Simulator,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    log: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    simulator.add_fault(fault, "GET /vmRestorePoints/.*", 2)
    em.restore_points.get(restore_point, deadline())
    told = [line for line in requests(log) if "GET /vmRestorePoints/" in line]
    assert len(told) == 3


def test_what_a_server_says_to_refuse_is_in_the_line(
    em: EnterpriseManager, deadline: MakeDeadline, log: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(RestorePointGone):
        em.restore_points.get(GONE, deadline())
    assert [line for line in requests(log) if GONE.id in line and ": 404 " in line]


def test_a_mount_tells_its_steps_and_its_task_the_states(
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    log: pytest.LogCaptureFixture,
) -> None:
    mounted = em.mounts.create(restore_point, None, deadline())
    href, session = mounted.mount_point.href, mounted.session
    em.mounts.unmount(session, href, deadline())
    steps = [line for line in lines(log, logging.INFO) if "logged on" not in line]
    assert steps == [
        f"The test: asking for {restore_point.mounts} in {session}",
        "The test: waiting for task-1",
        f"The test: reading {href}",
        f"The test: done, with {', '.join(mounted.mount_point.file_system_roots)}",
        f"unmounted: {href} of {session}",
        f"logged out: {session}",
    ]
    states = [line for line in lines(log, logging.DEBUG) if line.startswith("task-1 of ")]
    assert states[0] == f"task-1 of {session}: Running"
    assert states[-1] == f"task-1 of {session}: Finished"


def test_a_mount_that_fails_tells_how_it_was_undone(
    em: EnterpriseManager,
    simulator: Simulator,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    log: pytest.LogCaptureFixture,
) -> None:
    simulator.add_fault("task-fails", "POST .*/mounts")
    with pytest.raises(EnterpriseManagerError):
        em.mounts.create(restore_point, None, deadline())
    assert "nothing is left mounted." in lines(log, logging.INFO)[-1]
