"""The action `veeam_unmount`: a mount point of a given session, for cleaning up by hand."""

from collections.abc import Iterator

from terraform_provider_veeam.em.errors import MountGone, SessionGone
from terraform_provider_veeam.keep_alive import start as keep_alive
from terraform_provider_veeam.objects import mounted
from terraform_provider_veeam.objects.base import Action, Context, Deadline, State, block


class UnmountAction(mounted.MountPointReader, Action):
    """`veeam_unmount`."""

    operation = "Unmounting"
    schema = block(
        "Unmounts a mount point in its logon session, for cleaning up by hand. "
        "Destroy a mount that Terraform manages instead: after this action the next plan drops "
        "it from the state and mounts it again.",
        *mounted.REFERENCE,
        mounted.TOKEN,
        invoke="10m",
    )

    def run(self, ctx: Context, config: State, deadline: Deadline) -> Iterator[str]:
        """Unmount; what is gone already is no error."""
        mount = self.find_mount(config, deadline)
        try:
            self.em.mounts.get(mount.session, mount.restore_point, mount.href, deadline)
            yield f"Unmounting {mount}"
            self.em.mounts.unmount(mount.session, mount.href, deadline)
        except MountGone:
            instead = self.mounted_instead(mount, deadline)
            yield f"{mount} is not mounted in {mount.session}{instead}"
        except SessionGone:
            yield f"The logon session of {mount} has ended, and the mount point with it"
        else:
            yield f"Unmounted {mount}"
        self._registry.forget(mount.session.fingerprint, mount.href)
        self._provider.holder.release(mount.session.fingerprint, mount.href)
        keep_alive.release(mount.session.fingerprint, mount.href)
