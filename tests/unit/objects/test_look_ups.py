"""What data sources find, and what a person reads when they find nothing."""

import pytest

from em_simulator.catalogue import FIRST_SERVER
from support.called_provider import CalledProvider

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
