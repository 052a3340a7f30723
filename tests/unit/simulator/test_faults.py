"""Faults: several may hit one request, each as often as it was told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from em_simulator import Family, Simulator
from em_simulator.faults import Faults, parse
from support.callers import Caller, links


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def caller(simulator: Simulator) -> Caller:
    return Caller(simulator)


@pytest.fixture
def mounts(simulator: Simulator) -> str:
    return f"vmRestorePoints/{simulator.restore_points(Family.VM)[0].id}/mounts"


def test_the_first_fault_of_each_name_is_due() -> None:
    faults = Faults()
    faults.add("delay", "GET /a", 1, {"seconds": 1})
    faults.add("delay", "GET .*", 1, {"seconds": 2})
    faults.add("status", "GET .*", None, {})
    taken = [faults.take("GET", "/a") for _ in range(3)]
    assert [[fault.name for fault in due] for due in taken] == [
        ["delay", "status"],
        ["delay", "status"],
        ["status"],
    ]
    assert [due[0].option("seconds") for due in taken[:2]] == [1, 2]
    assert faults.take("POST", "/a") == []


def test_a_delete_by_task_may_fail(simulator: Simulator, caller: Caller, mounts: str) -> None:
    caller.post(mounts)
    simulator.add_fault("delete-by-task", "DELETE .*")
    simulator.add_fault("task-fails", "DELETE .*", message="It is busy.")
    answer = caller.ask("DELETE", f"{mounts}/1")
    assert answer.status_code == 202
    task = caller.get(f"tasks/{answer.json()['taskId']}")
    assert (task["operation"], task["result"]["success"]) == ("UnmountRestorePoint", False)
    assert task["result"]["message"] == "It is busy."
    assert len(simulator.mounts()) == 1
    assert simulator.journal[-2].fault == "delete-by-task,task-fails"


def test_a_mount_may_be_made_by_a_task_that_vanishes_without_an_answer(
    simulator: Simulator, caller: Caller, mounts: str
) -> None:
    simulator.add_fault("task-vanishes", "POST .*")
    simulator.add_fault("status", "POST .*", code=502, when="after")
    assert caller.status("POST", mounts) == 502
    assert len(simulator.mounts()) == 1
    assert caller.get("tasks")["tasks"] == []
    assert caller.status("GET", "tasks/task-1") == 500


def test_a_query_may_ignore_its_filter(simulator: Simulator, caller: Caller) -> None:
    simulator.add_fault("ignore-filter", "GET /query")
    query = "query?type=VmRestorePoint&pageSize=1000&filter=VmDisplayName==exch01"
    everything, some = (len(caller.get(query)["refs"]["refs"]) for _ in range(2))
    assert everything == len(simulator.restore_points(Family.VM))
    assert some == 21


def test_a_task_may_come_in_a_list(simulator: Simulator, caller: Caller, mounts: str) -> None:
    caller.post(mounts)
    simulator.add_fault("task-list", "GET /tasks/.*")
    (task,) = caller.get("tasks/task-1")["tasks"]
    assert task["taskId"] == "task-1"


@pytest.mark.parametrize("fault", ["no-message", "no-related-link"])
def test_a_finished_task_may_tell_little(
    simulator: Simulator, caller: Caller, mounts: str, fault: str
) -> None:
    simulator.add_fault(fault, "POST .*")
    task = caller.post(mounts)
    assert task["result"]["success"] is True
    assert (task["result"]["message"] is None) == (fault == "no-message")
    assert bool(links(task, "Related")) == (fault == "no-message")


def test_a_task_may_need_other_credentials(caller: Caller, mounts: str) -> None:
    caller.post(mounts)
    guest = {"UserName": "x", "Password": "y"}
    spec = {"ToOriginalLocation": {"GuestCredentials": guest}}
    answer = caller.post(f"{mounts}/1/Volume$0:/etc?action=restore", json=spec)
    assert (answer["result"]["success"], answer["result"]["credentialsNeeded"]) == (False, True)
    path = f"tasks/{answer['taskId']}"
    assert b'CredentialsNeeded="true"' in caller.ask("GET", path, "application/xml").content


def test_a_cancelled_mount_may_be_there_a_while_later() -> None:
    moment = [0.0]
    with Simulator(mount_seconds=10, clock=lambda: moment[0]) as simulator:
        caller = Caller(simulator)
        point = simulator.restore_points(Family.VM)[0].id
        simulator.add_fault("cancel-late", "DELETE .*", seconds=2)
        task = caller.post(f"vmRestorePoints/{point}/mounts")["taskId"]
        assert caller.status("DELETE", f"tasks/{task}") == 204
        assert caller.get("tasks")["tasks"] == []
        assert simulator.mounts() == []
        moment[0] = 2.0
        assert [mount.restore_point_id for mount in simulator.mounts()] == [point]
        assert caller.get("tasks")["tasks"] == []
        moment[0] = 20.0
        assert len(simulator.mounts()) == 1


def test_a_gateway_may_answer_in_json_of_its_own(simulator: Simulator, caller: Caller) -> None:
    simulator.add_fault("status", "GET /tasks", code=404, json=True)
    answer = caller.ask("GET", "tasks")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/json")
    assert set(answer.json()) == {"message"}


def test_a_fault_is_written_in_one_word() -> None:
    text = "restore-session(result=Failed,message=No route,seconds=3)*2@POST .*/mounts/.*"
    assert parse(text) == (
        "restore-session",
        "POST .*/mounts/.*",
        2,
        {"result": "Failed", "message": "No route", "seconds": 3.0},
    )
    with pytest.raises(ValueError, match="Great"):
        Faults().add("restore-session", ".*", 1, {"result": "Great"})


@pytest.mark.parametrize("ahead", [-5400.0, 0.0, 86400.0])
def test_a_date_to_retry_after_is_one_of_the_servers_own_clock(ahead: float) -> None:
    with Simulator(clock_ahead=ahead) as apart:
        apart.add_fault("status", "GET /tasks", retry_after="90", as_date=True)
        headers = Caller(apart).ask("GET", "tasks").headers
    shown, until = map(parsedate_to_datetime, (headers["Date"], headers["Retry-After"]))
    assert until - shown == timedelta(seconds=90)
    apart_by = shown - datetime.now(UTC)
    assert apart_by.total_seconds() == pytest.approx(ahead, abs=60)
