"""The main job on servers that spell paths, name lists and write answers in other ways."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from em_simulator import Family, Simulator
from em_simulator.forms import JsonLists, Paths
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.destination import Destination
from terraform_provider_veeam.em.files.transfer import Transfer
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
FILE = "Volume$0:/Data/Grüße.txt"


SPELLINGS = [
    *((paths, lists, "asked") for paths in Paths for lists in JsonLists),
    *((paths, JsonLists.PLURAL, "xml") for paths in Paths),
]


@pytest.mark.parametrize(("paths", "lists", "answers"), SPELLINGS)
@pytest.mark.parametrize("kind", list(RestorePointType))
def test_a_mount_a_listing_a_download_and_an_unmount(
    make_em: MakeEm,
    deadline: MakeDeadline,
    tmp_path: Path,
    kind: RestorePointType,
    paths: Paths,
    lists: JsonLists,
    answers: str,
) -> None:
    with Simulator(paths=paths, json_lists=lists, answers=answers) as simulator:
        family = Family[kind.name]
        point = simulator.restore_points(family)[0]
        simulator.add_file(point.machine.name, FILE, b"good night")
        em = make_em(
            base_url=f"{simulator.url}/api",
            certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
        )
        ref = RestorePointRef(kind, point.id)
        found = em.restore_points.find(Wanted(kind, point.machine.name), 5, deadline())
        assert (found[0].ref, found[0].is_complete) == (ref, True)
        mounted = em.mounts.create(ref, None, deadline())
        href = mounted.mount_point.href
        assert em.mounts.get(mounted.session, ref, href, deadline()) == mounted.mount_point
        assert em.mounts.list(mounted.session, ref, deadline()) == [mounted.mount_point]
        files, restores = em.files(mounted.session, href)
        plan = list(islice(files.folder("Volume$0:/Data", deadline(), []), 9))
        assert [entry.name for entry in plan if not entry.is_folder] == ["Grüße.txt"]
        with Destination(tmp_path) as destination:
            run(Transfer(files, restores, destination, deadline()), FILE)
        assert (tmp_path / "Grüße.txt").read_bytes() == b"good night"
        em.mounts.unmount(mounted.session, href, deadline())
        assert (simulator.mounts(), simulator.lost_by_logout()) == ([], [])


def run(transfer: Transfer, path: str) -> None:
    planning = transfer.plan(path)
    try:
        while True:
            next(planning)
    except StopIteration as done:
        list(transfer.fetch(done.value))
