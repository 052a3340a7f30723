"""Making a mount, and every way out of it."""

import base64
import threading
from collections.abc import Callable
from typing import Any

import pytest

from em_simulator import Family, MountNumbers, Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors, tasks
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType, Task
from terraform_provider_veeam.em.mounts import create
from terraform_provider_veeam.em.one_task import OneTask
from terraform_provider_veeam.em.tasks import Tasks, parse_task

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
POST = "POST .*/mounts"


def posts(simulator: Simulator) -> int:
    return len([e for e in simulator.journal if e.method == "POST" and e.path.endswith("/mounts")])


def mount_of(simulator: Simulator) -> str:
    """Return the path of the only mount there is."""
    (there,) = simulator.mounts()
    return there.path


# The request, and its answer


@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "garbage", "html", "wrong-shape"])
def test_a_mount_whose_answer_is_lost_is_found_and_not_asked_for_again(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    simulator.add_fault(fault, POST)
    mounted = em.mounts.create(restore_point, None, deadline())
    assert mounted.mount_point.href == mount_of(simulator)
    assert posts(simulator) == 1


class Unforeseen:
    """Reads a task as ever, but for the first times, in which it fails as nobody foresaw."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, resource: Any) -> Task | None:
        self.left -= 1
        if self.left >= 0:
            raise ZeroDivisionError
        return parse_task(resource)


def test_an_unforeseen_exception_after_the_request_loses_no_mount(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "parse_task", Unforeseen(1))
    mounted = em.mounts.create(restore_point, None, deadline())
    assert mounted.mount_point.href == mount_of(simulator)
    assert posts(simulator) == 1


@pytest.mark.parametrize("step", ["_look", "_finish", "_check"])
def test_after_an_unforeseen_exception_nothing_is_left_mounted(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    if step == "_look":
        monkeypatch.setattr(tasks, "parse_task", Unforeseen(99))
    monkeypatch.setattr(OneTask if step == "_look" else create._Mount, step, raise_unforeseen)
    with pytest.raises(ZeroDivisionError):
        em.mounts.create(restore_point, None, deadline())
    assert (simulator.mounts(), simulator.sessions()) == ([], [])


def raise_unforeseen(*_: object) -> None:
    raise ZeroDivisionError


def test_a_lost_answer_whose_task_is_forgotten_already_is_found_by_its_mount(
    make_em: MakeEm, restore_point: RestorePointRef, deadline: MakeDeadline
) -> None:
    with Simulator() as quick:
        em = make_em(
            base_url=f"{quick.url}/api",
            certificate_fingerprint=quick.fingerprint.replace(":", "").lower(),
        )
        quick.add_fault("reset-after", POST)
        quick.add_fault("task-vanishes", POST)
        mounted = em.mounts.create(restore_point, None, deadline())
        assert mounted.mount_point.href == mount_of(quick)
        assert posts(quick) == 1
        em.close(1)


@pytest.mark.parametrize("fault", ["reset-before", "status"])
def test_a_mount_that_was_certainly_not_taken_is_asked_for_again(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    simulator.add_fault(fault, POST, count=2)
    em.mounts.create(restore_point, None, deadline())
    assert len(simulator.mounts()) == 1
    assert posts(simulator) == 3


def test_nothing_is_undone_of_a_mount_that_the_server_itself_has_refused(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.remove_restore_point(Family.VM, restore_point.id)
    with pytest.raises(errors.RestorePointGone):
        em.mounts.create(restore_point, None, deadline())
    asked = [e.path for e in simulator.journal]
    assert not [path for path in asked if path.startswith("/tasks") or path.endswith("/mounts/")]
    assert asked[-1].startswith("/logonSessions/")


def test_a_mount_that_turns_up_while_the_second_try_is_waited_for_is_taken(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    def arrive() -> None:
        """The request that was lost reaches the server after all."""
        (session,) = simulator.sessions()
        token = base64.b64encode(session.encode()).decode()
        simulator.mount(token, Family.VM, restore_point.id)

    simulator.add_fault("reset-before", POST)
    clock.at_next_wait = arrive
    mounted = em.mounts.create(restore_point, None, deadline())
    assert mounted.mount_point.href == mount_of(simulator)
    assert posts(simulator) == 1


def test_a_task_that_links_to_another_restore_point_is_refused_and_undone(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wait = Tasks.wait

    def answer_for_another(tasks: Tasks, task: Task, bound: Deadline) -> Task:
        other = "/vmRestorePoints/11111111-2222-3333-4444-555555555555/mounts/1"
        return wait(tasks, task, bound)._replace(mount_href=other)

    monkeypatch.setattr(Tasks, "wait", answer_for_another)
    with pytest.raises(errors.UnexpectedAnswer, match="another restore point"):
        em.mounts.create(restore_point, None, deadline())
    em.close(1)
    assert (simulator.mounts(), simulator.sessions()) == ([], [])


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_status_after_the_server_has_acted_makes_no_second_mount(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    code: int,
) -> None:
    simulator.add_fault("status", POST, code=code, when="after")
    em.mounts.create(restore_point, None, deadline())
    assert len(simulator.mounts()) == posts(simulator) == 1


def test_a_gateway_that_timed_out_is_not_asked_again(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    """The server may still be busy with the first request."""
    simulator.add_fault("status", POST, code=504, count=None)
    with pytest.raises(errors.ServerBusy, match="504"):
        em.mounts.create(restore_point, None, deadline())
    em.close(1)
    assert posts(simulator) == 1
    assert (simulator.mounts(), simulator.sessions()) == ([], [])


def test_the_server_says_when_a_mount_may_be_asked_for_again(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    simulator.add_fault("status", POST, code=503, retry_after=6)
    em.mounts.create(restore_point, None, deadline())
    assert 6.0 in clock.waits


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        (("vm", None), b'{"OsKind": "Windows"}'),
        (("vm", "Linux"), b'{"OsKind": "Linux"}'),
        (("agent", None), b""),
        (("agent", "Linux"), b""),
        (("replica", None), b'{"OsKind": "Windows"}'),
    ],
)
def test_the_body_is_what_the_family_takes(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, str | None],
    body: bytes,
) -> None:
    kind, os_kind = asked
    sent: list[bytes] = []
    request = em._client.request

    def spy(method: str, path: str, *rest: Any, **more: Any) -> Any:
        if method == "POST" and path.endswith("/mounts"):
            sent.append(more["body"] or b"")
        return request(method, path, *rest, **more)

    monkeypatch.setattr(em._client, "request", spy)
    family = Family[kind.upper()]
    ref = RestorePointRef(RestorePointType(kind), simulator.restore_points(family)[0].id)
    em.mounts.create(ref, os_kind, deadline())
    assert sent == [body]


@pytest.mark.parametrize("kind", list(RestorePointType))
def test_a_server_that_refuses_one_form_of_the_request_gets_the_other(
    make_em: MakeEm, deadline: MakeDeadline, kind: RestorePointType
) -> None:
    with Simulator(needs_mount_body=True) as simulator:
        em = make_em(
            base_url=f"{simulator.url}/api",
            certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
        )
        ref = RestorePointRef(kind, simulator.restore_points(Family[kind.name])[0].id)
        assert em.mounts.create(ref, None, deadline()).mount_point.file_system_roots
        assert posts(simulator) == (2 if kind is RestorePointType.AGENT else 1)


@pytest.mark.parametrize(("os_kind", "tries"), [(None, 2), ("Linux", 1)])
def test_a_request_that_is_refused_in_every_form_is_told_and_nothing_is_left(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    os_kind: str | None,
    tries: int,
) -> None:
    simulator.add_fault("status", POST, code=400, count=None)
    with pytest.raises(errors.RequestFailed, match="400"):
        em.mounts.create(restore_point, os_kind, deadline())
    assert posts(simulator) == tries
    assert len(simulator.sessions()) <= 1


# The task


def test_a_task_that_is_forgotten_as_soon_as_it_is_finished_has_mounted(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("task-vanishes", POST)
    mounted = em.mounts.create(restore_point, None, deadline())
    assert mounted.mount_point.href == mount_of(simulator)
    assert posts(simulator) == 1


def test_a_task_that_fails_is_told_with_the_servers_message_and_nothing_is_left(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("task-fails", POST, message="No disk.")
    with pytest.raises(errors.TaskFailed, match="No disk") as caught:
        em.mounts.create(restore_point, None, deadline())
    assert "nothing is left mounted" in caught.value.detail
    em.close(1)
    assert (simulator.mounts(), simulator.sessions()) == ([], [])


@pytest.mark.parametrize("numbers", list(MountNumbers))
def test_a_task_without_a_link_is_found_in_the_collection_of_one(
    clock: FakeClock, make_em: MakeEm, deadline: MakeDeadline, numbers: MountNumbers
) -> None:
    with Simulator(clock=clock, mount_numbers=numbers) as simulator:
        em = make_em(
            base_url=f"{simulator.url}/api",
            certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
        )
        simulator.add_fault("no-related-link", POST, count=None)
        first, second = (
            RestorePointRef(RestorePointType.VM, point.id)
            for point in simulator.restore_points(Family.VM)[:2]
        )
        found = [em.mounts.create(ref, None, deadline()) for ref in (first, second, first)]
        assert len({mounted.session.token for mounted in found}) == 3
        assert {(m.session.session_id, m.mount_point.href) for m in found} == {
            (mount.session_id, mount.path) for mount in simulator.mounts()
        }
        em.close(1)


def test_links_on_another_host_are_followed_on_the_configured_one(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("foreign-href", ".*", count=None)
    mounted = em.mounts.create(restore_point, None, deadline())
    assert mounted.mount_point.href == mount_of(simulator)


def test_the_session_ending_during_the_mount_is_told(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("expire-all", "GET /tasks.*")
    with pytest.raises(errors.TaskVanished, match="session ended during the mount"):
        em.mounts.create(restore_point, None, deadline())
    assert simulator.mounts() == []


def test_errors_of_the_poll_are_borne_for_a_minute_and_then_undone(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    began = clock.now
    simulator.add_fault("status", "GET /tasks/.*", count=None, code=500)
    with pytest.raises(errors.TaskVanished, match="could not be followed"):
        em.mounts.create(restore_point, None, deadline())
    assert 55 < clock.now - began < 120
    em.close(1)
    assert (simulator.mounts(), simulator.sessions()) == ([], [])


# Giving up


def test_a_mount_that_takes_too_long_is_cancelled_and_its_session_ended(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    with pytest.raises(errors.DeadlinePassed) as caught:
        em.mounts.create(restore_point, None, deadline(5))
    said = "task-1 was cancelled (it said: Running), and its logon session was ended"
    assert said in caught.value.detail
    assert "nothing is left mounted" in caught.value.detail
    em.close(1)
    assert (simulator.mounts(), simulator.sessions()) == ([], [])


def test_a_stop_during_the_wait_cancels_what_is_under_way(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
) -> None:
    stop = threading.Event()

    class Interrupted(FakeClock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            stop.set()
            return super().wait(event, seconds)

    bound = Deadline("The test", 600, stop=stop, clock=Interrupted())
    with pytest.raises(errors.Stopped, match="nothing is left mounted"):
        em.mounts.create(restore_point, None, bound)
    em.close(1)
    assert (simulator.mounts(), simulator.sessions()) == ([], [])
    cancelled = [e.path for e in simulator.journal if e.method == "DELETE" and e.status == 204]
    assert cancelled[0] == "/tasks/task-1"


def test_a_task_that_can_not_be_cancelled_does_not_keep_the_session(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", "DELETE /tasks/.*", count=None, code=500)
    with pytest.raises(errors.DeadlinePassed, match="nothing is left mounted"):
        em.mounts.create(restore_point, None, deadline(5))
    em.close(1)
    assert simulator.sessions() == []


def test_a_cancel_that_comes_too_late_leaves_nothing_as_its_session_is_ended(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    simulator.add_fault("cancel-late", "DELETE /tasks/.*", seconds=2)
    with pytest.raises(errors.DeadlinePassed, match="session was ended; nothing is left mounted"):
        em.mounts.create(restore_point, None, deadline(5))
    clock.wait(threading.Event(), 60)
    assert simulator.mounts() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "status", "pattern": "GET /tasks", "count": None, "code": 401},
        {"name": "expire-session", "pattern": "GET /tasks$"},
    ],
    ids=["a refusal of the token", "the end of the session"],
)
def test_whatever_is_said_of_the_session_during_the_undoing_nothing_is_left(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    fault: dict[str, Any],
) -> None:
    simulator.add_fault(**fault)
    simulator.add_fault("task-fails", POST, message="No disk.")
    with pytest.raises(errors.TaskFailed) as caught:
        em.mounts.create(restore_point, None, deadline())
    assert "Its logon session was ended; nothing is left mounted." in caught.value.detail
    em.close(1)
    assert simulator.sessions() == []


def test_a_server_out_of_reach_is_told_with_restore_point_and_session(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", "DELETE .*", count=None, code=503)
    with pytest.raises(errors.DeadlinePassed) as caught:
        em.mounts.create(restore_point, None, deadline(5))
    assert restore_point.path in caught.value.detail
    assert "idle for 15 minutes" in caught.value.detail
    (entry,) = [e for e in simulator.journal if e.method == "POST" and e.path.endswith("mounts")]
    assert entry.session_id
    assert entry.session_id not in caught.value.detail


def test_what_nobody_foresaw_after_the_request_leaves_nothing_mounted(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("terraform_provider_veeam.em.tasks.Tasks.wait", broken)
    with pytest.raises(ZeroDivisionError):
        em.mounts.create(restore_point, None, deadline())
    em.close(1)
    assert (simulator.mounts(), simulator.sessions()) == ([], [])


def test_a_mount_that_can_not_be_read_is_returned_with_the_error(
    simulator: Simulator,
    make_em: MakeEm,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", r"GET .*/mounts/\d+", count=None, code=500)
    em = make_em()
    with pytest.raises(errors.MountIncomplete) as caught:
        em.mounts.create(restore_point, None, deadline())
    assert caught.value.mounted.mount_point.href == mount_of(simulator)
    em.close(1)
    assert len(simulator.sessions()) == 1  # the mount lives in it


def test_one_refusal_of_the_token_does_not_lose_the_mount(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", r"GET .*/mounts/\d+", code=401)
    mounted = em.mounts.create(restore_point, None, deadline())
    assert mounted.mount_point.href == mount_of(simulator)


def test_what_is_refused_before_anything_was_asked_ends_its_session(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("status", POST, code=403, count=None)
    with pytest.raises(errors.AccessDenied) as caught:
        em.mounts.create(restore_point, None, deadline())
    assert "mounted" not in caught.value.detail.rpartition("scope of that role.")[2]
    assert simulator.sessions() == []
