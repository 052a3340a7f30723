"""What each role of Enterprise Manager sees and may do, object by object, as the vendor has it."""

from typing import Any

import pytest
from helpers import SEED

from em_simulator import (
    ADMINISTRATOR,
    PORTAL_USER,
    RESTORE_OPERATOR,
    VM_RESTORE_OPERATOR,
    Family,
    Simulator,
)
from em_simulator.catalogue import Catalogue
from support.called_provider import CLOCK, Answer, called_provider

ACCOUNTS = {
    "administrator": ADMINISTRATOR,
    "user": PORTAL_USER,
    "files": RESTORE_OPERATOR,
    "vms": VM_RESTORE_OPERATOR,
}
ALL, REPORTS, FILES, JOBS = (
    {"administrator", "user", "files", "vms"},
    {"administrator", "user"},
    {"administrator", "files"},
    {"administrator"},
)
WEB02 = Catalogue(SEED).machine("web02").ref
PATH = "E:/Documentation 2014/Contract.docx"
OBJECTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "veeam_machines": ({"restore_point_type": "vm"}, ALL),
    "veeam_restore_point": ({"machine_name": "oracle03", "latest": True}, ALL),
    "veeam_restore_points": ({"restore_point_type": "agent"}, REPORTS),
    "veeam_file_versions": ({"machine_name": "oracle03", "path": PATH}, ALL),
    "veeam_restore_sessions": ({}, ALL),
    "veeam_backup_servers": ({}, REPORTS),
    "veeam_backup_server": ({"name": "backup01.tech.local"}, REPORTS),
    "veeam_repositories": ({}, REPORTS),
    "veeam_repository": ({"name": "Bucket"}, REPORTS),
    "veeam_hierarchy_roots": ({}, REPORTS),
    "veeam_hierarchy_object": ({"name": "web02"}, REPORTS),
    "veeam_backup_sessions": ({"machine_name": "web02"}, REPORTS),
    "veeam_jobs": ({}, JOBS),
    "veeam_job": ({"name": "Daily"}, JOBS),
}
ACTIONS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "veeam_quick_backup": ({"ref": WEB02}, REPORTS),
    "veeam_job_start": ({"job_id": "Daily"}, JOBS),
    "veeam_indexed_file_restore": ({"restore_point_id": "oracle03", "paths": [PATH]}, ALL),
}


@pytest.fixture(scope="module")
def provider_of() -> Any:
    """What gives a provider for each of the accounts, on one server."""
    with Simulator(clock=CLOCK, seed=SEED) as simulator:
        yield lambda role: (called_provider(simulator, ACCOUNTS[role]), simulator)


def check(role: str, allowed: set[str], answer: Answer) -> None:
    if role in allowed:
        assert not answer.has_failed, answer.said
    else:
        assert "The account's role is too low" in answer.error
        assert "It takes the role Portal Administrator" in answer.error


@pytest.mark.parametrize("role", ACCOUNTS)
@pytest.mark.parametrize("name", OBJECTS)
def test_a_data_source_is_for_these_roles(name: str, role: str, provider_of: Any) -> None:
    written, allowed = OBJECTS[name]
    calling, _ = provider_of(role)
    with calling as provider:
        check(role, allowed, provider.read(name, **written))


@pytest.mark.parametrize("role", ACCOUNTS)
@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_for_these_roles(name: str, role: str, provider_of: Any) -> None:
    written, allowed = ACTIONS[name]
    calling, simulator = provider_of(role)
    points = [p for p in simulator.restore_points(Family.VM) if p.machine.name == "oracle03"]
    values = {
        "job_id": simulator.job("Daily").id,
        "restore_point_id": points[-1].id,
    }
    own = {one: values.get(one, value) for one, value in written.items()}
    with calling as provider:
        check(role, allowed, provider.act(name, **own))


@pytest.mark.parametrize("role", ACCOUNTS)
def test_a_mount_and_its_files_are_for_these_roles(role: str, provider_of: Any) -> None:
    calling, simulator = provider_of(role)
    point = next(p for p in simulator.restore_points(Family.VM) if p.machine.name == "oracle03")
    with calling as provider:
        made = provider.create("veeam_mount_point", restore_point_id=point.id)
        check(role, FILES, made)
        if role in FILES:
            mount = {
                "mount_point_id": made.value.values["id"],
                "session_fingerprint": made.value.values["session_fingerprint"],
            }
            found = provider.read("veeam_mount_point_files", path="E:", **mount).value
            assert found["files"]
            assert not provider.delete(made.value).has_failed
    assert simulator.mounts() == []


@pytest.mark.parametrize("role", ACCOUNTS)
def test_what_a_job_includes_is_for_these_roles(role: str, provider_of: Any) -> None:
    calling, simulator = provider_of(role)
    job_id = simulator.job("Domain controllers").id
    with calling as provider:
        made = provider.create("veeam_job_object", job_id=job_id, ref=WEB02)
        check(role, JOBS, made)
        if role in JOBS:
            assert not provider.delete(made.value).has_failed
