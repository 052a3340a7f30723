"""A quick backup of a VM: how it is found, what is told of its end, what is refused."""

import re
from typing import Any

import pytest
from helpers import SEED, Server

from em_simulator import RESTORE_OPERATOR, Family, Simulator
from em_simulator.catalogue import FIRST_SERVER, Catalogue
from support.called_provider import CalledProvider, called_provider, simulated

BACK_UP = "veeam_quick_backup"
REQUEST = "POST /backupServers/.*"
WEB02 = Catalogue(SEED).machine("web02").ref


def backups(server: Server) -> list[str]:
    """The machines that were backed up, one for each backup."""
    return [
        task.item.name for session in server.simulator.started_backups() for task in session.tasks
    ]


@pytest.mark.parametrize("told_by", ["task", "session"])
def test_a_backup_that_fails_is_an_error_with_its_reason(
    provider: CalledProvider, server: Server, told_by: str
) -> None:
    server.fault(
        "backup", REQUEST, result="Failed", reason="No space left.", told_by=told_by, seconds=0
    )
    said = provider.act(BACK_UP, machine_name="web02").error
    assert re.search(r"The backup Daily@[-0-9: ]+ failed", said)
    assert "Its session has ended as Failed." in said
    assert "No space left." in said


def test_a_warning_is_told(provider: CalledProvider, server: Server) -> None:
    server.fault("backup", REQUEST, result="Warning", reason="VSS timed out.", seconds=0)
    told = provider.act(BACK_UP, machine_name="web02")
    assert "Backed up web02" in told.value
    assert "ended with a warning" in told.said
    assert "web02: VSS timed out." in told.said


@pytest.mark.parametrize("fault", ["no-related-link", "task-vanishes", "lag"])
def test_a_session_that_is_not_linked_or_late_is_found(
    provider: CalledProvider, server: Server, fault: str
) -> None:
    server.fault(fault, REQUEST)
    server.fault("backup", REQUEST, seconds=1)
    told = provider.act(BACK_UP, machine_name="web02").value
    newest = server.simulator.restore_points(Family.VM)[0]
    assert f"Backed up web02: restore point {newest.id}" in told
    assert backups(server) == ["web02"]


@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "html"])
def test_a_lost_answer_is_found_again_and_nothing_starts_twice(
    provider: CalledProvider, server: Server, fault: str
) -> None:
    server.fault(fault, REQUEST)
    assert "Backed up web02: restore point" in provider.act(BACK_UP, machine_name="web02").value
    assert backups(server) == ["web02"]
    assert len(server.requests("POST", "/backupServers/.*")) == 1


def test_a_request_that_may_have_got_lost_is_not_sent_again(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("reset-before", REQUEST)
    said = provider.act(BACK_UP, machine_name="web02").error
    assert "It is not known whether the quick backup of web02 was started" in said
    assert "was not asked for again" in said
    assert backups(server) == []
    assert len(server.requests("POST", "/backupServers/.*")) == 1


def test_a_request_that_was_refused_for_now_is_sent_again(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("status", REQUEST, code=429)
    assert provider.act(BACK_UP, machine_name="web02").value
    assert backups(server) == ["web02"]


def test_a_vm_without_a_full_backup_is_refused_with_the_servers_words(
    provider: CalledProvider,
) -> None:
    said = provider.act(BACK_UP, machine_name="APP01").error
    assert "Enterprise Manager could not start the quick backup of app01" in said
    assert "no backup job has a full backup of it" in said


def test_a_vm_is_named_by_its_reference(provider: CalledProvider, server: Server) -> None:
    assert provider.act(BACK_UP, ref=WEB02.upper().replace("URN:", "urn:")).value
    assert backups(server) == ["web02"]
    said = provider.act(BACK_UP, ref=f"{WEB02}0").error
    assert "Object not found in the virtual infrastructure" in said


@pytest.mark.parametrize(
    ("vm", "message"),
    [
        ({}, "Write one of ref and machine_name."),
        ({"machine_name": "a", "ref": WEB02}, "Write only one of ref and machine_name."),
        ({"ref": "web02"}, "is not a reference like urn:VMware:Vm:"),
        ({"ref": WEB02.replace(":Vm:", ":Folder:")}, "It refers to a Folder, not to a VM."),
        ({"machine_name": " "}, "It is blank."),
        ({"ref": WEB02, "hierarchy_root": "vc01"}, "A ref names its host itself."),
        ({"machine_name": "a", "timeouts": {"invoke": "soon"}}, "Invalid timeouts.invoke"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    provider: CalledProvider, server: Server, vm: dict[str, Any], message: str
) -> None:
    assert message in provider.act(BACK_UP, **vm).error
    assert server.requests() == []


@pytest.mark.parametrize("two_servers", [False, True])
def test_the_backup_server_is_found_where_hosts_are_listed_by_other_ids(
    *, two_servers: bool
) -> None:
    with simulated(lists_unique_ids=True, two_servers=two_servers) as (provider, simulator):
        server = Server(simulator)
        assert provider.act(BACK_UP, machine_name="web02").value
        assert provider.act(BACK_UP, ref=simulator.vm("web02")).value
        assert backups(server) == ["web02", "web02"]
        paths = {entry.path for entry in server.requests("POST", "/backupServers/.*")}
        assert paths == {f"/backupServers/{FIRST_SERVER.id}"}


def test_a_host_that_refuses_lookups_does_not_hide_a_vm() -> None:
    with simulated(refused_roots={"hv01.tech.local": 403}) as (provider, simulator):
        assert provider.act(BACK_UP, machine_name="web02").value
        said = provider.act(BACK_UP, machine_name="sqlsrv03").error
        assert "No Vm is called sqlsrv03 as a whole on vc01.tech.local" in said
        assert "hv01.tech.local of backup01.tech.local: GET https://" in said
        assert "was answered with 403 Forbidden" in said
        assert "Set hierarchy_root to search a single host" in said
        assert provider.act(BACK_UP, machine_name="web02", hierarchy_root="vc01.tech.local").value
        assert backups(Server(simulator)) == ["web02", "web02"]


def test_an_account_that_may_not_is_told_who_may(simulator: Simulator) -> None:
    with called_provider(simulator, RESTORE_OPERATOR) as provider:
        said = provider.act(BACK_UP, machine_name="web02").error
    assert "It takes the role Portal Administrator or Portal User" in said
    assert backups(Server(simulator)) == []


@pytest.mark.parametrize(
    "form", [{"answers": "xml"}, {"json_names": "camel"}, {"json_names": "pascal"}], ids=str
)
def test_all_forms_of_servers_are_understood(form: dict[str, Any]) -> None:
    how = {"mount_seconds": 0.2, "backup_seconds": 1.0, "lag": 0.5, "json_nulls": "absent"} | form
    with simulated(**how) as (provider, simulator):
        assert "Backed up web02: restore point" in provider.act(BACK_UP, machine_name="web02").value
        assert backups(Server(simulator)) == ["web02"]
