"""The resource `veeam_mount_point`: a restore point, mounted for as long as Terraform wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam import handover
from terraform_provider_veeam.configured import OfProvider, manager_of, manager_or_defer
from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.errors import (
    MountIncomplete,
    NotFound,
    SessionExpired,
)
from terraform_provider_veeam.em.models import MountPoint, RestorePointRef, RestorePointType
from terraform_provider_veeam.identifiers import (
    format_mount_point_id,
    parse_mount_point_id,
    parse_uid,
)
from terraform_provider_veeam.keep_alive import starting as keep_alive
from terraform_provider_veeam.mount_point_form import (
    deadline_for,
    describe_restore_point,
    identity_of,
    results_of,
    validate_mount_point,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.types import Unknown
from terraform_provider_veeam.private_state import MountSession
from terraform_provider_veeam.resources.lost_session import disks_of, warn_of_lost_session
from terraform_provider_veeam.resources.mount_point_schema import (
    mount_point_identity,
    mount_point_schema,
)
from terraform_provider_veeam.resources.mount_session import (
    SessionGone,
    confirm_gone,
    find_session,
    keep_own_session,
)
from terraform_provider_veeam.restore_point_form import restore_point_of

if TYPE_CHECKING:
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.em.waiting import Deadline
    from terraform_provider_veeam.plugin.interfaces import (
        Context,
        CreateContext,
        DeleteContext,
        IdentitySchema,
        ImportContext,
        PlanContext,
        ReadContext,
        State,
        UpdateContext,
        ValidateContext,
    )
    from terraform_provider_veeam.plugin.schema import Schema


class MountPointResource(OfProvider, interfaces.Resource):
    """`veeam_mount_point`, bound to the logon session that made it."""

    @classmethod
    def get_name(cls) -> str:
        """Return the name after the provider's prefix."""
        return "mount_point"

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the resource."""
        return mount_point_schema()

    @classmethod
    def get_identity_schema(cls) -> IdentitySchema:
        """Return the schema of the resource's identity."""
        return mount_point_identity()

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server; values not known yet are passed over."""
        validate_mount_point(ctx, config)

    def plan(self, ctx: PlanContext, current: State | None, planned: State | None) -> State | None:
        """Look up what a create will mount, so that a wrong id fails now and a plan reads well."""
        if self._provider.manager is None and ctx.client_can_defer:
            ctx.defer()
        elif current is None and planned is not None:
            ctx.private = ctx.private or self._provider.read_sessions.to_private()
            describe_restore_point(self._provider, ctx, planned)
        return planned

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        """Mount the restore point. A mount that could not be read is returned with the error."""
        manager = manager_of(self._provider)
        if planned["restore_point_name"] is Unknown:
            describe_restore_point(self._provider, ctx, planned)
            if ctx.diagnostics.has_errors():
                return None
        restore_point = restore_point_of(planned)
        name = planned["restore_point_name"] or restore_point.id
        deadline = deadline_for(
            self._provider, ctx, planned, "create", f"Mounting restore point {name}"
        )
        try:
            mounted = manager.mount(restore_point, planned["os_kind"], deadline)
        except MountIncomplete as error:
            ctx.diagnostics.add_error(
                error.summary,
                f"{error.detail}\nIt is in the state, as tainted: the next apply replaces it, a "
                "destroy unmounts it.",
            )
            mounted = error.mounted
        state = _record(ctx, manager, planned, mounted.session, mounted.mount_point)
        if planned["keep_alive"] is not None:
            _hold(ctx, manager, planned, mounted.session, mounted.mount_point.href)
        return state

    def read(self, ctx: ReadContext, current: State) -> State | None:
        """Read the mount point in its own session; None, with a warning, when it is gone."""
        manager = self._provider.manager
        if manager is None:
            if ctx.client_can_defer:
                ctx.defer()
            return current
        restore_point, mount_id = restore_point_of(current), int(current["mount_id"])
        deadline = deadline_for(
            self._provider, ctx, current, "read", f"Reading mount point {current['id']}"
        )
        try:
            session = find_session(manager, ctx, current, deadline)
            try:
                mount_point = manager.mount_point(
                    session, restore_point, mount_id, deadline, href=current["href"]
                )
            except SessionExpired as error:
                confirm_gone(manager, session, error, deadline)
                raise SessionGone from error
        except SessionGone:
            self._warn_of_loss(ctx, current, deadline, "Terraform drops it from the state.")
            return None
        except NotFound:
            ctx.diagnostics.add_warning(
                f"Mount point {current['id']} is gone",
                "Its logon session lives, but no longer has it: somebody unmounted it without "
                "Terraform, which drops it from the state.",
            )
            return None
        if current["restore_point_name"] is None:
            describe_restore_point(self._provider, ctx, current)
        kept = MountSession(manager.base_url, session)
        handover.leave(kept)
        state = _record(ctx, manager, current, session, mount_point)
        self._provider.read_sessions.add(state, kept)
        return state

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State:
        """Take over new timeouts, and hold the session for a new time; the rest replaces."""
        if planned["keep_alive"] != current["keep_alive"]:
            manager = manager_of(self._provider)
            deadline = deadline_for(
                self._provider, ctx, current, "read", f"Holding {current['id']}"
            )
            try:
                session = find_session(manager, ctx, current, deadline)
            except SessionGone:
                self._warn_of_loss(ctx, current, deadline, "There is nothing left to hold.")
                return planned
            if planned["keep_alive"] is None:
                keep_alive.release(session, (current["href"],))
            else:
                _hold(ctx, manager, planned, session, current["href"])
        return planned

    def delete(self, ctx: DeleteContext, current: State) -> None:
        """Unmount, in the mount's own session; a mount that is gone already is no error."""
        keep_own_session(ctx, current)
        manager = manager_of(self._provider)
        restore_point, mount_id = restore_point_of(current), int(current["mount_id"])
        deadline = deadline_for(
            self._provider, ctx, current, "delete", f"Unmounting {current['id']}"
        )
        try:
            session = find_session(manager, ctx, current, deadline)
            try:
                manager.unmount(session, restore_point, mount_id, deadline, href=current["href"])
            except SessionExpired as error:
                confirm_gone(manager, session, error, deadline)
                raise SessionGone from error
            finally:
                keep_alive.check(session)
        except SessionGone:
            self._warn_of_loss(ctx, current, deadline, "There was nothing left to unmount.")

    def import_(self, ctx: ImportContext, id: str) -> State | None:  # noqa: A002 - tf's name
        """Take over a mount point of the session whose token the provider was given."""
        manager = manager_or_defer(self._provider, ctx)
        if manager is None:
            return None
        try:
            restore_point, mount_id = _imported(id, ctx.identity)
        except ValueError as error:
            ctx.diagnostics.add_error("Invalid import id", str(error))
            return None
        id = format_mount_point_id(restore_point, mount_id)  # noqa: A001 - tf's name
        if not manager.session_is_borrowed:
            ctx.diagnostics.add_error(
                "Import needs the logon session of the mount point",
                "A mount point can only be reached in the logon session that made it. Set "
                "session_token in the provider block (or VEEAM_EM_SESSION_TOKEN) to the token of "
                "that session, and leave out username and password.",
            )
            return None
        state: State = dict.fromkeys(attribute.name for attribute in self.get_schema().attributes)
        state |= {
            "restore_point_id": restore_point.id,
            "restore_point_type": restore_point.type.value,
            "timeouts": None,
        }
        deadline = deadline_for(self._provider, ctx, state, "read", f"Reading mount point {id}")
        session = manager.session(deadline)
        wanted = (ctx.identity or {}).get("session_id")
        if wanted and session.session_id and wanted != session.session_id:
            ctx.diagnostics.add_error(
                "The mount point belongs to another logon session",
                f"The identity names logon session {wanted}, but session_token is that of "
                f"{session.session_id}, where the same number may be another mount point. Set the "
                "token of the session that is named.",
            )
            return None
        try:
            mount_point = manager.mount_point(session, restore_point, mount_id, deadline)
        except NotFound as error:
            ctx.diagnostics.add_error(
                "Mount point not found",
                f"{error.detail}\nThe session of this session_token has no such mount point.",
            )
            return None
        return _record(ctx, manager, state, session, mount_point)

    def _warn_of_loss(
        self, ctx: Context, state: State, deadline: Deadline, consequence: str
    ) -> None:
        disks = disks_of(manager_of(self._provider), restore_point_of(state), deadline)
        warn_of_lost_session(ctx, state, consequence, disks)


