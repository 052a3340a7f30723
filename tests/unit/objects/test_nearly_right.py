"""Names that are nearly right: the error names the right one, and nothing else costs a request."""

from typing import Any

import pytest
from helpers import RESTORE_POINT, Server

from em_simulator import RESTORE_OPERATOR, Simulator
from em_simulator.catalogue import NIGHTS
from support.called_provider import CalledProvider, called_provider

SEARCH, MOUNT, FILES = "veeam_restore_point", "veeam_mount_point", "veeam_mount_point_files"


def test_a_machine_that_is_not_there_names_those_that_it_may_be(provider: CalledProvider) -> None:
    said = provider.read(SEARCH, machine_name="Oracel03", backup_server="backup01.tech.local").error
    assert (
        'none with restore_point_type = "vm", machine_name = "Oracel03" and backup_server = '
        '"backup01.tech.local".' in said
    )
    assert (
        f'Similar names: oracle03: {NIGHTS} restore points of type "vm", from 2026-10-26T22:00:42'
        in said
    )


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"machine_name": "rhel72"}, f'rhel72: {NIGHTS} restore points of type "agent", from'),
        (
            {"machine_name": "oracle03", "created_before": "2020-01-01T00:00:00Z"},
            f'oracle03: {NIGHTS} restore points of type "vm", from 2026-10-26T22:00:42',
        ),
        ({"machine_name": "laptop*", "latest": True}, "laptop17"),
    ],
)
def test_what_rules_a_machine_out_is_told(
    provider: CalledProvider, written: dict[str, Any], says: str
) -> None:
    said = provider.read(SEARCH, **written).error
    assert "Error: No restore point found" in said
    assert says in said


def test_a_backup_server_that_is_not_known_is_told_with_those_that_are(
    provider: CalledProvider,
) -> None:
    said = provider.read(SEARCH, backup_server="backup1").error
    assert "Error: Backup server not found" in said
    assert "Enterprise Manager knows: backup01.tech.local." in said


def test_an_account_that_may_not_see_all_is_told_what_it_may_see(simulator: Simulator) -> None:
    with called_provider(simulator, RESTORE_OPERATOR) as provider:
        said = provider.read(SEARCH, machine_name="rhel").error
    assert "Error: No restore point found" in said
    assert 'Restore points of type "agent" could not be searched.' in said


def test_a_machine_that_is_there_costs_one_request(
    provider: CalledProvider, server: Server
) -> None:
    assert provider.read(SEARCH, machine_name="oracle03", latest=True).value
    assert len(server.requests("GET", "/query")) == 1


def test_a_list_that_is_cut_is_told_to_be(provider: CalledProvider, server: Server) -> None:
    told = provider.read("veeam_restore_points", machine_name="web02", limit=NIGHTS - 1)
    assert f"There are more than {NIGHTS - 1}; the rest is left out" in told.said
    assert len(server.requests("GET", "/query")) == 1
    assert provider.read("veeam_restore_points", machine_name="web02", limit=NIGHTS).said == ""


def test_who_may_not_look_before_the_mount_is_told_the_type_after_it(
    simulator: Simulator, server: Server
) -> None:
    with called_provider(simulator, RESTORE_OPERATOR) as provider:
        wrong = {"restore_point_id": RESTORE_POINT, "restore_point_type": "agent"}
        assert 'write restore_point_type = "vm"' in provider.create(MOUNT, **wrong).error
    assert (server.mounts(), server.sessions()) == ([], [])


def test_a_restore_point_that_no_family_has_is_told_to_be_in_none(
    provider: CalledProvider,
) -> None:
    nothing = "00000000-0000-4000-8000-000000000000"
    said = provider.create(MOUNT, restore_point_id=nothing).error
    assert "none of another type that this account may read" in said


def test_a_data_source_names_the_mount_that_this_configuration_makes(
    provider: CalledProvider, mount: dict[str, Any]
) -> None:
    wrong = f"vm/{RESTORE_POINT}/77"
    said = provider.read(FILES, mount_point_id=wrong, path="Volume$0:").error
    assert f"but there is {mount['mount_point_id']} in logon session" in said


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("Volume$0:/t/b/deap.txt", "Volume$0:/t/b is there, but has no deap.txt. Similar names"),
        ("Volume$0:/tt/b", "Volume$0: is there, but has no tt."),
        ("Volume$0:/t/zzz/far/away", "Volume$0:/t is there, but has no zzz. It has: a.txt, b."),
        ("Volume$1:/home2", "Volume$1: is there, but has no home2."),
        ("Volume0:/t", "Its volumes are: Volume$0:, Volume$1:"),
    ],
)
def test_a_path_that_is_not_there_names_its_neighbours(
    provider: CalledProvider, server: Server, mount: dict[str, Any], path: str, says: str
) -> None:
    server.simulator.add_file("web02", "Volume$0:/t/b/deep.txt", b"deep")
    server.simulator.add_file("web02", "Volume$0:/t/a.txt", b"12345")
    assert says in provider.read(FILES, path=path, **mount).error


def test_a_file_that_can_not_be_restored_names_its_neighbours(
    provider: CalledProvider, server: Server, mount: dict[str, Any]
) -> None:
    server.simulator.add_file("web02", "Volume$0:/t/offers.docx", b"12345")
    said = provider.act("veeam_file_restore", paths=["Volume$0:/t/Offer.docx"], **mount).error
    assert "has no Offer.docx. Similar names there: offers.docx." in said
