"""The function `parse_uid`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.objects.identifiers import parse_uid
from terraform_provider_veeam.plugin.interfaces import Function, FunctionFailed
from terraform_provider_veeam.plugin.schema import FunctionSignature, Parameter, Return
from terraform_provider_veeam.plugin.types import Object, String

if TYPE_CHECKING:
    from collections.abc import Sequence


class ParseUid(Function):
    """`parse_uid("urn:veeam:VmRestorePoint:UUID")`."""

    @classmethod
    def get_signature(cls) -> FunctionSignature:
        """Return the parameters and the type of the result."""
        return FunctionSignature(
            parameters=[
                Parameter("uid", String(), "`urn:veeam:ENTITY:UUID`, or a UUID alone."),
            ],
            return_type=Return(
                Object({"entity": String(), "restore_point_type": String(), "uuid": String()})
            ),
            summary="Take a UID of Enterprise Manager apart",
            description="Returns an object with `uuid`, in lower case, `entity`, the name of the "
            "API's type, and `restore_point_type`, `vm`, `replica` or `agent`. The last two are "
            "null when the UID does not say.",
        )

    def call(self, arguments: Sequence[Any]) -> Any:
        """Return the parts. Raises FunctionFailed."""
        try:
            uid = parse_uid(arguments[0])
        except ValueError as error:
            raise FunctionFailed(str(error), 0) from error
        return {
            "uuid": uid.uuid,
            "entity": uid.entity,
            "restore_point_type": uid.type.value if uid.type else None,
        }
