"""What `veeam_indexed_file_restore` does, tells and refuses."""

import pytest

from em_simulator import PORTAL_USER, Family, Simulator
from support.called_provider import CalledProvider, called_provider

NAME = "veeam_indexed_file_restore"
FOLDER = "E:/Documentation 2014"
OFFERS = f"{FOLDER}/Offers.docx"
HOSTS = "C:/Windows/System32/drivers/etc/hosts"
RESTORE = "POST .*/guestfs/.*"


def point(simulator: Simulator, machine: str = "oracle03", family: Family = Family.VM) -> str:
    points = simulator.restore_points(family)
    return next(one.id for one in points if one.machine.name == machine)


def asked(simulator: Simulator) -> int:
    """How many restores the server was asked for."""
    return sum(1 for one in simulator.journal if one.query == "action=restore")


def test_files_go_back_one_after_the_other_without_a_mount(
    provider: CalledProvider, simulator: Simulator
) -> None:
    simulator.add_fault("restore-session", RESTORE, seconds=40)
    lines = provider.act(
        NAME, restore_point_id=point(simulator), paths=[OFFERS.replace("/", "\\"), HOSTS]
    ).value.splitlines()
    assert [one.path for one in simulator.restored()] == [OFFERS, HOSTS]
    night = "oracle03@2026-11-15 22:00:42"
    assert lines[0] == (f"Restoring {OFFERS} of {night} to its original place")
    assert lines[1].startswith(f"Still restoring {OFFERS} (")
    assert " %)" in lines[1]
    assert lines[-1] == f"Restored {HOSTS}"
    assert not [one for one in simulator.journal if one.path.endswith("/mounts")]


def test_a_portal_user_may_do_it(simulator: Simulator) -> None:
    with called_provider(simulator, PORTAL_USER) as provider:
        urn = f"urn:veeam:VmRestorePoint:{point(simulator).upper()}"
        assert provider.act(NAME, restore_point_id=urn, paths=[FOLDER]).value
    assert [one.path for one in simulator.restored()] == [FOLDER]


def test_a_path_that_is_not_there_does_not_keep_the_others(
    provider: CalledProvider, simulator: Simulator
) -> None:
    error = provider.act(
        NAME, restore_point_id=point(simulator), paths=[f"{FOLDER}/Ofers.docx", "X:/a", HOSTS]
    ).error
    assert "Error: File or folder not found [paths.0]" in error
    assert "Similar names there: Offers.docx." in error
    assert "[paths.1]" in error
    assert "Its volumes are: C:, E:." in error
    assert [one.path for one in simulator.restored()] == [HOSTS]


@pytest.mark.parametrize("code", [None, 403, 404])
def test_a_restore_point_that_is_not_in_the_index_says_to_mount_it(
    provider: CalledProvider, simulator: Simulator, code: int | None
) -> None:
    night = point(simulator)
    if code is None:
        simulator.forget_index(night)
    else:
        simulator.add_fault("status", "GET /catalog/vms", None, code=code)
    error = provider.act(NAME, restore_point_id=night, paths=[OFFERS]).error
    assert "Error: The restore point is not in the index [restore_point_id]" in error
    assert "oracle03@2026-11-15 22:00:42 of oracle03 is not in Enterprise Manager's" in error
    assert "Mount it with veeam_mount_point" in error


def test_a_machine_that_is_not_indexed_says_to_mount_it(
    provider: CalledProvider, simulator: Simulator
) -> None:
    night = point(simulator, "exch01")
    error = provider.act(NAME, restore_point_id=night, paths=[OFFERS]).error
    assert "of exch01 is not in Enterprise Manager's index" in error


@pytest.mark.parametrize("urn", ["", "urn:veeam:AgentRestorePoint:"])
def test_an_agents_restore_point_is_refused(
    provider: CalledProvider, simulator: Simulator, urn: str
) -> None:
    agent = point(simulator, "rhel72", Family.AGENT)
    error = provider.act(NAME, restore_point_id=f"{urn}{agent}", paths=[OFFERS]).error
    assert "[restore_point_id]" in error
    assert "only VMs are in the index. Mount it with veeam_mount_point" in error


def test_a_restore_point_that_is_not_there_is_told(provider: CalledProvider) -> None:
    missing = "00000000-0000-0000-0000-000000000000"
    error = provider.act(NAME, restore_point_id=missing, paths=[OFFERS]).error
    assert "Error: Restore point not found [restore_point_id]" in error
    assert "when its retention is over" in error


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        ([f"{FOLDER}/*.docx"], "is a pattern. Name in full what is to be replaced."),
        ([OFFERS, OFFERS.upper()], "The same path twice [paths.1]"),
        ([], "There is no path in it."),
        (["Offers.docx"], None),
    ],
)
def test_paths_are_named_in_full_and_once(
    provider: CalledProvider, simulator: Simulator, paths: list[str], says: str | None
) -> None:
    error = provider.act(NAME, restore_point_id=point(simulator), paths=paths).error
    assert says is None or says in error
    assert asked(simulator) == 0


def test_an_account_that_is_limited_to_some_extensions_is_told_so(
    provider: CalledProvider, simulator: Simulator
) -> None:
    simulator.add_fault("status", RESTORE, 1, code=403)
    error = provider.act(NAME, restore_point_id=point(simulator), paths=[OFFERS, HOSTS]).error
    assert "files of certain extensions (FlrInplaceOnly and FlrExtentionRestrictions" in error
    assert [one.path for one in simulator.restored()] == [HOSTS]


def test_an_answer_that_was_lost_is_told_and_the_file_is_not_restored_twice(
    provider: CalledProvider, simulator: Simulator
) -> None:
    simulator.add_fault("reset-after", RESTORE)
    error = provider.act(NAME, restore_point_id=point(simulator), paths=[OFFERS, HOSTS]).error
    assert "It is not known whether the restore was begun [paths.0]" in error
    assert "may have begun" in error
    assert asked(simulator) == 2


def test_an_account_that_the_machine_does_not_take_ends_all_and_names_the_other_way(
    provider: CalledProvider, simulator: Simulator
) -> None:
    simulator.add_fault(
        "restore-session", RESTORE, result="Failed", message="The password is incorrect."
    )
    error = provider.act(NAME, restore_point_id=point(simulator), paths=[OFFERS, HOSTS]).error
    assert "veeam_file_restore, which needs a mount, takes another in guest_credentials." in error
    assert f"Done before it: nothing. Not done: {OFFERS}, {HOSTS}." in error
    assert asked(simulator) == 1


def test_remarks_on_a_restore_that_is_done_are_told(
    provider: CalledProvider, simulator: Simulator
) -> None:
    simulator.add_fault("restore-session", RESTORE, result="Warning", message="Owner not set.")
    lines = provider.act(NAME, restore_point_id=point(simulator), paths=[OFFERS]).value
    assert f"Warning about {OFFERS}: Owner not set.\nRestored {OFFERS}" in lines
