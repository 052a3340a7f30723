"""Restoring a file to its machine: who has refused it, the server or a gateway."""

import threading
import time
from collections.abc import Callable

import pytest

from em_simulator import Family, Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.restore import ToOriginalPlace
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType

MakeDeadline = Callable[..., Deadline]
FILE = "E:/Documentation 2014/Offers.docx"
POST = "POST .*/mounts/1/.*"


@pytest.fixture
def restore_point(simulator: Simulator) -> RestorePointRef:
    points = simulator.restore_points(Family.VM)
    newest = next(point for point in points if point.machine.name == "oracle03")
    return RestorePointRef(RestorePointType.VM, newest.id)


def is_asked(simulator: Simulator) -> bool:
    return any(one.method == "POST" and "/mounts/1/" in one.path for one in simulator.journal)


def restore(
    em: EnterpriseManager, point: RestorePointRef, bound: Deadline, path: str = FILE
) -> None:
    mounted = em.mounts.create(point, None, bound)
    files, restores = em.files(mounted.session, mounted.mount_point.href)
    list(restores.restore(files, path, ToOriginalPlace(), bound))


@pytest.mark.parametrize("code", [401, 404])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_gateway_may_have_refused_may_have_begun(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    code: int,
    when: str,
) -> None:
    simulator.add_fault("status", POST, code=code, when=when, html=True)
    with pytest.raises(errors.AnswerLost, match="not known whether the restore was begun"):
        restore(em, restore_point, deadline())


def test_what_the_server_refuses_has_not_begun(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    with pytest.raises(errors.NotFound):
        restore(em, restore_point, deadline(), f"{FILE}.old")
    simulator.add_fault("expire-session", POST)
    with pytest.raises(errors.TokenRefused):
        restore(em, restore_point, deadline())


def test_a_gateway_that_refuses_the_token_again_and_again_leaves_it_open(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", POST, code=401, when="after", html=True)
    simulator.add_fault("status", "GET /logonSessions/.*", count=None, code=401, html=True)
    with pytest.raises(errors.TokenRefused, match="not known whether the restore was begun"):
        restore(em, restore_point, deadline())


def test_a_stop_before_it_is_known_who_refused_leaves_it_open(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    stop: threading.Event,
    clock: FakeClock,
) -> None:
    simulator.add_fault("status", POST, code=404, when="after", html=True)
    simulator.add_fault("delay", "GET .*/mounts/1/.*", None, seconds=5)

    def stop_after_the_request() -> None:
        while not is_asked(simulator):
            time.sleep(0.01)
        stop.set()

    threading.Thread(target=stop_after_the_request).start()
    with pytest.raises(errors.AnswerLost, match="not known whether the restore was begun"):
        restore(em, restore_point, deadline())
