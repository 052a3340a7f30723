"""Identifiers that users write: restore points by UUID or URN, mount points by their path."""

import re
from typing import Any, NamedTuple

from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from tfplugin.types import String

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# Compiled when first used: Terraform's user waits for every start.
_URN = rf"(?:urn:veeam:(?P<entity>\w+):)?(?P<uuid>{_UUID})"
_MOUNT_POINT = rf"(?:(?P<type>[^/]*)/)?{_URN}/(?P<mount>[1-9]\d{{0,18}})"


class Uid(NamedTuple):
    """A restore point's identifier: the UUID in lower case; the entity's name if a URN told it."""

    uuid: str
    entity: str | None = None

    @property
    def type(self) -> RestorePointType | None:
        """The restore point type that the entity belongs to; None for a bare UUID or another."""
        return next((t for t in RestorePointType if t.entity == self.entity), None)


def parse_uid(text: str) -> Uid:
    """Read a UUID or `urn:veeam:ENTITY:UUID`; ValueError tells a person what is wrong."""
    if not (found := re.fullmatch(_URN, _bare(text), re.ASCII)):
        raise ValueError(
            f'"{text}" is neither a UUID, like 3f2504e0-4f89-41d3-9a0c-0305e82c3301, nor a URN, '
            "like urn:veeam:VmRestorePoint:3f2504e0-4f89-41d3-9a0c-0305e82c3301."
        )
    return Uid(found["uuid"].lower(), found["entity"])


def is_uid(text: str) -> bool:
    """Tell whether a text is a UUID or a URN, and so no name."""
    return re.fullmatch(_URN, _bare(text), re.ASCII | re.IGNORECASE) is not None


def _bare(text: str) -> str:
    """Return a text without what a file has around it: its byte order mark and line breaks."""
    return text.removeprefix("\ufeff").strip()


def restore_point_uid(text: str) -> Uid:
    """Read the UUID or URN of what can be mounted. Raises ValueError."""
    return _mountable(parse_uid(text))


def _mountable(uid: Uid) -> Uid:
    if uid.entity and uid.type is None:
        names = ", ".join(kind.entity for kind in RestorePointType)
        raise ValueError(f"It is the URN of a {uid.entity}. What can be mounted is one of {names}.")
    return uid


def job_uuid(text: str) -> str:
    """Return the UUID of a job, from it or its URN. Raises ValueError."""
    uid = parse_uid(text)
    if uid.entity not in (None, "Job"):
        raise ValueError(f"It is the URN of a {uid.entity}, not of a Job.")
    return uid.uuid


class UuidOrUrn(String):
    """A UUID, alone or in a URN: both spellings mean the same."""

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        """Compare by the UUID."""
        try:
            return parse_uid(a_decoded).uuid == parse_uid(b_decoded).uuid
        except (ValueError, AttributeError):
            return bool(a_decoded == b_decoded)


def format_mount_point_id(restore_point: RestorePointRef, mount_id: int) -> str:
    """Return `TYPE/RESTORE_POINT_UUID/MOUNT_ID`."""
    return f"{restore_point.type}/{restore_point.id}/{mount_id}"


def parse_mount_point_id(text: str) -> tuple[RestorePointRef, int]:
    """Read `[TYPE/]RESTORE_POINT_UUID/MOUNT_ID`; ValueError tells a person what is wrong."""
    found = re.fullmatch(_MOUNT_POINT, _bare(text), re.ASCII)
    types = ", ".join(RestorePointType)
    if not found:
        raise ValueError(
            f'"{text}" is not a mount point. Write [TYPE/]RESTORE_POINT_UUID/MOUNT_ID, like '
            f"vm/3f2504e0-4f89-41d3-9a0c-0305e82c3301/1; TYPE is one of {types}."
        )
    uid = _mountable(Uid(found["uuid"].lower(), found["entity"]))
    kind = found["type"] if found["type"] is not None else uid.type or RestorePointType.VM
    if kind not in list(RestorePointType):
        raise ValueError(f'"{kind}" is not a restore point type. It is one of {types}.')
    if uid.type not in (None, kind):
        raise ValueError(f"It is the URN of a {uid.entity}, which is not of type {kind}.")
    restore_point = RestorePointRef(RestorePointType(kind), uid.uuid)
    return restore_point, int(found["mount"])


def format_job_object_id(job_id: str, object_id: str) -> str:
    """Return `JOB_UUID/OBJECT_UUID`."""
    return f"{job_id}/{object_id}"


def parse_job_object_id(text: str) -> tuple[str, str]:
    """Read `JOB_UUID/OBJECT_UUID`, or the job's URN; ValueError tells a person what is wrong."""
    job, _, own = _bare(text).rpartition("/")
    if not re.fullmatch(_UUID, own, re.ASCII) or not is_uid(job):
        raise ValueError(f'"{text}" is not an object in a job. Write JOB_UUID/OBJECT_UUID.')
    return job_uuid(job), own.lower()
