"""A file goes from the index to its original place: asked for once, and followed to its end."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from em_simulator import (
    PORTAL_USER,
    RESTORE_OPERATOR,
    VM_RESTORE_OPERATOR,
    Account,
    Simulator,
)
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.restore import Progress
from terraform_provider_veeam.em.index import IndexedPoint
from terraform_provider_veeam.em.inventory.restore_points import Wanted

MakeDeadline = Callable[..., Deadline]
FOLDER = "E:/Documentation 2014"
OFFERS = f"{FOLDER}/Offers.docx"
POST = "POST .*/guestfs/.*"
READ_SESSION = "GET /restoreSessions/.*"


def newest(em: EnterpriseManager, bound: Deadline) -> IndexedPoint:
    points = em.restore_points.find(Wanted(machine_name="oracle03"), 1, bound)
    return em.index.points(points, bound)[0]


def restore(em: EnterpriseManager, bound: Deadline, path: str = OFFERS) -> list[Progress]:
    return list(em.index.restore(newest(em, bound), path, bound))


def asked(simulator: Simulator) -> list[str]:
    """The restores that the server was asked for."""
    return [
        one.path
        for one in simulator.journal
        if one.method == "POST" and one.query == "action=restore"
    ]


@pytest.mark.parametrize("path", [OFFERS, FOLDER])
def test_it_is_over_once_its_restore_session_is(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, path: str
) -> None:
    simulator.add_fault("restore-session", POST, seconds=25)
    told = restore(em, deadline(), path)
    (restored,) = simulator.restored()
    assert (restored.machine, restored.path, restored.overwrite) == ("oracle03", path, True)
    assert [one.percent for one in told] == [44, 84]
    assert len(asked(simulator)) == 1
    assert simulator.mounts() == []


@pytest.mark.parametrize("account", [PORTAL_USER, VM_RESTORE_OPERATOR, RESTORE_OPERATOR])
def test_every_role_may_do_it(
    simulator: Simulator, make_em: Any, deadline: MakeDeadline, account: Account
) -> None:
    restore(make_em(username=account.username, password=account.password), deadline())
    assert len(simulator.restored()) == 1


def test_what_is_not_there_is_not_asked_for(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    for path in (f"{OFFERS}.old", "E:/no/such", f"{FOLDER}/*.docx"):
        with pytest.raises(errors.NotFound):
            restore(em, deadline(), path)
    assert asked(simulator) == []


def test_a_session_that_expired_before_is_replaced_and_asks_once(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    bound = deadline()
    night = newest(em, bound)
    assert em.index.look(night, OFFERS, bound, [])
    simulator.expire_sessions()
    list(em.index.restore(night, OFFERS, bound))
    assert len(asked(simulator)) == len(simulator.restored()) == 1


def test_a_session_that_ends_with_the_request_is_not_replaced(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("expire-session", POST)
    with pytest.raises(errors.TokenRefused):
        restore(em, deadline())
    assert len(asked(simulator)) == 1
    assert simulator.restored() == []


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("reset-before", {}),
        ("reset-after", {}),
        ("garbage", {}),
        ("status", {"code": 503, "when": "before"}),
        ("status", {"code": 503, "when": "after"}),
        ("status", {"code": 401, "when": "after", "html": True}),
        ("status", {"code": 404, "when": "after", "html": True}),
    ],
)
def test_a_lost_answer_is_told_and_nothing_is_asked_for_twice(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    fault: str,
    options: dict[str, Any],
) -> None:
    simulator.add_fault(fault, POST, **options)
    with pytest.raises(errors.AnswerLost, match="not known whether the restore was begun") as told:
        restore(em, deadline())
    assert "It was not asked for again, and may have begun." in told.value.detail
    assert len(asked(simulator)) == 1


def test_an_account_that_may_not_is_told_what_can_be_the_reason(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("status", POST, code=403)
    with pytest.raises(errors.AccessDenied) as caught:
        restore(em, deadline())
    assert "VM Restore Operator or File Restore Operator" in caught.value.detail
    assert "FlrInplaceOnly and FlrExtentionRestrictions" in caught.value.detail


def test_a_restore_that_fails_later_says_why(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("restore-session", POST, result="Failed", message="The disk is full.")
    with pytest.raises(errors.FileRestoreFailed, match=r"FLR_\[oracle03\].*The disk is full"):
        restore(em, deadline())
    assert simulator.restored() == []


def test_a_task_that_fails_has_started_nothing(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("task-fails", POST, message="The proxy is away.")
    with pytest.raises(errors.FileRestoreFailed, match="The proxy is away"):
        restore(em, deadline())


def test_remarks_on_a_restore_that_is_done_are_told(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("restore-session", POST, result="Warning", message="Owner not set.")
    assert restore(em, deadline())[-1].warning == "Owner not set."


def test_without_a_restore_session_nobody_claims_that_it_is_done(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("no-related-link", POST)
    with pytest.raises(errors.UnexpectedAnswer, match="ends is not known") as caught:
        restore(em, deadline())
    assert "has started it" in caught.value.detail


def test_a_restore_that_can_not_be_followed_goes_on_and_says_so(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("status", READ_SESSION, None, code=500)
    with pytest.raises(errors.RequestFailed) as caught:
        restore(em, deadline())
    assert f"The restore of {OFFERS} goes on" in caught.value.detail


@pytest.mark.parametrize(
    ("fault", "says"),
    [("task-stays", "was to start the restore"), ("restore-session", "goes on")],
)
def test_a_stop_says_what_has_been_begun(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    stop: threading.Event,
    fault: str,
    says: str,
) -> None:
    simulator.add_fault(fault, POST, seconds=60)
    bound = deadline()
    steps = em.index.restore(newest(em, bound), OFFERS, bound)
    next(steps)
    stop.set()
    with pytest.raises(errors.Stopped) as caught:
        next(steps)
    assert says in caught.value.detail
