"""What data sources find, and what a person reads when they find nothing."""

import datetime as dt
from typing import Any

import pytest
from helpers import Server

from em_simulator import PORTAL_USER, Simulator
from em_simulator.catalogue import FIRST_SERVER
from support.called_provider import CalledProvider, called_provider

URN = f"urn:veeam:BackupServer:{FIRST_SERVER.id}"


def test_a_condition_that_is_a_result_tells_what_was_found(provider: CalledProvider) -> None:
    found = provider.read(
        "veeam_restore_point", machine_name="ORACLE*", backup_server=URN.upper(), latest=True
    ).value
    assert (found["machine_name"], found["backup_server"], found["restore_point_type"]) == (
        "oracle03",
        FIRST_SERVER.name,
        "vm",
    )
    assert provider.read("veeam_job", name="Daily", type="backup").value["type"] == "Backup"


@pytest.mark.parametrize("spelling", [FIRST_SERVER.name.upper(), FIRST_SERVER.id, URN])
@pytest.mark.parametrize("name", ["veeam_jobs", "veeam_machines", "veeam_restore_points"])
def test_a_backup_server_is_meant_by_name_uuid_or_urn(
    provider: CalledProvider, name: str, spelling: str
) -> None:
    found = provider.read(name, backup_server=spelling).value
    assert found[name.removeprefix("veeam_")]
    error = provider.read(name, backup_server="elsewhere").error
    assert "Backup server not found [backup_server] None is called elsewhere." in error
    assert FIRST_SERVER.name in error


def test_jobs_and_a_job_tell_the_same(provider: CalledProvider) -> None:
    (one,) = provider.read("veeam_jobs", name="Daily").value["jobs"]
    alone = provider.read("veeam_job", name="Daily").value
    assert {name: alone[name] for name in one} == one
    assert {inner["id"] for inner in one["objects"]} == {
        f"{one['id']}/{inner['object_id']}" for inner in one["objects"]
    }


SESSIONS = "veeam_backup_sessions"


def test_what_the_limit_leaves_out_is_told(provider: CalledProvider) -> None:
    job_id = provider.read("veeam_job", name="Daily").value["id"]
    for whose in ({"job_name": "Daily"}, {"job_id": job_id}, {"machine_name": "oracle03"}):
        told = provider.read(SESSIONS, **whose, limit=2)
        assert len(told.value["backup_sessions"]) == 2
        assert told.said.startswith("Warning: Not all backup sessions are listed [limit]")
        assert "There are more than 2; the rest is left out." in told.said
        count = len(provider.read(SESSIONS, **whose, limit=1000).value["backup_sessions"])
        assert provider.read(SESSIONS, **whose, limit=count).said == ""


def test_a_job_that_is_not_there_is_an_error_that_names_those_like_it(
    provider: CalledProvider,
) -> None:
    said = provider.read(SESSIONS, job_name="Dialy").error
    assert "Job not found [job_name] None is called Dialy as a whole" in said
    assert "There is: Daily." in said
    unknown = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    assert "Job not found [job_id]" in provider.read(SESSIONS, job_id=unknown).error
    assert "There is: " in provider.read(SESSIONS, job_name="xyzzy").error


def test_a_job_that_has_not_run_in_time_is_no_error(provider: CalledProvider) -> None:
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
    told = provider.read(SESSIONS, job_name="daily", created_after=later)
    assert (told.value["backup_sessions"], told.said) == ([], "")
    told = provider.read(SESSIONS, job_name="Domain controllers")
    assert (told.value["backup_sessions"], told.said) == ([], "")


def test_bounds_of_time_bound_on_both_sides(provider: CalledProvider) -> None:
    every = provider.read(SESSIONS, job_name="Daily").value["backup_sessions"]
    at = every[1]["created_at"]
    told = provider.read(SESSIONS, job_name="Daily", created_after=at, created_before=at)
    assert told.value["backup_sessions"] == [every[1]]


