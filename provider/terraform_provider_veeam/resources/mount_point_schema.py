"""The schema of `veeam_mount_point`, and what can be checked of a block without the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tf.schema import Attribute, Block, Schema
from tf.types import List, Number, String, Unknown

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.identifiers import parse_uid
from terraform_provider_veeam.plugin.interfaces import (
    IdentityAttribute,
    IdentitySchema,
    SingleNestedBlock,
)

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import State, ValidateContext

OS_KINDS = ("Windows", "Linux")
DEFAULT_TIMEOUTS = {"create": "30m", "read": "2m", "delete": "10m"}


class RestorePointId(String):
    """A restore point's UUID, alone or in a URN: both spellings mean the same."""

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        """Compare by the UUID."""
        try:
            return parse_uid(a_decoded).uuid == parse_uid(b_decoded).uuid
        except (ValueError, AttributeError):
            return bool(a_decoded == b_decoded)


def mount_point_schema() -> Schema:
    """Return the schema of the resource."""
    return Schema(
        version=0,
        description="Mounts a restore point on its backup server and unmounts it when "
        "destroyed. A mount point lives only inside the logon session that made it, and "
        "Enterprise Manager ends a session after 15 idle minutes.",
        attributes=[
            Attribute(
                "restore_point_id",
                RestorePointId(),
                "UUID of the restore point; the form `urn:veeam:VmRestorePoint:UUID` does too.",
                required=True,
                requires_replace=True,
            ),
            Attribute(
                "restore_point_type",
                String(),
                "Family of the restore point: `vm` (default), `replica` or `agent`.",
                optional=True,
                computed=True,
                default=RestorePointType.VM.value,
                requires_replace=True,
            ),
            Attribute(
                "os_kind",
                String(),
                "Operating system in the backup, `Windows` or `Linux`. Enterprise Manager "
                "takes Windows when nothing is said.",
                optional=True,
                requires_replace=True,
            ),
            Attribute(
                "keep_alive",
                String(),
                "How long after the apply the logon session is held open, like `4h`. A small "
                "process of this machine reads the mount point at a third of the idle limit; "
                "`terraform-provider-veeam keep-alive list` shows it. Without it the mount point "
                "is gone after 15 idle minutes.",
                optional=True,
            ),
            _computed("id", String(), "`TYPE/RESTORE_POINT_UUID/MOUNT_ID`, as for import."),
            _computed("mount_id", Number(), "Number of the mount in its logon session."),
            _computed("href", String(), "Path of the mount point below `/api`."),
            _computed(
                "session_id",
                String(),
                "Id of the logon session that the mount point lives in; not its token.",
            ),
            _computed(
                "restore_point_name",
                String(),
                "Name of the restore point, as Enterprise Manager shows it; known at plan.",
            ),
            _computed(
                "restore_point_created_at",
                String(),
                "When the restore point was created, RFC 3339 in UTC; known at plan.",
            ),
            _computed(
                "file_system_roots",
                List(String()),
                "Volumes found in the backup, like `C:`: where paths in it begin.",
            ),
        ],
        block_types=[
            SingleNestedBlock(  # type: ignore[abstract]  # tf marks what nobody calls
                "timeouts",
                Block(
                    description="How long the work on the server may take, like `90s` or `1h`.",
                    attributes=[
                        _timeout("create", "mount and read the mount point"),
                        _timeout("read", "read it in a plan"),
                        _timeout("delete", "unmount it"),
                    ],
                ),
            )
        ],
    )


def mount_point_identity() -> IdentitySchema:
    """Return the schema of the resource's identity."""
    return IdentitySchema(
        version=0,
        attributes=[
            IdentityAttribute("restore_point_type", String(), optional_for_import=True),
            IdentityAttribute("restore_point_id", String(), required_for_import=True),
            IdentityAttribute("mount_id", Number(), required_for_import=True),
            IdentityAttribute("session_id", String(), optional_for_import=True),
        ],
    )


def validate_mount_point(ctx: ValidateContext, config: State) -> None:
    """Check what can be checked without the server; values not known yet are passed over."""
    kind = _known(config["restore_point_type"])
    if kind is not None and kind not in list(RestorePointType):
        _refuse(ctx, "restore_point_type", _not_one_of(kind, RestorePointType))
    os_kind = _known(config["os_kind"])
    if os_kind is not None and os_kind not in OS_KINDS:
        _refuse(ctx, "os_kind", _not_one_of(os_kind, OS_KINDS))
    _validate_restore_point(ctx, _known(config["restore_point_id"]), config)
    _validate_keep_alive(ctx, _known(config["keep_alive"]))
    for name, text in (_known(config["timeouts"]) or {}).items():
        try:
            parse_duration(_known(text) or "1s")
        except ValueError as error:
            ctx.diagnostics.add_error(
                f"Invalid timeouts.{name}", str(error), path=["timeouts", name]
            )


def _validate_keep_alive(ctx: ValidateContext, text: str | None) -> None:
    if text is None:
        return
    try:
        parse_duration(text)
    except ValueError as error:
        _refuse(ctx, "keep_alive", str(error))


def _validate_restore_point(
    ctx: ValidateContext, restore_point_id: str | None, config: State
) -> None:
    if restore_point_id is None:
        return
    try:
        uid = parse_uid(restore_point_id)
    except ValueError as error:
        _refuse(ctx, "restore_point_id", str(error))
        return
    kind = config["restore_point_type"]
    if uid.entity and uid.type is None:
        names = ", ".join(t.entity for t in RestorePointType)
        _refuse(
            ctx,
            "restore_point_id",
            f"It names a {uid.entity}. What can be mounted is one of {names}.",
        )
    elif uid.type and kind is not Unknown and uid.type != (kind or RestorePointType.VM):
        _refuse(
            ctx,
            "restore_point_type",
            f'restore_point_id names a {uid.entity}: write restore_point_type = "{uid.type}".',
        )


def _known(value: Any) -> Any:
    return None if value is Unknown else value


def _refuse(ctx: ValidateContext, attribute: str, detail: str) -> None:
    ctx.diagnostics.add_error(f"Invalid {attribute}", detail, path=[attribute])


def _not_one_of(value: str, choices: Any) -> str:
    return f'"{value}" is not one of ' + ", ".join(f'"{choice}"' for choice in choices) + "."


def _computed(name: str, type_: Any, description: str) -> Attribute:
    return Attribute(name, type_, description, computed=True)


def _timeout(step: str, what: str) -> Attribute:
    return Attribute(
        step,
        String(),
        f"Longest time to {what}. Default `{DEFAULT_TIMEOUTS[step]}`.",
        optional=True,
    )
