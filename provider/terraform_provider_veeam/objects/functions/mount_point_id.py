"""The function `mount_point_id`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.objects.identifiers import format_mount_point_id, parse_uid
from terraform_provider_veeam.plugin.interfaces import Function, FunctionFailed
from terraform_provider_veeam.plugin.schema import FunctionSignature, Parameter, Return
from terraform_provider_veeam.plugin.types import Number, String

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGEST = 10**19  # has more digits than any id of a mount that can be taken apart again


class MountPointId(Function):
    """`mount_point_id("vm", "UUID", 1)`."""

    @classmethod
    def get_signature(cls) -> FunctionSignature:
        """Return the parameters and the type of the result."""
        return FunctionSignature(
            parameters=[
                Parameter("restore_point_type", String(), "`vm`, `replica` or `agent`."),
                Parameter("restore_point_id", String(), "UUID of the restore point, or its URN."),
                Parameter("mount_id", Number(), "Number of the mount in its logon session."),
            ],
            return_type=Return(String()),
            summary="Make the id of a mount point, as for import",
            description="Returns `TYPE/RESTORE_POINT_UUID/MOUNT_ID`.",
        )

    def call(self, arguments: Sequence[Any]) -> Any:
        """Return the id. Raises FunctionFailed."""
        kind, restore_point_id, mount_id = arguments
        if kind not in list(RestorePointType):
            types = ", ".join(f'"{known}"' for known in RestorePointType)
            raise FunctionFailed(f'"{kind}" is not one of {types}.', 0)
        try:
            uid = parse_uid(restore_point_id)
        except ValueError as error:
            raise FunctionFailed(str(error), 1) from error
        if uid.type is not None and uid.type != kind:
            raise FunctionFailed(f'It names a {uid.entity}: the type is "{uid.type}".', 1)
        if not 1 <= mount_id < _LARGEST or mount_id != int(mount_id):
            raise FunctionFailed(f"{mount_id} is not a whole number greater than 0.", 2)
        return format_mount_point_id(
            RestorePointRef(RestorePointType(kind), uid.uuid), int(mount_id)
        )
