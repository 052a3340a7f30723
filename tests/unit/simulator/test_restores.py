"""Restore sessions: what holds disks, and what a file's restore may only start."""

from collections.abc import Iterator
from typing import Any

import pytest

from em_simulator import Family, Simulator
from support.callers import Caller, links
from support.clocks import FakeClock

QUERY = "query?type=restoresession&format=entities"
SPEC = {"ToOriginalLocation": {"Overwrite": True}}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock) as running:
        yield running


@pytest.fixture
def caller(simulator: Simulator) -> Caller:
    return Caller(simulator)


def mount(caller: Caller) -> str:
    """Mount, and return the mount's path."""
    point = caller.simulator.restore_points(Family.VM)[0].id
    return caller.simulator.mount(caller.token, Family.VM, point).path


def restores(caller: Caller, condition: str = "") -> list[Any]:
    found = caller.get(QUERY + (f"&filter={condition}" if condition else ""))
    return list(found["entities"]["restoreSessions"]["restoreSessions"])


def test_a_mount_has_a_restore_session_until_it_is_unmounted(
    caller: Caller, clock: FakeClock
) -> None:
    path = mount(caller)
    (working,) = restores(caller)
    assert (working["state"], working["result"]) == ("Working", "None")
    assert (working["endTimeUTC"], working["jobType"]) == (None, "FileLevelRestore")
    assert working["vmDisplayName"] == "web02"
    clock.now += 90
    caller.ask("DELETE", path)
    (stopped,) = restores(caller)
    assert (stopped["state"], stopped["result"], stopped["progress"]) == ("Stopped", "Success", 100)
    assert stopped["endTimeUTC"] > stopped["creationTimeUTC"]
    assert caller.get(working["href"]) == stopped


def test_it_outlives_a_lost_logon_session(caller: Caller, clock: FakeClock) -> None:
    mount(caller)
    caller.simulator.expire_sessions()
    other = Caller(caller.simulator)
    assert [restore["state"] for restore in restores(other)] == ["Working"]
    for _ in range(3):
        clock.now += 899
        other.get("tasks")
    assert [restore["state"] for restore in restores(other)] == ["Stopped"]


@pytest.mark.parametrize(
    ("state", "result", "is_over"),
    [
        ("Starting", None, False),
        ("Working", "None", False),
        ("Stopping", "Success", False),
        ("Stopped", "Failed", True),
    ],
)
def test_its_state_can_be_set(
    caller: Caller, state: str, result: str | None, is_over: bool
) -> None:
    mount(caller)
    (restore_id,) = caller.simulator.restore_sessions()
    caller.simulator.set_restore_state(restore_id, state, "Failed", "The disk is full.")
    (found,) = restores(caller, f"State=={state}")
    assert found["result"] == result
    assert (found["endTimeUTC"] is not None) == is_over
    assert found["failureMessage"] == ("The disk is full." if is_over else None)


def test_states_and_ids_that_do_not_exist_are_refused(caller: Caller) -> None:
    mount(caller)
    (restore_id,) = caller.simulator.restore_sessions()
    with pytest.raises(ValueError, match="Sleeping"):
        caller.simulator.set_restore_state(restore_id, "Sleeping")
    with pytest.raises(ValueError, match="no such restore session"):
        caller.simulator.set_restore_state("nothing", "Stopped")


@pytest.mark.parametrize(
    ("result", "message", "restored"),
    [("Success", "", 1), ("Warning", "One file was skipped.", 1), ("Failed", "No route.", 0)],
)
def test_a_files_restore_may_only_start_a_session(
    caller: Caller, clock: FakeClock, result: str, message: str, restored: int
) -> None:
    simulator = caller.simulator
    simulator.add_fault(
        "restore-session", "POST .*/mounts/.*", result=result, message=message, seconds=10
    )
    task = caller.post(f"{mount(caller)}/Volume$0:/etc?action=restore", json=SPEC)
    assert (task["state"], task["result"]["success"]) == ("Finished", True)
    (related,) = links(task, "Related")
    assert related.endswith("?format=Entity")
    told = []
    for _ in range(3):
        told.append(caller.get(related))
        assert simulator.restored() == []
        clock.now += 4
    over = caller.get(related)
    assert [session["state"] for session in told] == ["Starting", "Working", "Working"]
    assert [session["progress"] for session in told] == [0, 40, 80]
    assert (over["state"], over["result"], over["progress"]) == ("Stopped", result, 100)
    assert over["failureMessage"] == (message or None)
    assert len(simulator.restored()) == restored


def test_without_that_the_task_is_all_there_is(caller: Caller) -> None:
    task = caller.post(f"{mount(caller)}/Volume$0:/etc?action=restore", json=SPEC)
    assert links(task, "Related") == []
    assert len(caller.simulator.restored()) == 1


def test_they_are_listed_as_references_and_as_entities(caller: Caller) -> None:
    mount(caller)
    (reference,) = caller.get("restoreSessions")["refs"]
    (entity,) = caller.get("restoreSessions?format=Entity")["restoreSessions"]
    assert reference["type"] == "RestoreSessionReference"
    assert caller.get(reference["href"])["uid"] == entity["uid"]
    assert links(reference, "Alternate") == [entity["href"]]
    (server,) = links(entity, "Up")
    assert caller.get(f"{server}?format=Entity")["type"] == "BackupServer"


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("Result>=Warning", 1),
        ("Result==failed;State==Stopped", 1),
        ("Result<Failed", 1),
        ("State<Stopped", 2),
        ("State>=Working;State<Stopped", 1),
        ("Type==filelevelrestore", 3),
        ('EndTime>"2026-01-01"', 1),
        ('CreationTime>"2026-01-01";VmDisplayName!=""', 3),
    ],
)
def test_they_are_queried_by_their_documented_fields(
    caller: Caller, expression: str, count: int
) -> None:
    for _ in range(3):
        mount(caller)
    ids = caller.simulator.restore_sessions()
    for restore_id, state in zip(ids, ("Starting", "Working", "Stopped"), strict=True):
        caller.simulator.set_restore_state(restore_id, state, "Failed")
    assert len(restores(caller, expression)) == count
