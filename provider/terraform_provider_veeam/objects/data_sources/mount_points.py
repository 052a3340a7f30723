"""The data source `veeam_mount_points`: what a logon session has mounted of a restore point."""

from terraform_provider_veeam.em.errors import SessionGone
from terraform_provider_veeam.objects import mount_points
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from terraform_provider_veeam.objects.mounted import MountPointReader, session_attributes
from tfplugin.attribute import found
from tfplugin.errors import Refused


class MountPointsDataSource(MountPointReader, mount_points.RestorePointObject, DataSource):
    """`veeam_mount_points`."""

    operation = "Looking mount points up"
    schema = block(
        "The mount points that a logon session has of a restore point. Those of "
        "other sessions can't be seen.",
        *mount_points.restore_point_inputs(),
        *session_attributes(),
        found("mount_points", "The mount points, by number.", *mount_points.OWN_RESULTS),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the mount points."""
        session = self.find_session(config, deadline)
        ref = mount_points.restore_point_of(config)
        try:
            there = self.em.mounts.list(session, ref, deadline)
        except SessionGone as error:
            raise Refused(
                "The logon session has ended",
                f"{error.detail}\nThe mount points of {session} are gone with it.",
                path=["session_fingerprint"],
            ) from error
        return {"mount_points": [mount_points.results_of(session, point) for point in there]}
