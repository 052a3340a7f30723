"""The resource `veeam_mount_point`: a restore point, mounted until Terraform destroys it."""

from contextlib import suppress

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em import errors, models
from terraform_provider_veeam.keep_alive import start as keep_alive
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.mount_sessions.errors import check_server, disks_of, no_token
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.mount_sessions.sealed_session import seal, unseal
from terraform_provider_veeam.objects import identifiers, mount_points
from terraform_provider_veeam.objects.base import Deadline, Resource, State, block
from terraform_provider_veeam.objects.mounted import but_there_is
from tfplugin import contexts
from tfplugin.attribute import computed, flag, optional, required
from tfplugin.errors import Refused
from tfplugin.schema import Schema
from tfplugin.types import Number, Unknown

_HOLD_SECONDS = 90.0


class MountPointResource(mount_points.MountPointObject, Resource):
    """`veeam_mount_point`, bound to the logon session that made it."""

    schema = block(
        "Mounts a restore point on its backup server and unmounts it when "
        "destroyed. A mount point lives only inside the logon session that made it, and "
        f"Enterprise Manager ends a session that has been idle for {models.IDLE_LIMIT}.",
        *mount_points.inputs(replaces=True),
        optional(
            "keep_alive",
            "How long the logon session is held open after the apply, like `4h`. A small process "
            "on this machine, one for all mount points of a user, reads the mount point at a third "
            "of the idle limit; `terraform-provider-veeam keep-alive list` shows it. Without it "
            f"the mount point is gone when its session has been idle for {models.IDLE_LIMIT}.",
            check=parse_duration,
        ),
        flag(
            "seal_session",
            "Keep the logon session in `sealed_session` too, for plans that are applied on "
            "another machine. Default `false`.",
        ),
        *mount_points.RESULTS,
        computed(
            "sealed_session",
            "With `seal_session`, the logon session, encrypted with a key that is derived "
            "from the password (or `session_token`) of the provider block: whatever refers "
            "to the mount point, with the same credentials, finds its session in it. Anybody "
            "else can try passwords on it.",
            sensitive=True,
        ),
        create="30m",
        read="2m",
        update="2m",
        delete="10m",
    )
    id_parts = ("restore_point_type", "restore_point_id", "mount_id")
    parse_id = staticmethod(identifiers.parse_mount_point_id)
    identity_schema = Schema(
        attributes=[
            optional(
                "restore_point_type",
                "Family of the restore point: `vm` (default), `replica` or `agent`.",
            ),
            required("restore_point_id", "UUID of the restore point."),
            required("mount_id", "Number of the mount in its logon session.", Number()),
            optional(
                "session_fingerprint",
                "Fingerprint of the logon session; an import takes that of `session_token`.",
            ),
        ]
    )

    def look_ahead(self, ctx: contexts.PlanContext, planned: State) -> State:
        """Look up what a create will mount, so that a wrong id fails now and a plan reads well."""
        ctx.private = ctx.private or self._registry.carry()
        return self.describe_restore_point(ctx, planned, for_apply=True) | _sealing(planned)

    def find_replacements(self, ctx: contexts.PlanContext, current: State, planned: State) -> None:
        """Replace what was mounted for another operating system.

        A plan without a refresh has read nothing: what refers to the mount needs its session here.
        """
        if (record := SessionRecord.from_bytes(ctx.private)) is not None:
            self._registry.remember(record, for_apply=True)
        if planned["seal_session"] != current["seal_session"]:
            planned |= {"sealed_session": Unknown} | _sealing(planned)
        if _asks_for_another_os(ctx.private, current, planned):
            ctx.requires_replace.append(["os_kind"])

    def create(self, ctx: contexts.ResourceContext, planned: State) -> State:
        """Mount the restore point. A mount that could not be read is returned with the error."""
        em = self.em
        if planned["restore_point_name"] is Unknown:
            planned |= self.describe_restore_point(ctx, planned, "create")
        ref = mount_points.restore_point_of(planned)
        self._registry.forget_found(ref.path)
        name = printable(planned["restore_point_name"] or ref.id)
        deadline = self.deadline_for(ctx, "create", planned, f"Mounting restore point {name}")
        try:
            mounted = self.mount(planned, deadline)
        except errors.MountIncomplete as error:
            ctx.diagnostics.add_error(
                error.summary,
                f"{error.detail}\nIt is in the state, as tainted: the next apply replaces it, a "
                "destroy unmounts it.",
            )
            mounted = error.mounted
        record = SessionRecord(em.base_url, mounted.session, mounted.mount_point.href)
        state = self._keep(ctx, planned, record, mounted.mount_point)
        if self._registry.handover.is_passing(record.fingerprint):
            ctx.diagnostics.add_warning(
                f"Mount point {state['id']} is gone at the end of this command",
                f"It was made in logon session {record.fingerprint}, whose token comes from an "
                "ephemeral veeam_logon_session: the provider logs that session out at the end of "
                "the command, and its mount points end with it. Give the provider of this "
                "resource username and password, and the mount point gets a session of its own.",
            )
        if planned["keep_alive"] is not None and (trouble := self._keep_alive(ctx, state, record)):
            ctx.diagnostics.add_warning(*trouble, path=["keep_alive"])
        return state

    def refresh(self, ctx: contexts.ResourceContext, current: State) -> State | None:
        """Read the mount point in its own session; None, with a warning, when it is gone."""
        deadline = self.deadline_for(ctx, "read", current, f"Reading mount point {current['id']}")
        try:
            record = self._find_session(ctx, current, deadline)
            mount_point = self.em.mounts.get(
                record.session, mount_points.restore_point_of(current), record.href, deadline
            )
        except (errors.SessionGone, errors.MountGone) as error:
            consequence = "Terraform drops it from the state."
            ctx.diagnostics.add_warning(*self._loss(error, current, deadline, consequence))
            return None
        if current["restore_point_name"] is None:
            with suppress(Refused):  # what is mounted may be gone by now
                current |= self.describe_restore_point(ctx, current)
        return self._keep(ctx, current, record, mount_point, for_apply=True)

    def update(self, ctx: contexts.ResourceContext, current: State, planned: State) -> State | None:
        """Take over timeouts and what an import did not know, and hold for a new time."""
        record = SessionRecord.from_bytes(ctx.private)
        if record is not None and planned["os_kind"] is not None:
            ctx.private = record._replace(imported=False).to_bytes()
        if planned["sealed_session"] is Unknown:
            deadline = self.deadline_for(ctx, "read", planned, f"Sealing {current['id']}")
            record = self._find_session(ctx, current, deadline)
            planned["sealed_session"] = self._sealed(ctx, planned, record)
        if planned["keep_alive"] == current["keep_alive"]:
            return planned
        deadline = self.deadline_for(ctx, "update", planned, f"Holding {current['id']}")
        record = self._find_session(ctx, current, deadline)
        if planned["keep_alive"] is None:
            keep_alive.release(record.fingerprint, record.href)
            return planned
        try:
            self.em.mounts.get(
                record.session, mount_points.restore_point_of(current), record.href, deadline
            )
            trouble = self._keep_alive(ctx, planned, record)
        except (errors.SessionGone, errors.MountGone) as error:
            consequence = "Nothing is held. Apply again without -refresh=false to mount it anew."
            trouble = self._loss(error, current, deadline, consequence)
        if trouble:
            ctx.diagnostics.add_error(*trouble, path=["keep_alive"])
        return None if trouble else planned

    def delete(self, ctx: contexts.ResourceContext, current: State) -> None:
        """Unmount in the mount's own session, and end it; what is gone already is no error."""
        deadline = self.deadline_for(ctx, "delete", current, f"Unmounting {current['id']}")
        record = self._find_session(ctx, current, deadline)
        try:
            self.em.mounts.unmount(record.session, record.href, deadline)
        except errors.SessionGone as error:
            consequence = "There was nothing left to unmount."
            ctx.diagnostics.add_warning(*self._loss(error, current, deadline, consequence))
        self._registry.forget(record.fingerprint, record.href)
        self._provider.holder.release(record.fingerprint, record.href)
        keep_alive.release(record.fingerprint, record.href)

    def undo(self, ctx: contexts.ResourceContext, made: State) -> None:
        """Unmount, and end the mount's session whatever came of that: nobody else would."""
        try:
            self.delete(ctx, made)
        except errors.EnterpriseManagerError as error:
            deadline = self.deadline_for(ctx, "delete", made, f"Undoing the mount {made['id']}")
            session = self._find_session(ctx, made, deadline).session
            error.add(
                f"{made['href']} is in {session}. Enterprise Manager unmounts it when that session "
                f"has been idle for {models.IDLE_LIMIT}."
            )
            if session.borrowed or session.session_id is None:
                raise
            try:
                self.em.sessions.end(session, deadline)
            except errors.EnterpriseManagerError as failure:
                raise error from failure

    def take_over(
        self, ctx: contexts.ResourceContext, parent: models.RestorePointRef, own: int
    ) -> State:
        """Take over a mount point of the session whose token the provider was given."""
        em = self.em
        if not em.session_is_borrowed:
            raise Refused(
                "Import needs the logon session of the mount point",
                "A mount point can only be reached in the logon session that made it. Set "
                "session_token in the provider block (or VEEAM_EM_SESSION_TOKEN) to the token of "
                "that session, and leave out username and password.",
            )
        name = identifiers.format_mount_point_id(parent, own)
        deadline = self.deadline_for(ctx, "read", {}, f"Reading mount point {name}")
        session = em.sessions.browsing(deadline)
        wanted = (ctx.identity or {}).get("session_fingerprint")
        if wanted and wanted != session.fingerprint:
            raise Refused(
                "The mount point belongs to another logon session",
                f"The identity names logon session {wanted}, but session_token is that of "
                f"{session.fingerprint}, where the same number may be another mount point. Set "
                "the token of the session that is named.",
            )
        href = models.mount_href(parent, own, None)
        try:
            mount_point = em.mounts.get(session, parent, href, deadline)
        except errors.MountGone as error:
            there = but_there_is(em.suggestions.mount_points(session, parent.id, deadline))
            raise Refused(
                "Mount point not found",
                f"{error.detail}\nThe session of this session_token has no {name}{there}.",
            ) from error
        record = SessionRecord(em.base_url, session, href, imported=True)
        state = {"restore_point_id": parent.id, "restore_point_type": parent.type.value}
        return self._keep(ctx, state, record, mount_point)

    def _find_session(
        self, ctx: contexts.ResourceContext, state: State, deadline: Deadline
    ) -> SessionRecord:
        """Return the session that a mount was made in, and keep it in private state from now on.

        Raises SessionOutOfReach. Asks the server nothing, unless `url` has changed.
        """
        em = self.em
        fingerprint = state["session_fingerprint"]
        record = self._registry.find(fingerprint, em.base_url, ctx.private)
        if record is None:
            raise no_token()
        told = models.mount_href(
            mount_points.restore_point_of(state), int(state["mount_id"]), state["href"]
        )
        record = record._replace(href=told)
        ctx.private = record.to_bytes()
        check_server(em, record, deadline)
        return record

    def _keep(
        self,
        ctx: contexts.ResourceContext,
        state: State,
        record: SessionRecord,
        mount_point: models.MountPoint,
        *,
        for_apply: bool = False,
    ) -> State:
        """Keep the session in private state and hold it; return the state as the server told."""
        ctx.private = record.to_bytes()
        ctx.identity = mount_points.identity_of(record.session, mount_point)
        self._registry.remember(record, for_apply=for_apply)
        self._provider.holder.hold(record, self.em, state.get("restore_point_name") or "")
        found = mount_points.results_of(record.session, mount_point)
        return state | found | {"sealed_session": self._sealed(ctx, state, record)}

    def _sealed(
        self, ctx: contexts.ResourceContext, state: State, record: SessionRecord
    ) -> str | None:
        """Return the session, sealed anew for other credentials. Never raises: it is mounted."""
        if not state.get("seal_session"):
            return None
        settings, text = self.em.settings, state.get("sealed_session")
        try:
            there = unseal(text, settings) if isinstance(text, str) else None
            is_same = there is not None and there.session == record.session
            return text if is_same else seal(record, settings)
        except Exception as error:  # noqa: BLE001 - see above
            said = f"{error}\nA plan that is applied on another machine will not find it."
            ctx.diagnostics.add_warning(
                "The logon session can't be sealed", said, path=["seal_session"]
            )
            return None

    def _keep_alive(
        self, ctx: contexts.ResourceContext, state: State, record: SessionRecord
    ) -> tuple[str, str] | None:
        """Have the session held; return what to tell if it is not. Never raises: it is mounted."""
        try:
            deadline = self.deadline(ctx, _HOLD_SECONDS, "Waiting for the process that holds it")
            name = state["restore_point_name"] or ""
            keep_alive.hold(self.em.settings, record, state["keep_alive"], name, deadline)
        except (errors.Stopped, errors.DeadlinePassed) as error:
            said = (
                f"{error.summary}. Whether it holds logon session {record.fingerprint} by now, "
                "`terraform-provider-veeam keep-alive list` tells."
            )
        except Exception as error:  # noqa: BLE001 - see above
            said = f"The process that keep_alive asks for does not hold it: {error}"
        else:
            return None
        advice = (
            "A logon session that nobody holds ends when it has been idle for "
            f"{models.IDLE_LIMIT}, and its mount point with it. In a pipeline: "
            "terraform state pull | terraform-provider-veeam keep-alive --for 4h"
        )
        return "The logon session can't be held open", f"{said}\n{advice}"

    def _loss(
        self,
        gone: errors.SessionGone | errors.MountGone,
        state: State,
        deadline: Deadline,
        consequence: str,
    ) -> tuple[str, str]:
        summary = f"Mount point {state['id']} is gone"
        if isinstance(gone, errors.MountGone):
            return summary, (
                f"{gone.detail}\nIts logon session lives: it was unmounted without Terraform, or "
                f"by a destroy that did not come to its end. {consequence}"
            )
        name = printable(state["restore_point_name"] or state["restore_point_id"].uuid)
        disks = disks_of(self.em, mount_points.restore_point_of(state), deadline)
        return f"{summary}: its logon session has ended", (
            f"{gone.detail}\n{name} was mounted in it. A logon session ends when it has been idle "
            f"for {models.IDLE_LIMIT}, when it is logged out, as by a destroy with another copy of "
            "this state, and when Enterprise Manager is restarted; its mount points end with it. "
            f"{consequence}\n{disks}"
        )


def _sealing(planned: State) -> State:
    return {} if planned["seal_session"] else {"sealed_session": None}


def _asks_for_another_os(private: bytes, current: State, planned: State) -> bool:
    """Tell whether it was mounted for another operating system; null means Windows."""
    if planned["os_kind"] is Unknown:
        return True
    record = SessionRecord.from_bytes(private)
    if record is not None and record.imported:
        return False
    return (current["os_kind"] or models.DEFAULT_OS_KIND) != (
        planned["os_kind"] or models.DEFAULT_OS_KIND
    )
