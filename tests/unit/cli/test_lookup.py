"""Which machine a name means: never two of them at once."""

import threading
from argparse import Namespace
from types import SimpleNamespace
from typing import Any

import pytest

from terraform_provider_veeam.cli.dates import parse_machine_at
from terraform_provider_veeam.cli.lookup import (
    find_restore_points,
    machine_of,
    restore_point,
    written,
)
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError, NotFound
from terraform_provider_veeam.em.inventory.machines import FoundMachines, Machine
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.models import RestorePoint, RestorePointRef, RestorePointType

VM, AGENT = RestorePointType.VM, RestorePointType.AGENT


def point(
    number: int,
    *,
    family: RestorePointType = VM,
    machine: str = "oracle03",
    server: str | None = "backup01",
    is_complete: bool = True,
) -> RestorePoint:
    return RestorePoint(
        ref=RestorePointRef(family, f"id-{number}"),
        name=f"{machine}@{number}",
        machine_names=(machine,),
        created_at=f"2026-11-{number:02}T22:00:42Z",
        point_type="Full",
        backup_server=server,
        is_complete=is_complete,
    )


class FakeEnterpriseManager:
    """An Enterprise Manager with these restore points, which compares names as a server may."""

    def __init__(self, *points: RestorePoint) -> None:
        self._points = points
        self.asked: list[Wanted] = []
        self.restore_points = SimpleNamespace(find=self._find)
        self.machines = SimpleNamespace(find=self._machines)
        self.suggestions = SimpleNamespace(machines=lambda *_: "Nothing comes near.")

    def _find(self, wanted: Wanted, *_: Any) -> list[RestorePoint]:
        self.asked.append(wanted)
        return [
            one
            for one in self._points
            if one.ref.type is wanted.type
            and wanted.id in (None, one.ref.id)
            and wanted.matches(one)
        ]

    def _machines(self, wanted: Wanted, *_: Any) -> FoundMachines:
        names = {one.machine_name or "": None for one in self._points}
        prefix = (wanted.machine_name or "").rstrip("*")
        return FoundMachines(
            [Machine(name, VM, 1, None, None, ()) for name in names if name.startswith(prefix)],
            {},
        )


def connection(em: FakeEnterpriseManager) -> Any:
    def deadline(operation: str) -> Deadline:
        return Deadline(operation, 60, stop=threading.Event())

    return SimpleNamespace(em=em, deadline=deadline)


def options(machine: Any = "oracle03", **more: Any) -> Namespace:
    defaults = dict.fromkeys(("after", "before", "type", "backup_server"))
    return Namespace(**{"machine": machine, **defaults, **more})


def find(em: FakeEnterpriseManager, name: str = "oracle03", **more: Any) -> list[RestorePoint]:
    return find_restore_points(connection(em), options(name, **more))


def test_the_newest_comes_first() -> None:
    found = find(FakeEnterpriseManager(point(3), point(11), point(7)))
    assert [one.name for one in found] == ["oracle03@11", "oracle03@7", "oracle03@3"]


def test_a_pattern_is_refused_with_what_matches() -> None:
    em = FakeEnterpriseManager(point(1), point(2, machine="oracle04"), point(3, machine="exch01"))
    with pytest.raises(EnterpriseManagerError, match="not the whole name") as raised:
        find(em, "ora*")
    assert raised.value.detail == "It matches:\n  oracle03 (vm)\n  oracle04 (vm)"
    with pytest.raises(EnterpriseManagerError) as raised:
        find(em, "nothing*")
    assert "No machine with restore points matches it" in raised.value.detail
    assert em.asked == []


def test_a_name_on_two_backup_servers_is_told_with_what_tells_them_apart() -> None:
    em = FakeEnterpriseManager(point(1), point(2), point(3, server="backup02"))
    with pytest.raises(EnterpriseManagerError, match="name of several machines") as raised:
        find(em)
    assert "oracle03: 2 restore points of type vm, on backup01" in raised.value.detail
    assert "oracle03: 1 restore point of type vm, on backup02" in raised.value.detail
    assert raised.value.detail.endswith("with --backup-server.")


def test_a_name_in_two_families_is_told_with_what_tells_them_apart() -> None:
    em = FakeEnterpriseManager(point(1), point(2, family=AGENT))
    with pytest.raises(EnterpriseManagerError) as raised:
        find(em)
    assert "of type agent" in raised.value.detail
    assert raised.value.detail.endswith("with --type.")
    assert [one.name for one in find(em, type=AGENT)] == ["oracle03@2"]


