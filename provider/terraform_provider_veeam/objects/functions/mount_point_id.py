"""The function `mount_point_id`."""

from typing import Any

from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.objects import checks, identifiers
from tfplugin.errors import FunctionFailed
from tfplugin.interfaces import Function
from tfplugin.schema import FunctionSignature, Parameter, Return
from tfplugin.types import Number, String

_LARGEST = 10**19  # has more digits than any id of a mount that can be taken apart again


def _number(value: float) -> int:
    """Return a whole number. Raises ValueError."""
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
