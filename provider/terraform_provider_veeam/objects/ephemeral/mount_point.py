"""The ephemeral resource `veeam_mount_point`: mounted while Terraform runs, and no longer."""

import json

from terraform_provider_veeam.em.errors import EnterpriseManagerError, MountIncomplete, SessionGone
from terraform_provider_veeam.em.models import IDLE_LIMIT, Mounted
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.objects import mount_points
from terraform_provider_veeam.objects.base import Deadline, EphemeralResource, State, block
from tfplugin.attribute import computed
from tfplugin.contexts import EphemeralContext
from tfplugin.errors import Refused


class MountPointEphemeral(mount_points.MountPointObject, EphemeralResource):
    """`veeam_mount_point`, in a logon session that ends with it."""

    schema = block(
        "Mounts a restore point while Terraform runs. It is unmounted at the end "
        "of the command, also after an error or Ctrl-C, and is in no state and no plan. "
        "Terraform opens it during plan too, and then again during apply.",
        *mount_points.inputs(),
        *mount_points.RESULTS,
        computed(
            "session_token",
            "Token of the logon session that the mount point lives in, for scripts that "
            "fetch files: send it as the header `X-RestSvcSessionId`.",
            sensitive=True,
        ),
        open="30m",
        delete="2m",
    )

    def make(self, ctx: EphemeralContext, config: State) -> State:
        """Mount. If the mount point can't be read, it is unmounted again."""
        restore_point = mount_points.restore_point_of(config)
        with self.looking_up():
            found = self.describe_restore_point(ctx, config, "open")
        name = found["restore_point_name"] or restore_point.id
        deadline = self.deadline_for(ctx, "open", config, f"Mounting restore point {name}")
        em = self.em
        try:
            session, mount_point = self.mount(config, deadline, outlives=False)
        except MountIncomplete as error:
            href = error.mounted.mount_point.href
            seconds = self.deadline_for(ctx, "delete", config, "").seconds
            bound = deadline.unstoppable(f"Unmounting {href}", seconds)
            fate = self._unmount_again(error.mounted, bound)
            raise Refused(error.summary, f"{error.detail}\n{fate}") from error
        record = SessionRecord(em.base_url, session, mount_point.href)
        self._registry.remember(record)
        ctx.private = _to_private(record, config["timeouts"], None)
        return (
            found
            | mount_points.results_of(session, mount_point)
            | {"restore_point_type": restore_point.type.value, "session_token": session.token}
        )

    def renew(self, ctx: EphemeralContext) -> None:
        """Read the mount point, so that its session is not idle; a failure is told at close."""
        if not ctx.private:
            return
        record, bounds, trouble = _from_private(ctx.private)
        if error := self.hold(ctx, record.session, record.href, record.href):
            # Terraform before 1.17 drops diagnostics of a renewal.
            trouble = f"{error.summary}: {error.detail}"
        ctx.private = _to_private(record, bounds, trouble)

    def close(self, ctx: EphemeralContext) -> None:
        """Unmount. Nothing that goes wrong here fails the run."""
        if not ctx.private:
            return
        record, bounds, trouble = _from_private(ctx.private)
        if trouble:
            ctx.diagnostics.add_warning(
                "The ephemeral mount point could not be held all the time", trouble
            )
        operation = f"Unmounting {record.href}"
        deadline = self.deadline_for(ctx, "delete", {"timeouts": bounds}, operation)
        try:
            self.em.mounts.unmount(record.session, record.href, deadline)
        except SessionGone as error:
            ctx.diagnostics.add_warning(
                "The ephemeral mount point was gone before its end",
                f"{error.detail}\nWhile Terraform ran {record.session} ended, and {record.href} "
                "with it. Was it idle for longer than Enterprise Manager allows?",
            )
        except EnterpriseManagerError as error:
            ctx.diagnostics.add_warning(
                "The ephemeral mount point could not be unmounted",
                f"{error.summary}: {error.detail}\nEnterprise Manager unmounts it when "
                f"{record.session} has been idle for {IDLE_LIMIT}.",
            )

    def _unmount_again(self, mounted: Mounted, deadline: Deadline) -> str:
        try:
            self.em.mounts.unmount(mounted.session, mounted.mount_point.href, deadline)
        except SessionGone:
            return "Its logon session has ended, and the mount point with it."
        except EnterpriseManagerError as error:
            return (
                f"It could not be unmounted either ({error.summary}). Enterprise Manager unmounts "
                f"it when that session has been idle for {IDLE_LIMIT}."
            )
        return "It was unmounted again."


def _to_private(record: SessionRecord, bounds: State | None, trouble: str | None) -> bytes:
    return json.dumps([record.to_plain(), bounds, trouble]).encode()


def _from_private(private: bytes) -> tuple[SessionRecord, State | None, str | None]:
    plain, bounds, trouble = json.loads(private)
    return SessionRecord.from_plain(plain), bounds, trouble
