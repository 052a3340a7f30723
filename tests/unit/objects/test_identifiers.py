"""Identifiers that users write."""

import pytest

from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.objects.identifiers import (
    format_mount_point_id,
    parse_job_object_id,
    parse_mount_point_id,
    parse_uid,
)

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.mark.parametrize("text", [UUID, UUID.upper(), f"urn:veeam:VmRestorePoint:{UUID}"])
def test_a_uuid_is_found_in_every_spelling(text: str) -> None:
    assert parse_uid(text).uuid == UUID


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"urn:veeam:VmRestorePoint:{UUID}", RestorePointType.VM),
        (f"urn:veeam:VmReplicaPoint:{UUID}", RestorePointType.REPLICA),
        (f"urn:veeam:AgentRestorePoint:{UUID}", RestorePointType.AGENT),
        (f"urn:veeam:Backup:{UUID}", None),
        (UUID, None),
    ],
)
def test_a_urn_tells_the_restore_point_type(text: str, kind: RestorePointType | None) -> None:
    assert parse_uid(text).type == kind


@pytest.mark.parametrize("text", ["", "oracle03", UUID[:-1], f"urn:veeam:{UUID}", f"{{{UUID}}}"])
def test_what_is_no_uid_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a UUID"):
        parse_uid(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{UUID}/7", "vm"),
        (f"vm/{UUID}/7", "vm"),
        (f"agent/{UUID.upper()}/7", "agent"),
        (f"replica/urn:veeam:VmReplicaPoint:{UUID}/7", "replica"),
        (f"urn:veeam:VmReplicaPoint:{UUID}/7", "replica"),
    ],
)
def test_a_mount_point_id_is_read(text: str, kind: str) -> None:
    assert parse_mount_point_id(text) == (RestorePointRef(RestorePointType(kind), UUID), 7)


def test_a_mount_point_id_is_written_as_it_is_read() -> None:
    text = f"replica/{UUID}/12"
    assert format_mount_point_id(*parse_mount_point_id(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a mount point"),
        (UUID, "not a mount point"),
        (f"{UUID}/0", "not a mount point"),
        (f"{UUID}/one", "not a mount point"),
        (f"tape/{UUID}/1", "not a restore point type"),
        (f"/{UUID}/1", "not a restore point type"),
        (f"vm/{UUID}/1/C:", "not a mount point"),
        (f"vm/urn:veeam:VmReplicaPoint:{UUID}/1", "a VmReplicaPoint, which is not of type vm"),
        (f"urn:veeam:Job:{UUID}/1", "What can be mounted is one of"),
    ],
)
def test_what_is_no_mount_point_id_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_mount_point_id(text)


@pytest.mark.parametrize("job", [UUID, UUID.upper(), f"urn:veeam:Job:{UUID}"])
def test_an_object_in_a_job_is_read(job: str) -> None:
    assert parse_job_object_id(f"{job}/{UUID}") == (UUID, UUID)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (UUID, "not an object in a job"),
        (f"{UUID}/1", "not an object in a job"),
        (f"urn:veeam:VmRestorePoint:{UUID}/{UUID}", "not of a Job"),
    ],
)
def test_what_is_no_object_in_a_job_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_job_object_id(text)


@pytest.mark.parametrize("around", ["%s\n", "%s\r\n", "\ufeff%s\r\n", "  %s "])
def test_what_a_file_has_around_an_identifier_is_no_part_of_it(around: str) -> None:
    uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    assert parse_uid(around % uuid).uuid == uuid
    assert parse_mount_point_id(around % f"vm/{uuid}/1")[1] == 1
