"""The list resource `veeam_mount_point`: the mount points of a logon session."""

from collections.abc import Iterator

from terraform_provider_veeam.em.errors import AccessDenied, RestorePointGone
from terraform_provider_veeam.em.models import RestorePoint, RestorePointRef, RestorePointType
from terraform_provider_veeam.objects import identifiers, mount_points
from terraform_provider_veeam.objects.base import Deadline, ListResource, State, block
from tfplugin.attribute import optional
from tfplugin.contexts import ListContext
from tfplugin.errors import Refused
from tfplugin.interfaces import ListedResource
from tfplugin.rules import needs


class MountPointList(mount_points.RestorePointObject, ListResource):
    """`veeam_mount_point`, of the session whose token the provider was given."""

    operation = "Listing mount points"
    schema = block(
        "The mount points of the logon session whose `session_token` the provider is given, "
        "restore point by restore point, by number. Those of other sessions can't be seen.",
        optional(
            "restore_point_id",
            "UUID or URN of a restore point, to list its mount points only.",
            identifiers.UuidOrUrn(),
            check=identifiers.restore_point_uid,
        ),
        optional(
            "restore_point_type",
            "Family of that restore point: `vm` (default), `replica` or `agent`.",
            check=mount_points.FAMILY,
            fallback=RestorePointType.VM,
        ),
        list="10m",
    )
    rules = (needs("restore_point_type", "restore_point_id"),)

    def find(self, ctx: ListContext, config: State, deadline: Deadline) -> Iterator[ListedResource]:
        """Return the mount points, one by one as they are found."""
        em = self.em
        if not em.session_is_borrowed:
            raise Refused(
                "A listing needs the logon session of the mount points",
                "Mount points can only be seen in the logon session that made them, and one that "
                "is made for this listing has none. Set session_token in the provider block (or "
                "VEEAM_EM_SESSION_TOKEN) to the token of that session, and leave out username and "
                "password.",
            )
        session = em.sessions.browsing(deadline)
        is_one = config["restore_point_id"] is not None
        for ref in (
            [mount_points.restore_point_of(config)]
            if is_one
            else em.mounts.restore_points(deadline)
        ):
            point = None
            for mount_point in em.mounts.list(session, ref, deadline):
                point = point or self._described(ref, deadline)
                results = mount_points.results_of(session, mount_point)
                yield ListedResource(
                    mount_points.identity_of(session, mount_point),
                    f"{point.name or ref.id} ({mount_point.mount_id})",
                    _resource(point, results) if ctx.include_resource_object else None,
                )

    def _described(self, ref: RestorePointRef, deadline: Deadline) -> RestorePoint:
        """Return a restore point; with nothing but its id when it is gone, or may not be read."""
        try:
            return self.em.restore_points.get(ref, deadline)
        except (RestorePointGone, AccessDenied):
            return RestorePoint(ref)


def _resource(point: RestorePoint, results: State) -> State:
    """Return the whole resource; what an import is not told is null."""
    return results | {
        "restore_point_id": point.ref.id,
        "restore_point_type": point.ref.type.value,
        "restore_point_name": point.name,
        "restore_point_created_at": point.created_at,
    }