def test_both_are_told_if_both_help() -> None:
    em = FakeEnterpriseManager(point(1), point(2, family=AGENT, server="backup02"))
    with pytest.raises(EnterpriseManagerError) as raised:
        find(em)
    assert raised.value.detail.endswith("with --type and --backup-server.")


@pytest.mark.parametrize("servers", [("backup01", "BACKUP01"), ("backup01", None)])
def test_a_server_is_one_however_it_is_spelt_or_left_out(servers: tuple[str, str | None]) -> None:
    assert (
        len(
            find(FakeEnterpriseManager(*(point(n, server=one) for n, one in enumerate(servers, 1))))
        )
        == 2
    )


def test_a_machine_that_only_bears_the_name_elsewhere_is_not_mixed_in() -> None:
    other = point(2)._replace(machine_names=("billing", "oracle03"))
    with pytest.raises(EnterpriseManagerError, match="name of several machines") as raised:
        find(FakeEnterpriseManager(point(1), other))
    assert "billing: 1 restore point" in raised.value.detail
    assert raised.value.detail.endswith("with its whole name.")


def test_a_name_in_other_capitals_is_found() -> None:
    assert len(find(FakeEnterpriseManager(point(1)), "ORACLE03")) == 1


def test_nothing_found_names_what_was_asked_for() -> None:
    with pytest.raises(NotFound, match="of type agent of nothing on backup09"):
        find(FakeEnterpriseManager(point(1)), "nothing", type=AGENT, backup_server="backup09")


@pytest.mark.parametrize("date", ["08.11.2026", "yesterday"])
def test_a_date_that_is_none_is_told_where_no_machine_has_such_a_name(date: str) -> None:
    with pytest.raises(NotFound) as caught:
        find(FakeEnterpriseManager(), f"oracle03@{date}")
    told = f'to be a date: "{date}" is not a date. Write a day like 2026-11-13'
    assert told in caught.value.detail
    with pytest.raises(NotFound) as caught:
        find(FakeEnterpriseManager(), "oracle04")
    assert "date" not in caught.value.detail


def test_what_is_still_being_written_is_passed_over() -> None:
    em = FakeEnterpriseManager(point(1), point(2, is_complete=False))
    found = written(find(em))
    assert [one.name for one in found] == ["oracle03@1"]
    with pytest.raises(NotFound, match="can be mounted yet"):
        written(find(FakeEnterpriseManager(point(2, is_complete=False))))


IDS = ("aaaa1111-0000-5000-8000-000000000001", "aaaa2222-0000-5000-8000-000000000002")


@pytest.fixture
def of_ids() -> FakeEnterpriseManager:
    first, second = (
        point(n)._replace(ref=RestorePointRef(family, uuid))
        for n, family, uuid in zip((1, 2), (VM, AGENT), IDS, strict=True)
    )
    return FakeEnterpriseManager(first, second)


@pytest.mark.parametrize("text", ["@aaaa2", "@AAAA2222-", f"@{IDS[1]}"])
def test_a_restore_point_is_found_by_how_its_id_begins(
    of_ids: FakeEnterpriseManager, text: str
) -> None:
    asked = options(parse_machine_at(text))
    assert restore_point(connection(of_ids), asked).ref.id == IDS[1]
    is_whole = len(text) == len(IDS[1]) + 1
    assert {one.id for one in of_ids.asked} == {IDS[1] if is_whole else None}


def test_a_beginning_of_several_ids_is_told_with_all_of_them(of_ids: FakeEnterpriseManager) -> None:
    with pytest.raises(EnterpriseManagerError, match="2 restore points have an id") as raised:
        restore_point(connection(of_ids), options(parse_machine_at("@aaaa")))
    assert f"  {IDS[0]}  oracle03 on backup01, 2026-11-01T22:00:42Z\n" in raised.value.detail
    assert raised.value.detail.endswith("Give more of the id.")
    asked = options(parse_machine_at("@aaaa"), type=AGENT)
    assert restore_point(connection(of_ids), asked).ref.id == IDS[1]


def test_an_id_of_no_restore_point_is_told(of_ids: FakeEnterpriseManager) -> None:
    with pytest.raises(NotFound, match="id that begins with bbbb"):
        restore_point(connection(of_ids), options(parse_machine_at("@bbbb")))


def test_a_machine_is_named_with_its_server() -> None:
    assert machine_of(point(1)) == "oracle03 on backup01"
    assert machine_of(point(1, server=None)) == "oracle03"