def test_a_machine_that_is_not_there_is_told_with_those_like_it(provider: CalledProvider) -> None:
    told = provider.read(SESSIONS, machine_name="oracel03")
    assert told.value["backup_sessions"] == []
    assert "Warning: No backup of oracel03 is known [machine_name]" in told.said
    assert "oracle03: " in told.said


def test_who_may_not_see_jobs_is_told_that_it_is_not_known(simulator: Simulator) -> None:
    with called_provider(simulator, PORTAL_USER) as provider:
        assert provider.read(SESSIONS, job_name="Daily", limit=1000).said == ""
        told = provider.read(SESSIONS, job_name="Dialy")
    assert told.value["backup_sessions"] == []
    assert "whether there is such a job can't be told [job_name]" in told.said


@pytest.mark.parametrize(
    ("name", "written", "found"),
    [
        ("veeam_repositories", {"name": "s*"}, ["Scale-out 1"]),
        ("veeam_repositories", {"type": "cifsshare"}, ["Old share"]),
        ("veeam_repositories", {"name": "x"}, []),
        ("veeam_backup_servers", {"name": "BACKUP01*"}, [FIRST_SERVER.name]),
        ("veeam_backup_servers", {"name": "backup01"}, []),
        ("veeam_hierarchy_roots", {"type": "vc"}, ["vc01.tech.local"]),
        ("veeam_hierarchy_roots", {"name": "vc*", "backup_server": URN}, ["vc01.tech.local"]),
    ],
)
def test_listings_are_narrowed(
    provider: CalledProvider, name: str, written: dict[str, Any], found: list[str]
) -> None:
    told = provider.read(name, **written).value[name.removeprefix("veeam_")]
    assert [one["name"] for one in told] == found


def test_restore_sessions_are_narrowed(provider: CalledProvider, server: Server) -> None:
    server.mount_as_somebody_else()
    (one,) = provider.read("veeam_restore_sessions").value["restore_sessions"]
    at, machine = one["created_at"], one["machine_name"]
    assert one["restore_point_type"] == "vm"
    for written, is_there in (
        ({"machine_name": machine.upper()}, True),
        ({"machine_name": "nobody"}, False),
        ({"created_after": at, "created_before": at}, True),
        ({"created_before": "2026-01-01T00:00:00Z"}, False),
        ({"backup_server": FIRST_SERVER.id}, True),
    ):
        told = provider.read("veeam_restore_sessions", **written).value["restore_sessions"]
        assert bool(told) is is_there, written
    error = provider.read("veeam_restore_sessions", backup_server="elsewhere").error
    assert "Backup server not found [backup_server]" in error


def test_one_repository_and_one_backup_server_are_found_by_name(provider: CalledProvider) -> None:
    told = provider.read("veeam_repository", name="old share").value
    assert (told["type"], told["capacity"], told["backup_server"]) == (
        "CifsShare",
        None,
        FIRST_SERVER.name,
    )
    told = provider.read("veeam_backup_server", name=FIRST_SERVER.name).value
    assert (told["id"], told["version"]) == (FIRST_SERVER.id, "13.0.1.1071")


@pytest.mark.parametrize(
    ("name", "written", "says"),
    [
        ("veeam_repository", "Old chare", "No repository found [name] None is called Old chare"),
        ("veeam_repository", "Old chare", "There is: Old share."),
        (
            "veeam_repository",
            "xyzzy",
            "There is: Backup Volume 01, Bucket, Old share, Scale-out 1.",
        ),
        ("veeam_repository", "Old*", '"Old*" is a pattern. Write the whole name.'),
        (
            "veeam_backup_server",
            "backup02",
            "No backup server found [name] None is called backup02",
        ),
        ("veeam_backup_server", "backup02", f"There is: {FIRST_SERVER.name}."),
        ("veeam_job", "D*", '"D*" is a pattern. Write the whole name.'),
    ],
)
def test_what_is_not_found_is_told_with_what_there_is(
    provider: CalledProvider, name: str, written: str, says: str
) -> None:
    assert says in provider.read(name, name=written).error
