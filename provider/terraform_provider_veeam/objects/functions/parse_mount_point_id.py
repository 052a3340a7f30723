"""The function `parse_mount_point_id`."""

from typing import Any

from terraform_provider_veeam.objects.identifiers import parse_mount_point_id
from tfplugin.interfaces import Function
from tfplugin.schema import FunctionSignature, Parameter, Return
from tfplugin.types import Number, Object, String

_PARTS = {"restore_point_type": String(), "restore_point_id": String(), "mount_id": Number()}


class ParseMountPointId(Function):
    """`parse_mount_point_id("vm/UUID/1")`."""

    signature = FunctionSignature(
        parameters=[
            Parameter(
                "id", String(), "`[TYPE/]RESTORE_POINT_UUID/MOUNT_ID`.", parse_mount_point_id
            ),
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
