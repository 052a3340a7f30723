"""The function `parse_uid`."""

from typing import Any

from terraform_provider_veeam.objects.identifiers import parse_uid
from tfplugin.interfaces import Function
from tfplugin.schema import FunctionSignature, Parameter, Return
from tfplugin.types import Object, String


class ParseUid(Function):
    """`parse_uid("urn:veeam:VmRestorePoint:UUID")`."""

    signature = FunctionSignature(
        parameters=[
            Parameter("uid", String(), "`urn:veeam:ENTITY:UUID`, or a UUID alone.", parse_uid),
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
