"""The action `veeam_unmount`: a mount point of a given session, for cleaning up by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.actions.running import (
    MountPointAction,
    deadline_for,
    timeout_attribute,
    validate_timeout,
)
from terraform_provider_veeam.configured import manager_of
from terraform_provider_veeam.em.errors import NotFound, SessionExpired
from terraform_provider_veeam.keep_alive import starting as keep_alive
from terraform_provider_veeam.mount_reference import (
    find_mount,
    reference_attributes,
    validate_reference,
)
from terraform_provider_veeam.plugin.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.plugin.interfaces import ActionContext, State, ValidateContext

_TIMEOUT = "10m"


class UnmountAction(MountPointAction):
    """`veeam_unmount`."""

    @classmethod
    def get_name(cls) -> str:
        """Return the name after the provider's prefix."""
        return "unmount"

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="Unmounts a mount point in its logon session, for cleaning up by hand. "
            "What Terraform manages is better destroyed: after this action the next plan drops "
            "it from the state and mounts it anew.",
            attributes=[*reference_attributes(write_only=True), timeout_attribute(_TIMEOUT)],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_reference(ctx, config)
        validate_timeout(ctx, config)

    def invoke(self, ctx: ActionContext, config: State) -> Iterator[str]:
        """Unmount; what is gone already is no error."""
        manager = manager_of(self._provider)
        deadline = deadline_for(self._provider, ctx, config, _TIMEOUT, "Unmounting")
        mount = find_mount(manager, config, deadline)
        try:
            point = manager.mount_point(
                mount.session, mount.restore_point, mount.mount_id, deadline
            )
            yield f"Unmounting {mount}"
            manager.unmount(
                mount.session, mount.restore_point, mount.mount_id, deadline, href=point.href
            )
        except NotFound:
            yield f"{mount} is not mounted in {mount.session}"
        except SessionExpired:
            yield f"The logon session of {mount} has ended, and the mount point with it"
        else:
            yield f"Unmounted {mount}"
        finally:
            keep_alive.check(mount.session)