def _record(
    ctx: CreateContext | ReadContext | ImportContext,
    manager: EnterpriseManager,
    state: State,
    session: LogonSession,
    mount_point: MountPoint,
) -> State:
    """Return the state with what the server told, and keep the session in private state."""
    ctx.private = MountSession(manager.base_url, session).to_private()
    ctx.identity = identity_of(session, mount_point)
    return state | results_of(session, mount_point)


def _hold(
    ctx: CreateContext | UpdateContext,
    manager: EnterpriseManager,
    state: State,
    session: LogonSession,
    href: str,
) -> None:
    """Have the session held open for as long as keep_alive says; a failure is no error."""
    try:
        seconds = parse_duration(state["keep_alive"])
        keep_alive.hold(manager.settings, session, (href,), seconds)
    except Exception as error:  # noqa: BLE001 - the mount is there: nothing here may lose it
        ctx.diagnostics.add_warning(
            "The logon session can't be held open",
            f"The process that keep_alive asks for did not start: {error}. Without it the mount "
            "point lives until its logon session has been idle for 15 minutes. In a pipeline: "
            "terraform state pull | terraform-provider-veeam keep-alive --for 4h",
            path=["keep_alive"],
        )


def _imported(text: str, identity: State | None) -> tuple[RestorePointRef, int]:
    """Return what is to be imported, by its id or its identity. Raises ValueError."""
    if not text and identity:
        kind = identity["restore_point_type"] or RestorePointType.VM
        text = f"{kind}/{parse_uid(identity['restore_point_id']).uuid}/{identity['mount_id']}"
    return parse_mount_point_id(text)
