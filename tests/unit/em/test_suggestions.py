"""What is said of machines that come near to what was wanted."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from em_simulator import Simulator
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import RequestFailed
from terraform_provider_veeam.em.inventory.machines import FoundMachines, Machine
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.em.suggestions import near_misses
from terraform_provider_veeam.em.times import Time

VM, AGENT = RestorePointType.VM, RestorePointType.AGENT
OLD, NEW = "2026-11-01T22:00:00Z", "2026-11-15T22:00:00.5Z"
MACHINES = [
    Machine("app01", VM, 15, OLD, NEW, ("vbr01",)),
    Machine("app01", AGENT, 1, OLD, OLD, ("vbr02",)),
    Machine("app02", VM, 3, None, None, ()),
    Machine("evil\x1b[2J", VM, 3, OLD, NEW, ()),
]
APP01 = f'  app01: 15 restore points of type "vm", from {OLD} to {NEW}, on vbr01\n'
AGENT01 = f'  app01: 1 restore point of type "agent", from {OLD}, on vbr02'


def said(*, machines: Any = MACHINES, **wanted: Any) -> str:
    return near_misses(Wanted(**wanted), FoundMachines(machines, {}))


def test_a_name_that_is_nearly_right_names_the_right_one() -> None:
    assert said(machine_name="App-01").startswith(
        f"No machine is called App-01. Similar names:\n{APP01}{AGENT01}\n  app02: 3"
    )


def test_the_likeliest_name_comes_first_and_unlike_ones_are_left_out() -> None:
    assert said(machine_name="app2").startswith(
        "No machine is called app2. Similar names:\n  app02: 3 restore points"
    )
    assert "evil" not in said(machine_name="app2")


@pytest.mark.parametrize(
    "conditions", [{"created_after": Time.parse("2026-11-20T00:00:00Z")}, {"backup_server": "v"}]
)
def test_other_conditions_are_told_to_rule_a_right_name_out(conditions: Any) -> None:
    for name in ("APP01", "app01*"):
        text = said(machine_name=name, **conditions)
        reason = "There are machines of that name, but none that the search allows:"
        assert text == f"{reason}\n{APP01}{AGENT01}"


def test_a_name_like_no_other_is_told_how_many_there_are() -> None:
    assert said(machine_name="zz") == (
        "None of the machines with restore points (4) has a name like zz."
    )


def test_without_a_name_the_families_are_told_with_their_times_and_servers() -> None:
    assert said(backup_server="vbr03") == (
        f'There are:\n  3 machines: 21 restore points of type "vm", from {OLD} to {NEW}, on vbr01\n'
        f'  1 machine: 1 restore point of type "agent", from {OLD}, on vbr02'
    )


def test_an_account_that_sees_nothing_is_told_so() -> None:
    assert said(machines=[]) == "This account sees no restore point at all."


def test_a_family_that_could_not_be_looked_through_is_told() -> None:
    left_out = {AGENT: RequestFailed("It may not be seen", status=403)}
    text = near_misses(Wanted(machine_name="rhel"), FoundMachines(MACHINES, left_out))
    assert text.endswith('\nRestore points of type "agent" could not be searched.')


def test_no_name_reaches_the_terminal_as_it_is() -> None:
    assert "\x1b" not in said(machine_name="evil") + said(machine_name="\x1b[2J")


def test_a_jobs_name_in_place_of_a_machines_is_told_with_what_is_in_the_job(
    em: EnterpriseManager, deadline: Callable[[], Deadline]
) -> None:
    told = em.suggestions.machines(Wanted(machine_name="daily"), deadline())
    assert "\nDaily is the name of a job, not of a machine. In it are: " in told
    assert "oracle03" in told.rpartition("In it are: ")[2]
    assert "job" not in em.suggestions.machines(Wanted(machine_name="dail"), deadline())
    assert "job" not in em.suggestions.machines(Wanted(machine_name="d*"), deadline())


@pytest.mark.parametrize("fault", ["status", "garbage", "reset-before"])
def test_a_server_that_gives_no_advice_makes_no_other_error(
    make_em: Callable[..., EnterpriseManager],
    simulator: Simulator,
    deadline: Callable[[], Deadline],
    fault: str,
) -> None:
    em, ref = make_em(max_retries=0), RestorePointRef(AGENT, str(UUID(int=1)))
    session = em.sessions.browsing(deadline())
    simulator.add_fault(fault, "GET .*", None)
    assert em.suggestions.machines(Wanted(machine_name="app"), deadline()) == ""
    assert em.suggestions.restore_point(ref, deadline()) is None
    assert em.suggestions.mount_points(session, ref.id, deadline()) == []


def test_a_person_who_stops_is_not_kept_waiting_for_advice(
    em: EnterpriseManager,
    simulator: Simulator,
    deadline: Callable[[], Deadline],
    stop: threading.Event,
) -> None:
    em.sessions.browsing(deadline())
    stop.set()
    before = len(simulator.journal)
    assert em.suggestions.machines(Wanted(machine_name="app"), deadline()) == ""
    assert len(simulator.journal) <= before + 1
