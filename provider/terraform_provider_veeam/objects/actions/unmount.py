"""The action `veeam_unmount`: a mount point of a given session, for cleaning up by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import MountGone, SessionGone
from terraform_provider_veeam.keep_alive import start as keep_alive
from terraform_provider_veeam.objects.actions.base import (
    MountPointAction,
    timeout_attribute,
    validate_timeout,
)
from terraform_provider_veeam.objects.mount_reference import (
    reference_attributes,
    validate_reference,
)
from terraform_provider_veeam.plugin.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.plugin.interfaces import ActionContext, State, ValidateContext

_DEFAULT_TIMEOUT = "10m"


class UnmountAction(MountPointAction):
    """`veeam_unmount`."""

    default_timeout = _DEFAULT_TIMEOUT

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="Unmounts a mount point in its logon session, for cleaning up by hand. "
            "Destroy a mount that Terraform manages instead: after this action the next plan drops "
            "it from the state and mounts it again.",
            attributes=[
                *reference_attributes(write_only=True),
                timeout_attribute(_DEFAULT_TIMEOUT),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_reference(ctx, config)
        validate_timeout(ctx, config)

    def invoke(self, ctx: ActionContext, config: State) -> Iterator[str]:
        """Unmount; what is gone already is no error."""
        deadline = self.bound(ctx, config, "Unmounting")
        mount = self.find_mount(config, deadline)
        try:
            self.manager.mount_point(mount.session, mount.restore_point, mount.href, deadline)
            yield f"Unmounting {mount}"
            self.manager.unmount(mount.session, mount.href, deadline)
        except MountGone:
            instead = self.mounted_instead(mount, deadline)
            yield f"{mount} is not mounted in {mount.session}{instead}"
        except SessionGone:
            yield f"The logon session of {mount} has ended, and the mount point with it"
        else:
            yield f"Unmounted {mount}"
        self._book.forget(mount.session.fingerprint, mount.href)
        self._provider.holder.release(mount.session.fingerprint, mount.href)
        keep_alive.release(mount.session.fingerprint, mount.href)
