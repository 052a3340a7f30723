"""The ephemeral resource `veeam_mount_point`: mounted while Terraform runs, and no longer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import (
    EnterpriseManagerError,
    MountIncomplete,
    SessionGone,
)
from terraform_provider_veeam.objects.base import unknown_results
from terraform_provider_veeam.objects.ephemeral.renewal import next_renewal
from terraform_provider_veeam.objects.mount_point_fields import (
    MountPointObject,
    inputs,
    results,
    results_of,
    timeouts,
    validate_mount_point,
)
from terraform_provider_veeam.objects.restore_point_fields import restore_point_of
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import String
from terraform_provider_veeam.sessions.record import SessionRecord

if TYPE_CHECKING:
    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.models import Mounted
    from terraform_provider_veeam.plugin.interfaces import (
        EphemeralContext,
        State,
        ValidateContext,
    )

_RENEW_SECONDS = 60.0
_CLOSE_SECONDS = 120.0


class MountPointEphemeral(MountPointObject, interfaces.EphemeralResource):
    """`veeam_mount_point`, in a logon session that ends with it."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="Mounts a restore point while Terraform runs. It is unmounted at the end "
            "of the command, also after an error or Ctrl-C, and is in no state and no plan. "
            "Terraform opens it during plan too, and then again during apply.",
            attributes=[
                *inputs(),
                *results(),
                Attribute(
                    "session_token",
                    String(),
                    "Token of the logon session that the mount point lives in, for scripts that "
                    "fetch files: send it as the header `X-RestSvcSessionId`.",
                    computed=True,
                    sensitive=True,
                ),
            ],
            block_types=[timeouts()],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_mount_point(ctx, config)

    def open(self, ctx: EphemeralContext, config: State) -> State | None:
        """Mount. If the mount point can't be read, it is unmounted again."""
        if not self._provider.is_configured and not ctx.client_can_defer:
            return unknown_results(self.get_schema(), config)
        if self.is_deferred(ctx):
            return None
        ctx.renew_at = next_renewal()  # before anything is mounted: it may be refused
        restore_point = restore_point_of(config)
        state = config | {"restore_point_type": restore_point.type.value}
        self.describe_restore_point(ctx, state)
        if ctx.diagnostics.has_errors():
            return None
        name = state["restore_point_name"] or restore_point.id
        deadline = self.timeout(ctx, config, "create", f"Mounting restore point {name}")
        manager = self.manager
        try:
            mounted = self.mount(ctx, state, deadline, outlives=False)
            if mounted is None:
                return None
        except MountIncomplete as error:
            fate = self._unmount_again(error.mounted, deadline)
            ctx.diagnostics.add_error(error.summary, f"{error.detail}\n{fate}")
            return None
        record = SessionRecord(manager.base_url, mounted.session, mounted.mount_point.href)
        self._book.remember(record)
        ctx.private = _to_private(record, None)
        token = {"session_token": mounted.session.token}
        return state | results_of(mounted.session, mounted.mount_point) | token

    def renew(self, ctx: EphemeralContext) -> None:
        """Read the mount point, so that its session is not idle; a failure is told at close."""
        if not ctx.private:
            return
        record, trouble = _from_private(ctx.private)
        deadline = self.deadline(ctx, _RENEW_SECONDS, f"Holding {record.href}")
        try:
            self.manager.touch(record.session, record.href, deadline)
        except EnterpriseManagerError as error:
            # Terraform before 1.17 drops diagnostics of a renewal.
            trouble = f"{error.summary}: {error.detail}"
        ctx.private = _to_private(record, trouble)
        ctx.renew_at = next_renewal()

    def close(self, ctx: EphemeralContext) -> None:
        """Unmount. Nothing that goes wrong here fails the run."""
        if not ctx.private:
            return
        record, trouble = _from_private(ctx.private)
        if trouble:
            ctx.diagnostics.add_warning(
                "The ephemeral mount point could not be held all the time", trouble
            )
        deadline = self.deadline(ctx, _CLOSE_SECONDS, f"Unmounting {record.href}")
        try:
            self.manager.unmount(record.session, record.href, deadline)
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
                f"{record.session} has been idle for 15 minutes.",
            )

    def _unmount_again(self, mounted: Mounted, deadline: Deadline) -> str:
        """Unmount what could not be read, and return what a person is told of that."""
        href = mounted.mount_point.href
        bound = deadline.unstoppable(f"Unmounting {href}", _CLOSE_SECONDS)
        try:
            self.manager.unmount(mounted.session, href, bound)
        except SessionGone:
            return "Its logon session has ended, and the mount point with it."
        except EnterpriseManagerError as error:
            return (
                f"It could not be unmounted either ({error.summary}). Enterprise Manager unmounts "
                "it when that session has been idle for 15 minutes."
            )
        return "It was unmounted again."


def _to_private(record: SessionRecord, trouble: str | None) -> bytes:
    return json.dumps([record.to_plain(), trouble]).encode()


def _from_private(private: bytes) -> tuple[SessionRecord, str | None]:
    plain, trouble = json.loads(private)
    return SessionRecord.from_plain(plain), trouble
