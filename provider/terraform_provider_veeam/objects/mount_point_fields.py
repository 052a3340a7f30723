"""What a managed and an ephemeral mount point have in common: their attributes and values."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.errors import (
    AccessDenied,
    NotFound,
    RestorePointGone,
)
from terraform_provider_veeam.em.models import MountPoint, RestorePointType
from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.identifiers import format_mount_point_id
from terraform_provider_veeam.objects.restore_point_fields import (
    REPLACES,
    not_one_of,
    refuse,
    restore_point_inputs,
    restore_point_of,
    validate_restore_point,
)
from terraform_provider_veeam.plugin.interfaces import SingleNestedBlock, computed
from terraform_provider_veeam.plugin.schema import Attribute, Block
from terraform_provider_veeam.plugin.types import List, Number, String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.models import LogonSession, Mounted, RestorePointRef
    from terraform_provider_veeam.plugin.interfaces import Context, State, ValidateContext
    from terraform_provider_veeam.plugin.schema import NestedBlock

log = logging.getLogger(__name__)

OS_KINDS = ("Windows", "Linux")
DEFAULT_TIMEOUTS = {"create": "30m", "read": "2m", "delete": "10m"}


def inputs(*, replaces: bool = False) -> list[Attribute]:
    """Return what a user writes; with `replaces`, a change replaces the mount."""
    return [
        *restore_point_inputs(told=True, replaces=replaces),
        Attribute(
            "os_kind",
            String(),
            "Operating system in the backup, `Windows` or `Linux`. Without it Enterprise Manager "
            "assumes Windows. Not for an agent's restore point, for which its API has no such "
            f"choice.{REPLACES if replaces else ''}",
            optional=True,
        ),
    ]


def own_results() -> list[Attribute]:
    """Return the attributes of the mount point itself, which `results_of` fills in."""
    return [
        computed("id", String(), "`TYPE/RESTORE_POINT_UUID/MOUNT_ID`, as for import."),
        computed("mount_id", Number(), "Number of the mount in its logon session."),
        computed("href", String(), "Path of the mount point below `/api`."),
        computed(
            "session_fingerprint",
            String(),
            "Tells the logon session that the mount point lives in from others, and gives no "
            "access to it: the first 16 hexadecimal digits of SHA-256 over its token.",
        ),
        computed(
            "file_system_roots",
            List(String()),
            "Volumes found in the backup, like `C:`: where paths in it begin.",
        ),
    ]


def results() -> list[Attribute]:
    """Return all attributes that the server fills in."""
    return [
        *own_results(),
        computed(
            "restore_point_name",
            String(),
            "Name of the restore point, as Enterprise Manager shows it; known at plan.",
        ),
        computed(
            "restore_point_created_at",
            String(),
            "When the restore point was created, RFC 3339 in UTC; known at plan.",
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
                _timeout(
                    "read", "look the restore point up, and to read the mount point in a plan"
                ),
                _timeout("delete", "unmount it"),
            ],
        ),
    )


def validate_mount_point(ctx: ValidateContext, config: State) -> None:
    """Check what can be checked without the server; values not known yet are passed over."""
    validate_restore_point(ctx, config)
    os_kind = _known(config["os_kind"])
    if os_kind is not None and os_kind not in OS_KINDS:
        refuse(ctx, "os_kind", not_one_of(os_kind, OS_KINDS))
    elif os_kind is not None and config["restore_point_type"] == RestorePointType.AGENT:
        refuse(
            ctx,
            "os_kind",
            "Enterprise Manager's API takes no operating system for an agent's restore point: it "
            "finds out by itself. Remove os_kind.",
        )
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
        refuse(ctx, "keep_alive", str(error))


def _known(value: Any) -> Any:
    return None if value is Unknown else value


def _timeout(step: str, what: str) -> Attribute:
    return Attribute(
        step,
        String(),
        f"Longest time to {what}. Default `{DEFAULT_TIMEOUTS[step]}`.",
        optional=True,
    )


class MountPointObject(VeeamObject):
    """An object that mounts, with a block `timeouts`."""

    def timeout(self, ctx: Context, state: State, step: str, operation: str) -> Deadline:
        """Return the deadline that the block's timeouts set for a step."""
        written = _known(state.get("timeouts")) or {}
        seconds = parse_duration(_known(written.get(step)) or DEFAULT_TIMEOUTS[step])
        return self.deadline(ctx, seconds, operation, f"timeouts.{step}")

    def describe_restore_point(self, ctx: Context, state: State) -> None:
        """Fill in the restore point's name and age, as far as they can be known now."""
        ids = state["restore_point_id"], state["restore_point_type"]
        if not self._provider.is_configured or Unknown in ids:
            return
        ref = restore_point_of(state)
        deadline = self.timeout(ctx, state, "read", f"Looking up restore point {ref.id}")
        try:
            found = self.manager.restore_point(ref, deadline)
        except AccessDenied as error:
            # Not everybody who may mount may read: a File Restore Operator an agent's point.
            log.info("the restore point can't be looked up: %s", error.detail)
            state["restore_point_name"] = state["restore_point_created_at"] = None
            return
        except RestorePointGone as error:
            self.report_missing(ctx, ref, error, deadline)
            return
        state["restore_point_name"] = found.name
        state["restore_point_created_at"] = found.created_at

    def report_missing(
        self,
        ctx: Context,
        ref: RestorePointRef,
        error: RestorePointGone | NotFound,
        deadline: Deadline,
    ) -> None:
        """Report a restore point that is not there, or is one of another family."""
        found = self.manager.in_another_family(ref, deadline)
        if found is not None:
            ctx.diagnostics.add_error(
                "The restore point is of another family",
                f"{error.detail}\n{ref.id} is {printable(found.name or 'a restore point')} of type "
                f'"{found.ref.type}": write restore_point_type = "{found.ref.type}".',
                path=["restore_point_type"],
            )
            return
        ctx.diagnostics.add_error(
            "Restore point not found",
            f'{error.detail}\nThere is none of this id with restore_point_type = "{ref.type}", and '
            "none of another type that this account may read. Check the id; a restore point also "
            "goes when its retention is over.",
            path=["restore_point_id"],
        )

    def mount(
        self, ctx: Context, state: State, deadline: Deadline, *, outlives: bool = True
    ) -> Mounted | None:
        """Mount what the state names; None when there is no such restore point, as is reported.

        Raises MountIncomplete and what else a mount raises.
        """
        ref = restore_point_of(state)
        try:
            return self.manager.mount(ref, state["os_kind"], deadline, outlives=outlives)
        except (RestorePointGone, NotFound) as error:
            is_gone = isinstance(error, RestorePointGone)
            if not is_gone and self.manager.in_another_family(ref, deadline) is None:
                raise
            self.report_missing(ctx, ref, error, deadline)
            return None


def results_of(session: LogonSession, mount_point: MountPoint) -> State:
    """Return the values of a mount point's own attributes."""
    return {
        "id": format_mount_point_id(mount_point.restore_point, mount_point.mount_id),
        "mount_id": mount_point.mount_id,
        "href": mount_point.href,
        "session_fingerprint": session.fingerprint,
        "file_system_roots": list(mount_point.file_system_roots),
    }


def identity_of(session: LogonSession, mount_point: MountPoint) -> State:
    """Return the identity of a mount point, which no other has."""
    return {
        "restore_point_type": mount_point.restore_point.type.value,
        "restore_point_id": mount_point.restore_point.id,
        "mount_id": mount_point.mount_id,
        "session_fingerprint": session.fingerprint,
    }
