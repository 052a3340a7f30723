"""What a managed and an ephemeral mount point have in common: their attributes and values."""

import logging
from typing import Any

from terraform_provider_veeam.em import models
from terraform_provider_veeam.em.errors import AccessDenied, NotFound, RestorePointGone
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import checks, identifiers
from terraform_provider_veeam.objects.base import Context, Deadline, State, VeeamObject
from tfplugin import attribute, types
from tfplugin.attribute import Attribute
from tfplugin.errors import Refused

log = logging.getLogger(__name__)

_REPLACES = " A change forces replacement."

FAMILY = checks.one_of(models.RestorePointType)


def restore_point_inputs(*, computes: bool = False, replaces: bool = False) -> list[Attribute]:
    """Return what names a restore point; with `computes` its type is a result too."""
    default: dict[str, Any] = (
        {"computed": True, "default": models.RestorePointType.VM.value} if computes else {}
    )
    note = _REPLACES if replaces else ""
    return [
        attribute.required(
            "restore_point_id",
            f"UUID of the restore point, or its URN, `urn:veeam:VmRestorePoint:UUID`.{note}",
            identifiers.UuidOrUrn(),
            check=identifiers.restore_point_uid,
            requires_replace=replaces,
        ),
        attribute.optional(
            "restore_point_type",
            f"Family of the restore point: `vm` (default), `replica` or `agent`.{note}",
            check=FAMILY,
            fallback=models.RestorePointType.VM,
            requires_replace=replaces,
            **default,
        ),
    ]


class RestorePointObject(VeeamObject):
    """An object that names a restore point."""

    def validate(self, ctx: Context, config: State) -> None:
        """Check that a URN is of the family that is written."""
        uid, kind = config["restore_point_id"], config["restore_point_type"]
        if (
            uid not in (None, types.Unknown)
            and kind is not types.Unknown
            and uid.type not in (None, kind)
        ):
            ctx.diagnostics.add_error(
                "Invalid restore_point_type",
                f"restore_point_id is the URN of a {uid.entity}: write "
                f'restore_point_type = "{uid.type}".',
                path=["restore_point_type"],
            )


def restore_point_of(state: State) -> models.RestorePointRef:
    """Return the restore point that a block or a state names."""
    return models.RestorePointRef(state["restore_point_type"], state["restore_point_id"].uuid)


def inputs(*, replaces: bool = False) -> list[Attribute]:
    """Return what a user writes; with `replaces`, a change replaces the mount."""
    return [
        *restore_point_inputs(computes=True, replaces=replaces),
        attribute.optional(
            "os_kind",
            "Operating system in the backup, `Windows` or `Linux`. Without it Enterprise Manager "
            "assumes Windows. Not for an agent's restore point, for which its API has no such "
            f"choice.{_REPLACES if replaces else ''}",
            check=checks.one_of(("Windows", "Linux")),
        ),
    ]


OWN_RESULTS = (
    attribute.computed("id", "`TYPE/RESTORE_POINT_UUID/MOUNT_ID`, as for import."),
    attribute.computed("mount_id", "Number of the mount in its logon session.", types.Number()),
    attribute.computed("href", "Path of the mount point below `/api`."),
    attribute.computed(
        "session_fingerprint",
        "Tells the logon session that the mount point lives in from others, and gives no "
        "access to it: the first 16 hexadecimal digits of SHA-256 over its token.",
    ),
    attribute.computed(
        "file_system_roots",
        "Volumes found in the backup, like `C:`: where paths in it begin.",
        types.List(types.String()),
    ),
)

RESULTS = (
    *OWN_RESULTS,
    attribute.computed(
        "restore_point_name",
        "Name of the restore point, as Enterprise Manager shows it; known at plan.",
    ),
    attribute.computed(
        "restore_point_created_at",
        "When the restore point was created, RFC 3339 in UTC; known at plan.",
    ),
)


