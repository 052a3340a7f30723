"""Looking objects up on hosts, of which some refuse, and the backup server that knows a VM."""

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from em_simulator import PORTAL_USER, VM_RESTORE_OPERATOR, Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory.hierarchy import (
    HierarchyObject,
    HierarchyRoot,
    find_objects,
)
from terraform_provider_veeam.em.jobs.jobs import WantedJobs

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]

LISTS: dict[str, dict[str, Any]] = {
    "one-server": {},
    "two-servers": {"two_servers": True},
    "unique-ids": {"lists_unique_ids": True},
    "unique-ids-of-two-servers": {"lists_unique_ids": True, "two_servers": True},
}
HYPERV = "hv01.tech.local"


@pytest.fixture
def ways() -> dict[str, Any]:
    return {}


@pytest.fixture
def simulator(ways: dict[str, Any], clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, **ways) as running:
        yield running


@pytest.mark.parametrize("ways", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("vm", ["web02", "sqlsrv03"])
@pytest.mark.parametrize("by", ["name", "ref"])
def test_a_quick_backup_goes_to_the_backup_server_that_knows_the_vm(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, vm: str, by: str
) -> None:
    for job in em.jobs.find(WantedJobs("Databases"), deadline()):
        em.backups.start(job, deadline())  # makes the full backup that it takes
    roots = em.hierarchy.roots(deadline())
    (found,) = em.hierarchy.find(roots, vm, "Vm", deadline()).objects
    if by == "ref":
        found = em.hierarchy.get(found.ref, deadline()) or found
        assert found.root is None
    em.backups.quick_backup(found, deadline())
    assert simulator.started_backups()[-1].tasks[0].item.name == vm


@pytest.mark.parametrize("ways", [{}, {"lists_unique_ids": True}], ids=["listed", "other-ids"])
def test_with_one_backup_server_nothing_is_searched_for_it(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    vm = em.hierarchy.get(simulator.vm("web02"), deadline())
    assert vm
    em.backups.quick_backup(vm, deadline())
    asked = [entry.path for entry in simulator.journal if entry.path == "/lookup"]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "ways", [{"refused_roots": {HYPERV: status}} for status in (400, 403, 404, 500)], ids=str
)
def test_a_host_that_refuses_does_not_hide_what_the_others_have(
    em: EnterpriseManager, deadline: MakeDeadline, ways: dict[str, Any]
) -> None:
    roots = em.hierarchy.roots(deadline())
    found = em.hierarchy.find(roots, "DC01", "Vm", deadline())
    assert [(one.name, one.root) for one in found.objects] == [("dc01", roots[0])]
    assert list(found.left_out) == [roots[1]]
    assert found.left_out[roots[1]].status == ways["refused_roots"][HYPERV]
    assert em.suggestions.object_names(roots, "dc0", "Vm", deadline()) == ["dc01"]


@pytest.mark.parametrize("ways", [{"refused_roots": {HYPERV: 403, "vc01.tech.local": 400}}])
def test_when_all_hosts_refuse_the_first_one_is_told(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    roots = em.hierarchy.roots(deadline())
    with pytest.raises(errors.RequestFailed, match=r"vc01\.tech\.local"):
        em.hierarchy.find(roots, "dc01", "Vm", deadline())
    assert em.suggestions.object_names(roots, "dc01", "Vm", deadline()) == []


def test_a_session_that_ends_meanwhile_is_not_taken_for_a_refusal(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    roots = em.hierarchy.roots(deadline())
    simulator.add_fault("expire-all", "GET /lookup")
    found = em.hierarchy.find(roots, "dc01", "Vm", deadline())
    assert (len(found.objects), found.left_out) == (2, {})


def test_roles_that_may_look_nothing_up_are_told_so(
    simulator: Simulator, make_em: MakeEm, deadline: MakeDeadline
) -> None:
    user, operator = (
        make_em(username=account.username, password=account.password)
        for account in (PORTAL_USER, VM_RESTORE_OPERATOR)
    )
    roots = user.hierarchy.roots(deadline())
    assert len(user.hierarchy.find(roots, "dc01", "Vm", deadline()).objects) == 2
    with pytest.raises(errors.AccessDenied):
        operator.hierarchy.find(roots, "dc01", "Vm", deadline())


@pytest.mark.parametrize("kind", [400, 404])
@pytest.mark.parametrize("taken", ["uid", "id"])
def test_a_host_with_two_ids_is_asked_by_the_one_that_a_lookup_takes(kind: int, taken: str) -> None:
    root = HierarchyRoot("4f0c1a52", "urn:veeam:HierarchyRoot:vc-uuid", "vc01", "VC", None, None)
    name = {"uid": "vc-uuid", "id": "4f0c1a52"}[taken]
    ref = "urn:VMware:Vm:4f0c1a52.vm-1"
    item = {"objectref": ref, "objecttype": "Vm", "objectname": "app01"}

    def answer(_: str, address: str, *__: Any, **___: Any) -> Any:
        if re.search(rf"HierarchyRoot:{name}&", address) is None:
            refusal = errors.RequestFailed if kind == 400 else errors.NotFound
            raise refusal("no", "no", status=kind)
        return SimpleNamespace(status=200, document=SimpleNamespace(collection=lambda _: [item]))

    server: Any = SimpleNamespace(request=answer)
    session: Any = SimpleNamespace(token="token")
    found = find_objects(SessionClient(server, session, session), [root], "app01", "Vm")
    assert found.objects == [HierarchyObject(ref, "Vm", "app01", root)]
    assert all(root.is_called(name) for name in ("vc-uuid", "4F0C1A52", root.uid, "VC01"))


def test_the_only_backup_server_has_the_vm_whatever_hosts_tell(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    roots = em.hierarchy.roots(deadline())
    (vm,) = em.hierarchy.find(roots, "web02", "Vm", deadline()).objects
    untold = roots[0]._replace(backup_server=None, backup_server_id=None)
    em.backups.quick_backup(vm._replace(root=untold), deadline())
    assert len(simulator.started_backups()) == 1


@pytest.mark.parametrize("ways", [{"two_servers": True}])
def test_a_vm_on_no_host_that_is_listed_has_no_backup_server(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    vm = HierarchyObject("urn:VMware:Vm:8d1f9a64-0f0b-4b5c-93a9-5f0e2d7c8b36.vm-1", "Vm", "web02")
    with pytest.raises(errors.UnexpectedAnswer, match="backup server is not known"):
        em.backups.quick_backup(vm, deadline())
