"""The ephemeral resource `veeam_mount_point`: mounted while Terraform runs, and no longer."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from terraform_provider_veeam.configured import (
    OfProvider,
    deadline_within,
    manager_of,
    manager_or_defer,
    unknown_results,
)
from terraform_provider_veeam.em.errors import (
    EnterpriseManagerError,
    MountIncomplete,
    SessionExpired,
)
from terraform_provider_veeam.em.waiting import Deadline
from terraform_provider_veeam.ephemeral.renewal import next_renewal
from terraform_provider_veeam.mount_point_form import (
    deadline_for,
    describe_restore_point,
    inputs,
    results,
    results_of,
    timeouts,
    validate_mount_point,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import String
from terraform_provider_veeam.private_state import MountSession
from terraform_provider_veeam.restore_point_form import restore_point_of

if TYPE_CHECKING:
    from terraform_provider_veeam.em.models import Mounted
    from terraform_provider_veeam.plugin.interfaces import (
        EphemeralContext,
        State,
        ValidateContext,
    )

_RENEW_SECONDS = 60.0
_CLOSE_SECONDS = 120.0


class MountPointEphemeral(OfProvider, interfaces.EphemeralResource):
    """`veeam_mount_point`, in the provider's own logon session."""

    @classmethod
    def get_name(cls) -> str:
        """Return the name after the provider's prefix."""
        return "mount_point"

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
        """Mount. What was mounted is unmounted again if it can't be used."""
        if self._provider.manager is None and not ctx.client_can_defer:
            return unknown_results(self.get_schema(), config)
        manager = manager_or_defer(self._provider, ctx)
        if manager is None:
            return None
        ctx.renew_at = next_renewal()  # before anything is mounted: it may be refused
        restore_point = restore_point_of(config)
        state = config | {"restore_point_type": restore_point.type.value}
        describe_restore_point(self._provider, ctx, state)
        if ctx.diagnostics.has_errors():
            return None
        name = state["restore_point_name"] or restore_point.id
        deadline = deadline_for(
            self._provider, ctx, config, "create", f"Mounting restore point {name}"
        )
        try:
            mounted = manager.mount(restore_point, config["os_kind"], deadline, outlives=False)
        except MountIncomplete as error:
            fate = self._unmount_again(error.mounted)
            ctx.diagnostics.add_error(error.summary, f"{error.detail}\n{fate}")
            return None
        session = mounted.session
        ctx.private = _to_private(
            MountSession(manager.base_url, session), mounted.mount_point.href, None
        )
        return state | results_of(session, mounted.mount_point) | {"session_token": session.token}

    def renew(self, ctx: EphemeralContext) -> None:
        """Read the mount point, so that its session is not idle; a failure is told at close."""
        if not ctx.private:
            return
        kept, href, trouble = _from_private(ctx.private)
        try:
            manager_of(self._provider).touch(
                kept.session,
                href,
                deadline_within(self._provider, ctx, _RENEW_SECONDS, f"Holding {href}"),
            )
        except EnterpriseManagerError as error:
            # Terraform before 1.17 drops diagnostics of a renewal.
            trouble = f"{error.summary}: {error.detail}"
        ctx.private = _to_private(kept, href, trouble)
        ctx.renew_at = next_renewal()

    def close(self, ctx: EphemeralContext) -> None:
        """Unmount. Nothing that goes wrong here fails the run."""
        if not ctx.private:
            return
        manager = manager_of(self._provider)
        kept, href, trouble = _from_private(ctx.private)
        if trouble:
            ctx.diagnostics.add_warning(
                "The ephemeral mount point could not be held all the time", trouble
            )
        try:
            manager.unmount_path(
                kept.session,
                href,
                deadline_within(self._provider, ctx, _CLOSE_SECONDS, f"Unmounting {href}"),
            )
        except SessionExpired:
            ctx.diagnostics.add_warning(
                "The ephemeral mount point was gone before its end",
                f"While Terraform ran {kept.session} ended, and {href} with it. "
                "Was it idle for longer than Enterprise Manager allows?",
            )
        except EnterpriseManagerError as error:
            ctx.diagnostics.add_warning(
                "The ephemeral mount point could not be unmounted",
                f"{error.summary}: {error.detail}\nEnterprise Manager unmounts it when "
                f"{kept.session} has been idle for 15 minutes.",
            )

    def _unmount_again(self, mounted: Mounted) -> str:
        """Unmount what could not be read, and return what a person is told of that."""
        point = mounted.mount_point
        deadline = Deadline(
            operation=f"Unmounting {point.href}",
            seconds=_CLOSE_SECONDS,
            stop=threading.Event(),  # a stop does not leave it mounted
            clock=self._provider.clock,
        )
        try:
            manager_of(self._provider).unmount_path(mounted.session, point.href, deadline)
        except EnterpriseManagerError as error:
            return (
                f"It could not be unmounted either ({error.summary}). Enterprise Manager unmounts "
                "it when that session has been idle for 15 minutes."
            )
        return "It was unmounted again."


def _to_private(kept: MountSession, href: str, trouble: str | None) -> bytes:
    return json.dumps([kept.to_private().decode(), href, trouble]).encode()


def _from_private(private: bytes) -> tuple[MountSession, str, str | None]:
    session, href, trouble = json.loads(private)
    kept = MountSession.from_private(session.encode())
    if kept is None:
        raise interfaces.Refused("Terraform sent back something else than it was given")
    return kept, href, trouble