class MountPointObject(RestorePointObject):
    """An object that mounts."""

    def validate(self, ctx: Context, config: State) -> None:
        """Check that the restore point is of the family that is written, and os_kind is for it."""
        super().validate(ctx, config)
        is_agent = config["restore_point_type"] == models.RestorePointType.AGENT
        if is_agent and config["os_kind"] not in (None, types.Unknown):
            ctx.diagnostics.add_error(
                "Invalid os_kind",
                "Enterprise Manager's API takes no operating system for an agent's restore point: "
                "it finds out by itself. Remove os_kind.",
                path=["os_kind"],
            )

    def describe_restore_point(
        self, ctx: Context, state: State, call: str = "read", *, for_apply: bool = False
    ) -> State:
        """Return the restore point's name and age, as far as they can be known now. Raises Refused.

        `call` bounds it. With `for_apply` the apply has what the plan has found.
        """
        ids = state["restore_point_id"], state["restore_point_type"]
        if not self._provider.is_configured or types.Unknown in ids:
            return {}
        ref = restore_point_of(state)
        deadline = self.deadline_for(ctx, call, state, f"Looking up restore point {ref.id}")
        name = created_at = None
        if for_apply and (planned := self._registry.found_by_plan(self.em.account, ref.path)):
            name, created_at = planned
            return {"restore_point_name": name, "restore_point_created_at": created_at}
        try:
            found = self.em.restore_points.get(ref, deadline)
            name, created_at = found.name, found.created_at
            if for_apply and found.is_complete:
                self._registry.remember_found(ref.path, name, created_at)
            if not found.is_complete:
                ctx.diagnostics.add_warning(
                    "The restore point seems to be still being written",
                    "Enterprise Manager shows no way to mount or restore "
                    f"{printable(name or ref.id)} yet, as while its job is writing it. Mount it "
                    "when the job is done, or take the one before it.",
                    path=["restore_point_id"],
                )
        except AccessDenied as error:
            # Not everybody who may mount may read: a File Restore Operator an agent's point.
            log.info("the restore point can't be looked up: %s", error.detail)
        except RestorePointGone as error:
            raise _missing(ref, error, self.em.suggestions.restore_point(ref, deadline)) from error
        return {"restore_point_name": name, "restore_point_created_at": created_at}

    def mount(self, state: State, deadline: Deadline, *, outlives: bool = True) -> models.Mounted:
        """Mount what the state names. Raises Refused, and what else a mount raises."""
        ref = restore_point_of(state)
        try:
            return self.em.mounts.create(ref, state["os_kind"], deadline, outlives=outlives)
        except (RestorePointGone, NotFound) as error:
            there = self.em.suggestions.restore_point(ref, deadline)
            if there is None and not isinstance(error, RestorePointGone):
                raise
            raise _missing(ref, error, there) from error


def _missing(
    ref: models.RestorePointRef,
    error: RestorePointGone | NotFound,
    there: models.RestorePoint | None,
) -> Refused:
    if there is not None:
        return Refused(
            "The restore point is of another family",
            f"{error.detail}\n{ref.id} is {printable(there.name or 'a restore point')} of type "
            f'"{there.ref.type}": write restore_point_type = "{there.ref.type}".',
            path=["restore_point_type"],
        )
    return Refused(
        "Restore point not found",
        f'{error.detail}\nThere is none of this id with restore_point_type = "{ref.type}", and '
        "none of another type that this account may read. Check the id; a restore point also "
        "goes when its retention is over.",
        path=["restore_point_id"],
    )


def results_of(session: models.LogonSession, mount_point: models.MountPoint) -> State:
    """Return the values of a mount point's own attributes."""
    return {
        "id": identifiers.format_mount_point_id(mount_point.restore_point, mount_point.mount_id),
        "mount_id": mount_point.mount_id,
        "href": mount_point.href,
        "session_fingerprint": session.fingerprint,
        "file_system_roots": list(mount_point.file_system_roots),
    }


def identity_of(session: models.LogonSession, mount_point: models.MountPoint) -> State:
    """Return the identity of a mount point, which no other has."""
    return {
        "restore_point_type": mount_point.restore_point.type.value,
        "restore_point_id": mount_point.restore_point.id,
        "mount_id": mount_point.mount_id,
        "session_fingerprint": session.fingerprint,
    }
