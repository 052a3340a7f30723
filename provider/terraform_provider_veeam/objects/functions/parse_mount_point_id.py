"""The function `parse_mount_point_id`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.objects.identifiers import parse_mount_point_id
from terraform_provider_veeam.plugin.interfaces import Function, FunctionFailed
from terraform_provider_veeam.plugin.schema import FunctionSignature, Parameter, Return
from terraform_provider_veeam.plugin.types import Number, Object, String

if TYPE_CHECKING:
    from collections.abc import Sequence


class ParseMountPointId(Function):
    """`parse_mount_point_id("vm/UUID/1")`."""

    @classmethod
    def get_signature(cls) -> FunctionSignature:
        """Return the parameters and the type of the result."""
        return FunctionSignature(
            parameters=[
                Parameter("id", String(), "`[TYPE/]RESTORE_POINT_UUID/MOUNT_ID`."),
            ],
            return_type=Return(
                Object(
                    {
                        "restore_point_type": String(),
                        "restore_point_id": String(),
                        "mount_id": Number(),
                    }
                )
            ),
            summary="Take the id of a mount point apart",
            description="Returns an object with `restore_point_type`, `restore_point_id` and "
            "`mount_id`. Without a type it is `vm`.",
        )

    def call(self, arguments: Sequence[Any]) -> Any:
        """Return the parts. Raises FunctionFailed."""
        try:
            restore_point, mount_id = parse_mount_point_id(arguments[0])
        except ValueError as error:
            raise FunctionFailed(str(error), 0) from error
        return {
            "restore_point_type": restore_point.type.value,
            "restore_point_id": restore_point.id,
            "mount_id": mount_id,
        }
