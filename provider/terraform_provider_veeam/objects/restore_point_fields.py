"""How a block says which restore point it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.objects.identifiers import UuidOrUrn, parse_uid
from terraform_provider_veeam.plugin.schema import Attribute
from terraform_provider_veeam.plugin.types import String, Unknown

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import State, ValidateContext


REPLACES = " A change forces replacement."
"""What the description of an attribute says when a change of it mounts anew."""


def restore_point_inputs(*, told: bool = False, replaces: bool = False) -> list[Attribute]:
    """Return what a user writes to name a restore point.

    With `told`, its type is a result too where it is not written; with `replaces`, a change of
    either replaces the object.
    """
    default: dict[str, Any] = (
        {"computed": True, "default": RestorePointType.VM.value} if told else {}
    )
    note = REPLACES if replaces else ""
    return [
        Attribute(
            "restore_point_id",
            UuidOrUrn(),
            f"UUID of the restore point, or its URN, `urn:veeam:VmRestorePoint:UUID`.{note}",
            required=True,
            requires_replace=replaces,
        ),
        Attribute(
            "restore_point_type",
            String(),
            f"Family of the restore point: `vm` (default), `replica` or `agent`.{note}",
            optional=True,
            requires_replace=replaces,
            **default,
        ),
    ]


def validate_restore_point(ctx: ValidateContext, config: State) -> None:
    """Check what can be checked without the server; values not known yet are passed over."""
    kind = config["restore_point_type"]
    if kind is not None and kind is not Unknown and kind not in list(RestorePointType):
        refuse(ctx, "restore_point_type", not_one_of(kind, RestorePointType))
        return
    restore_point_id = config["restore_point_id"]
    if restore_point_id is None or restore_point_id is Unknown:
        return
    try:
        uid = parse_uid(restore_point_id)
    except ValueError as error:
        refuse(ctx, "restore_point_id", str(error))
        return
    if uid.entity and uid.type is None:
        names = ", ".join(t.entity for t in RestorePointType)
        refuse(
            ctx,
            "restore_point_id",
            f"It names a {uid.entity}. What can be mounted is one of {names}.",
        )
    elif uid.type and kind is not Unknown and uid.type != (kind or RestorePointType.VM):
        refuse(
            ctx,
            "restore_point_type",
            f'restore_point_id names a {uid.entity}: write restore_point_type = "{uid.type}".',
        )


def restore_point_of(state: State) -> RestorePointRef:
    """Return the restore point that a block or a state names."""
    kind = RestorePointType(state["restore_point_type"] or RestorePointType.VM)
    return RestorePointRef(kind, parse_uid(state["restore_point_id"]).uuid)


def refuse(ctx: ValidateContext, attribute: str, detail: str) -> None:
    """Report an attribute whose value can't be used."""
    ctx.diagnostics.add_error(f"Invalid {attribute}", detail, path=[attribute])


def not_one_of(value: str, choices: Any) -> str:
    """Return the message for a value that is none of the choices."""
    return f'"{value}" is not one of ' + ", ".join(f'"{choice}"' for choice in choices) + "."
