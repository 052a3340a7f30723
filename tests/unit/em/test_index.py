"""The index of guest files: what is in it, and what it is asked, on several kinds of servers."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from em_simulator import (
    PORTAL_USER,
    RESTORE_OPERATOR,
    VM_RESTORE_OPERATOR,
    Account,
    Simulator,
)
from support.clocks import FakeClock
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import NotFound, RequestFailed, ServerBusy, TaskFailed
from terraform_provider_veeam.em.files.left_out import LeftOut
from terraform_provider_veeam.em.index import MOST_FOLDERS, IndexedPoint
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.models import RestorePoint, RestorePointType
from terraform_provider_veeam.em.settings import Settings

CONTRACT = "E:/Documentation 2014/Contract.docx"
OFFERS = "E:/Documentation 2014/Offers.docx"

MakeDeadline = Any


def points(
    em: EnterpriseManager, deadline: Deadline, machine: str = "oracle03", **more: Any
) -> list[RestorePoint]:
    return em.restore_points.find(Wanted(machine_name=machine, **more), 1000, deadline)


def indexed(
    em: EnterpriseManager, deadline: Deadline, machine: str = "oracle03"
) -> list[IndexedPoint]:
    return em.index.points(points(em, deadline, machine), deadline)


def paths_of(simulator: Simulator, method: str = "", part: str = "") -> list[str]:
    return [
        f"{one.path}?{one.query}"
        for one in simulator.journal
        if one.method == (method or one.method) and part in f"{one.path}?{one.query}"
    ]


def sizes(
    em: EnterpriseManager, found: Sequence[IndexedPoint], path: str, deadline: Deadline
) -> list[int | None]:
    looks = (em.index.look(point, path, deadline, []) for point in found)
    return [entries[0].size if entries else None for entries in looks]


def test_every_night_tells_its_version_without_a_mount(
    em: EnterpriseManager, simulator: Simulator, deadline: MakeDeadline
) -> None:
    bound = deadline()
    nights = indexed(em, bound)
    assert len(nights) == 21
    versions = sizes(em, nights, CONTRACT, bound)
    assert versions == [None] * 7 + [41_372] * 4 + [38_144] * 10
    assert paths_of(simulator, "POST", "/mounts") == []
    assert len(paths_of(simulator, "POST", "action=browse")) == 21


def test_an_entry_tells_what_its_folder_lists(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    bound = deadline()
    (entry,) = em.index.look(indexed(em, bound)[0], OFFERS, bound, [])
    assert entry.path == OFFERS
    assert (entry.size, entry.owner, entry.modified_at) == (
        70_001,
        "TECH\\william.fox",
        "2026-11-04T03:42:11Z",
    )


@pytest.mark.parametrize(
    "form",
    [
        {"json_names": "pascal", "json_nulls": "absent"},
        {"answers": "xml"},
        {"paths": "lower", "json_lists": "items"},
        {"paths": "upper", "json_lists": "bare", "byte_order_mark": True},
        {"json_lists": "singular", "browses_with_200": True},
    ],
    ids=str,
)
def test_servers_of_many_forms_are_read(
    form: dict[str, Any], settings: Settings, clock: FakeClock
) -> None:
    with Simulator(clock=clock, browse_seconds=3.0, **form) as simulator:
        here = replace(
            settings,
            base_url=f"{simulator.url}/api",
            certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
        )
        em = EnterpriseManager(here, clock=clock, random=lambda: 1.0)
        bound = Deadline("Test", 600, stop=threading.Event(), clock=clock)
        nights = indexed(em, bound)
        assert sizes(em, nights[6:8], CONTRACT, bound) == [None, 41_372]
        assert [one.path for one in em.index.folder(nights[0], "", bound, [])] == ["C:", "E:"]
        em.close(1)


@pytest.mark.parametrize("machine", ["exch01", "no such machine"])
def test_a_machine_that_is_not_indexed_has_nothing_in_it(
    em: EnterpriseManager, deadline: MakeDeadline, machine: str
) -> None:
    assert indexed(em, deadline(), machine) == []


@pytest.mark.parametrize(
    ("machine", "kind"),
    [("rhel72", RestorePointType.AGENT), ("srv04_replica", RestorePointType.REPLICA)],
)
def test_agents_and_replicas_are_not_asked_for(
    em: EnterpriseManager,
    simulator: Simulator,
    deadline: MakeDeadline,
    machine: str,
    kind: RestorePointType,
) -> None:
    bound = deadline()
    found = points(em, bound, machine, type=kind)
    assert found
    assert em.index.points(found, bound) == []
    assert paths_of(simulator, part="/catalog") == []


@pytest.mark.parametrize("status", [403, 404, 501])
def test_an_account_or_a_server_without_an_index_has_nothing_in_it(
    em: EnterpriseManager, simulator: Simulator, deadline: MakeDeadline, status: int
) -> None:
    simulator.add_fault("status", "GET /catalog/vms", None, code=status)
    assert indexed(em, deadline()) == []


def test_a_server_that_fails_is_not_taken_for_one_without_an_index(
    make_em: Any, simulator: Simulator, deadline: MakeDeadline
) -> None:
    simulator.add_fault("status", "GET /catalog/vms", None, code=500)
    with pytest.raises(RequestFailed):
        indexed(make_em(), deadline())


@pytest.mark.parametrize("account", [PORTAL_USER, VM_RESTORE_OPERATOR, RESTORE_OPERATOR])
def test_every_role_that_sees_the_restore_points_sees_their_files(
    make_em: Any, deadline: MakeDeadline, account: Account
) -> None:
    em, bound = make_em(username=account.username, password=account.password), deadline()
    assert sizes(em, indexed(em, bound)[:1], OFFERS, bound) == [70_001]


def test_a_night_whose_indexing_failed_is_left_out(
    em: EnterpriseManager, simulator: Simulator, deadline: MakeDeadline
) -> None:
    bound = deadline()
    newest, *rest = points(em, bound)
    simulator.forget_index(newest.ref.id)
    assert [one.restore_point for one in indexed(em, bound)] == rest


def test_machines_of_one_name_on_two_servers_are_told_apart(
    em: EnterpriseManager, simulator: Simulator, deadline: MakeDeadline
) -> None:
    simulator.add_twin("oracle03")
    bound = deadline()
    for server in ("backup01.tech.local", "backup02.tech.local"):
        own = points(em, bound, backup_server=server)
        assert len(own) == 21
        assert [one.restore_point for one in em.index.points(own, bound)] == own


def test_a_restore_point_is_browsed_once_by_many_threads(
    em: EnterpriseManager, simulator: Simulator, deadline: MakeDeadline
) -> None:
    bound = deadline()
    night = indexed(em, bound)[0]
    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(em.index.look, night, OFFERS, bound, []) for _ in range(8)]
    assert all(look.result() for look in looks)
    assert len(paths_of(simulator, "POST", "action=browse")) == 1


@pytest.mark.parametrize("unknown", ["documented", "404"])
def test_a_session_that_expired_is_replaced_and_browsed_again(
    unknown: str, settings: Settings, clock: FakeClock, deadline: MakeDeadline
) -> None:
    with Simulator(clock=clock, unknown=unknown) as simulator:
        here = replace(
            settings,
            base_url=f"{simulator.url}/api",
            certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
        )
        em, bound = EnterpriseManager(here, clock=clock, random=lambda: 1.0), deadline()
        night = indexed(em, bound)[0]
        assert em.index.look(night, OFFERS, bound, [])
        simulator.expire_sessions()
        assert em.index.look(night, OFFERS, bound, [])
        em.close(1)


def test_a_folder_that_is_not_there_has_no_file_in_it(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    bound = deadline()
    night = indexed(em, bound)[0]
    assert em.index.look(night, "E:/no/such folder/a.txt", bound, []) == []
    assert em.index.look(night, "Q:/a.txt", bound, []) == []
    with pytest.raises(NotFound):
        em.index.folder(night, "E:/no", bound, [])


def test_a_bare_name_is_looked_for_in_every_folder_of_every_volume(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    bound = deadline()
    found = em.index.look(indexed(em, bound)[0], "off*.docx", bound, [])
    assert [entry.path for entry in found] == [
        "C:/Documentation 2014/Offers.docx",
        OFFERS,
    ]


def test_a_search_in_too_many_folders_ends_and_says_so(
    em: EnterpriseManager,
    simulator: Simulator,
    deadline: MakeDeadline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("terraform_provider_veeam.em.index.MOST_FOLDERS", 3)
    left_out: list[LeftOut] = []
    bound = deadline()
    night = indexed(em, bound)[0]
    assert em.index.look(night, "E:/**/hosts", bound, left_out) == []
    assert [str(one) for one in left_out] == [
        "E:: only 3 folders were looked into; name one nearer to the file"
    ]
    assert MOST_FOLDERS > 3


def test_a_browse_that_fails_says_why(
    em: EnterpriseManager, simulator: Simulator, deadline: MakeDeadline
) -> None:
    bound = deadline()
    night = indexed(em, bound)[0]
    simulator.add_fault("task-fails", "POST .*", message="The index is damaged.")
    with pytest.raises(TaskFailed, match=r"The index does not show oracle03@.*damaged"):
        em.index.look(night, OFFERS, bound, [])


def test_the_newest_that_has_all_paths_is_found_without_looking_at_all(
    em: EnterpriseManager, simulator: Simulator, deadline: MakeDeadline
) -> None:
    bound = deadline()
    nights = indexed(em, bound)
    broken = nights[7].restore_point
    simulator.add_fault("task-fails", f"POST .*{broken.ref.id}.*", message="Damaged.")
    assert em.index.newest_with(nights, [OFFERS, CONTRACT], bound) is nights[8].restore_point
    assert len(paths_of(simulator, "POST", "action=browse")) < len(nights)
    assert em.index.newest_with(nights[:7], [CONTRACT], bound) is None
    simulator.add_fault("status", "GET .*/guestfs/.*", None, code=503)
    with pytest.raises(ServerBusy):
        em.index.newest_with(nights, [CONTRACT], deadline())
