"""Machines are made from their restore points, whatever a server's answers look like."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from em_simulator import RESTORE_OPERATOR, Family, Simulator
from em_simulator.catalogue import MACHINES, NIGHTS
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import AccessDenied, AnswerLost, RequestFailed
from terraform_provider_veeam.em.http.client import Answer, SessionClient
from terraform_provider_veeam.em.http.decoders import decode
from terraform_provider_veeam.em.inventory.machines import FoundMachines, Machine, find_machines
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.models import LogonSession, RestorePointType
from terraform_provider_veeam.em.times import Time

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
AGENT, VM = RestorePointType.AGENT, RestorePointType.VM


def names(found: FoundMachines) -> list[str]:
    return [machine.name for machine in found.machines]


def test_the_machines_of_all_families_are_listed_by_name(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    found = em.machines.find(Wanted(), deadline())
    assert names(found) == sorted((one.name for one in MACHINES), key=str.casefold)
    assert {machine.restore_point_count for machine in found.machines} == {NIGHTS}
    assert found.left_out == {}


def test_a_machine_tells_its_family_and_when_and_where_its_restore_points_are(
    em: EnterpriseManager, simulator: Simulator, deadline: MakeDeadline
) -> None:
    points = [p for p in simulator.restore_points(Family.AGENT) if p.machine.name == "rhel72"]
    newest, oldest = (str(Time.parse(point.created_text)) for point in (points[0], points[-1]))
    found = em.machines.find(Wanted(machine_name="RHEL72"), deadline()).machines
    assert found == [Machine("rhel72", AGENT, NIGHTS, oldest, newest, ("backup01.tech.local",))]


def test_a_pattern_and_a_family_narrow_the_list(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    assert names(em.machines.find(Wanted(machine_name="*ORACLE*"), deadline())) == [
        "oracle03",
        "oracle03.tech.local",
    ]
    assert names(em.machines.find(Wanted(), deadline(), [AGENT])) == ["laptop17", "rhel72"]


def test_only_restore_points_of_the_wanted_time_count(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    wanted = Wanted(machine_name="web02", created_after=Time.parse("2026-11-13T00:00:00Z"))
    (found,) = em.machines.find(wanted, deadline()).machines
    assert found.restore_point_count == 3


def test_a_family_that_the_account_may_not_see_is_left_out(
    make_em: MakeEm, deadline: MakeDeadline
) -> None:
    em = make_em(username=RESTORE_OPERATOR.username, password=RESTORE_OPERATOR.password)
    found = em.machines.find(Wanted(), deadline())
    assert "oracle03" in names(found)
    assert "rhel72" not in names(found)
    assert list(found.left_out) == [AGENT]
    with pytest.raises(AccessDenied):
        em.machines.find(Wanted(), deadline(), [AGENT])


def point(number: int, machine: str | None, moment: str | None = None) -> dict[str, Any]:
    return {
        "UID": f"urn:veeam:VmRestorePoint:3f2504e0-4f89-41d3-9a0c-0305e82c33{number:02}",
        "Name": None,
        "VmDisplayName": machine,
        "CreationTimeUTC": moment,
    }


def answering(*points: Any, agents: Exception | None = None) -> Any:
    """A client whose server has these restore points of VMs, and fails so for those of agents."""

    def request(method: str, address: str, *_: Any, **__: Any) -> Answer:
        if "type=AgentRestorePoint" in address and agents is not None:
            raise agents
        found = points if "type=VmRestorePoint" in address else ()
        body = {"Entities": {"VmRestorePoints": found}, "PagingInfo": {"PagesCount": 1}}
        return Answer(200, {}, decode(json.dumps(body if found else {"PagingInfo": {}}).encode()))

    return SimpleNamespace(request=request)


def find(deadline: Deadline, *points: Any, agents: Exception | None = None) -> FoundMachines:
    server, session = answering(*points, agents=agents), LogonSession("id", "token")
    return find_machines(SessionClient(server, session, deadline), Wanted(), [VM, AGENT])


@pytest.mark.parametrize("status", [400, 404, 501])
def test_a_family_that_an_old_version_does_not_know_is_left_out(
    deadline: MakeDeadline, status: int
) -> None:
    refused = RequestFailed("It could not be done", status=status)
    found = find(deadline(), point(1, "app01"), agents=refused)
    assert (names(found), found.left_out) == (["app01"], {AGENT: refused})


@pytest.mark.parametrize(
    "error", [RequestFailed("It failed", status=500), AnswerLost("It was lost")]
)
def test_what_a_broken_server_does_not_tell_is_not_left_out(
    deadline: MakeDeadline, error: Exception
) -> None:
    with pytest.raises(type(error)):
        find(deadline(), point(1, "app01"), agents=error)


def test_capitals_make_no_other_machine_and_the_order_does_not_matter(
    deadline: MakeDeadline,
) -> None:
    found = find(
        deadline(),
        point(1, "app01", "2026-03-02T21:04:15Z"),
        point(2, "APP01", "2026-03-02T21:04:15.5Z"),
        point(3, "app01", None),
        point(4, "app01", "2026-03-01T21:04:15Z"),
        point(5, "app02"),
    )
    assert found.machines == [
        Machine("app01", VM, 4, "2026-03-01T21:04:15Z", "2026-03-02T21:04:15.5Z", ()),
        Machine("app02", VM, 1, None, None, ()),
    ]


def test_a_restore_point_of_no_told_machine_hides_no_other(deadline: MakeDeadline) -> None:
    assert names(find(deadline(), point(1, None), point(2, "app01"))) == ["app01"]
