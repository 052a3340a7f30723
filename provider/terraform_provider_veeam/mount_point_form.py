"""What a managed and an ephemeral mount point have in common: their attributes and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tf.schema import Attribute, Block
from tf.types import List, Number, String, Unknown

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.errors import NotFound
from terraform_provider_veeam.em.models import MountPoint, RestorePointRef, RestorePointType
from terraform_provider_veeam.em.waiting import Deadline
from terraform_provider_veeam.identifiers import format_mount_point_id, parse_uid
from terraform_provider_veeam.plugin.interfaces import SingleNestedBlock

if TYPE_CHECKING:
    from tf.schema import NestedBlock

    from terraform_provider_veeam.configured import Configured
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.plugin.interfaces import Context, State, ValidateContext

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


def inputs() -> list[Attribute]:
    """Return what a user writes."""
    return [
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
    ]


def results() -> list[Attribute]:
    """Return what the server tells."""
    return [
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
    ]


def timeouts() -> NestedBlock:
    """Return the block `timeouts`."""
    return SingleNestedBlock(  # type: ignore[abstract]  # tf marks what nobody calls
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


def validate_mount_point(ctx: ValidateContext, config: State) -> None:
    """Check what can be checked without the server; values not known yet are passed over."""
    kind = _known(config["restore_point_type"])
    if kind is not None and kind not in list(RestorePointType):
        _refuse(ctx, "restore_point_type", _not_one_of(kind, RestorePointType))
    os_kind = _known(config["os_kind"])
    if os_kind is not None and os_kind not in OS_KINDS:
        _refuse(ctx, "os_kind", _not_one_of(os_kind, OS_KINDS))
    _validate_restore_point(ctx, _known(config["restore_point_id"]), config)
    _validate_keep_alive(ctx, _known(config.get("keep_alive")))
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


def restore_point_of(state: State) -> RestorePointRef:
    """Return the restore point that a block or a state names."""
    kind = RestorePointType(state["restore_point_type"] or RestorePointType.VM)
    return RestorePointRef(kind, parse_uid(state["restore_point_id"]).uuid)


def deadline_for(
    provider: Configured, ctx: Context, state: State, step: str, operation: str
) -> Deadline:
    """Return the bound that the block's timeouts set for a step."""
    written = state.get("timeouts") or {}
    return Deadline(
        operation=operation,
        seconds=parse_duration(written.get(step) or DEFAULT_TIMEOUTS[step]),
        stop=ctx.stop,
        clock=provider.clock,
        setting=f"timeouts.{step}",
    )


def describe_restore_point(provider: Configured, ctx: Context, state: State) -> None:
    """Fill in the restore point's name and age, as far as they can be known now."""
    manager = provider.manager
    if manager is None or any(
        state[name] is Unknown for name in ("restore_point_id", "restore_point_type")
    ):
        return
    restore_point = restore_point_of(state)
    deadline = deadline_for(
        provider, ctx, state, "read", f"Looking up restore point {restore_point.id}"
    )
    try:
        found = manager.restore_point(restore_point, deadline)
    except NotFound as error:
        others = " or ".join(f'"{t}"' for t in RestorePointType if t != restore_point.type)
        ctx.diagnostics.add_error(
            "Restore point not found",
            f"{error.detail}\nCheck the id, and restore_point_type: it is "
            f'"{restore_point.type}" here, and could be {others}. '
            "A restore point also goes when its retention is over.",
            path=["restore_point_id"],
        )
        return
    state["restore_point_name"] = found.name
    state["restore_point_created_at"] = found.created_at


def results_of(session: LogonSession, mount_point: MountPoint) -> State:
    """Return what a mount point's own attributes are."""
    return {
        "id": format_mount_point_id(mount_point.restore_point, mount_point.mount_id),
        "mount_id": mount_point.mount_id,
        "href": mount_point.href,
        "session_id": session.session_id,
        "file_system_roots": list(mount_point.file_system_roots),
    }
