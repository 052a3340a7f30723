"""The functions: they compute, and never ask the server."""

from typing import Any

from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.objects import checks, identifiers
from tfplugin.errors import FunctionFailed
from tfplugin.interfaces import Function
from tfplugin.schema import FunctionSignature, Parameter, Return
from tfplugin.types import Number, Object, String

_PARTS = {"restore_point_type": String(), "restore_point_id": String(), "mount_id": Number()}
_LARGEST = 10**19  # has more digits than any id of a mount that can be taken apart again


def _number(value: float) -> int:
    if not 1 <= value < _LARGEST or value != int(value):
        raise ValueError(f"{value} is not a whole number greater than 0.")
    return int(value)


class MountPointId(Function):
    """`mount_point_id("vm", "UUID", 1)`."""

    signature = FunctionSignature(
        parameters=[
            Parameter(
                "restore_point_type",
                String(),
                "`vm`, `replica` or `agent`.",
                checks.one_of(RestorePointType),
            ),
            Parameter(
                "restore_point_id",
                String(),
                "UUID of the restore point, or its URN.",
                identifiers.parse_uid,
            ),
            Parameter("mount_id", Number(), "Number of the mount in its logon session.", _number),
        ],
        return_type=Return(String()),
        summary="Make the id of a mount point, as for import",
        description="Returns `TYPE/RESTORE_POINT_UUID/MOUNT_ID`.",
    )

    def call(self, *arguments: Any) -> Any:
        """Return the id. Raises FunctionFailed."""
        kind, uid, mount_id = arguments
        if uid.type not in (None, kind):
            raise FunctionFailed(f'It is the URN of a {uid.entity}: the type is "{uid.type}".', 1)
        return identifiers.format_mount_point_id(RestorePointRef(kind, uid.uuid), mount_id)


class ParseMountPointId(Function):
    """`parse_mount_point_id("vm/UUID/1")`."""

    signature = FunctionSignature(
        parameters=[
            Parameter(
                "id",
                String(),
                "`[TYPE/]RESTORE_POINT_UUID/MOUNT_ID`.",
                identifiers.parse_mount_point_id,
            )
        ],
        return_type=Return(Object(_PARTS)),
        summary="Take the id of a mount point apart",
        description="Returns an object with `restore_point_type`, `restore_point_id` and "
        "`mount_id`. Without a type it is `vm`.",
    )

    def call(self, *arguments: Any) -> Any:
        """Return the parts."""
        ((ref, mount_id),) = arguments
        return dict(zip(_PARTS, (ref.type.value, ref.id, mount_id), strict=True))


class ParseUid(Function):
    """`parse_uid("urn:veeam:VmRestorePoint:UUID")`."""

    signature = FunctionSignature(
        parameters=[
            Parameter(
                "uid", String(), "`urn:veeam:ENTITY:UUID`, or a UUID alone.", identifiers.parse_uid
            )
        ],
        return_type=Return(
            Object({"entity": String(), "restore_point_type": String(), "uuid": String()})
        ),
        summary="Take a UID of Enterprise Manager apart",
        description="Returns an object with `uuid`, in lower case, `entity`, the name of the "
        "API's type, and `restore_point_type`, `vm`, `replica` or `agent`. The last two are "
        "null when the UID does not say.",
    )

    def call(self, *arguments: Any) -> Any:
        """Return the parts."""
        (uid,) = arguments
        kind = uid.type.value if uid.type else None
        return {"uuid": uid.uuid, "entity": uid.entity, "restore_point_type": kind}
