"""The list resource `veeam_mount_point`: the mount points of a logon session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import AccessDenied, RestorePointGone
from terraform_provider_veeam.em.models import RestorePoint
from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.identifiers import UuidOrUrn
from terraform_provider_veeam.objects.mount_point_fields import identity_of, results_of
from terraform_provider_veeam.objects.restore_point_fields import (
    restore_point_of,
    validate_restore_point,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListedResource, Refused
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import String

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.models import RestorePointRef
    from terraform_provider_veeam.plugin.interfaces import ListContext, State, ValidateContext

_SECONDS = 600.0


class MountPointList(VeeamObject, interfaces.ListResource):
    """`veeam_mount_point`, of the session whose token the provider was given."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="The mount points of the logon session whose `session_token` the "
            "provider is given, restore point by restore point, by number. Those of other "
            "sessions can't be seen.",
            attributes=[
                Attribute(
                    "restore_point_id",
                    UuidOrUrn(),
                    "UUID or UID of a restore point, to list its mount points only.",
                    optional=True,
                ),
                Attribute(
                    "restore_point_type",
                    String(),
                    "Family of that restore point: `vm` (default), `replica` or `agent`.",
                    optional=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_restore_point(ctx, config)

    def list(self, ctx: ListContext, config: State) -> Iterator[ListedResource]:
        """Return the mount points, one by one as they are found."""
        manager = self.manager
        if not manager.session_is_borrowed:
            raise Refused(
                "A listing needs the logon session of the mount points",
                "Mount points can only be seen in the logon session that made them, and one that "
                "is made for this listing has none. Set session_token in the provider block (or "
                "VEEAM_EM_SESSION_TOKEN) to the token of that session, and leave out username and "
                "password.",
            )
        deadline = self.deadline(ctx, _SECONDS, "Listing mount points")
        session = manager.session(deadline)
        for ref in self._restore_points(manager, config, deadline):
            point = None
            for mount_point in manager.mount_points(session, ref, deadline):
                point = point or _described(manager, ref, deadline)
                name = point.name or ref.id
                yield ListedResource(
                    identity_of(session, mount_point),
                    f"{name} ({mount_point.mount_id})",
                    _object(point, results_of(session, mount_point))
                    if ctx.include_resource_object
                    else None,
                )

    def _restore_points(
        self, manager: EnterpriseManager, config: State, deadline: Deadline
    ) -> Iterable[RestorePointRef]:
        if config["restore_point_id"] is not None:
            return [restore_point_of(config)]
        return manager.mounted_restore_points(deadline)


def _described(
    manager: EnterpriseManager, ref: RestorePointRef, deadline: Deadline
) -> RestorePoint:
    """Return a restore point; with nothing but its id when it is gone, or may not be read."""
    try:
        return manager.restore_point(ref, deadline)
    except (RestorePointGone, AccessDenied):
        return RestorePoint(ref, None, None)


def _object(point: RestorePoint, results: State) -> State:
    """Return the whole resource, as an import would have it."""
    return results | {
        "restore_point_id": point.ref.id,
        "restore_point_type": point.ref.type.value,
        "os_kind": None,
        "keep_alive": None,
        "restore_point_name": point.name,
        "restore_point_created_at": point.created_at,
        "timeouts": None,
    }
