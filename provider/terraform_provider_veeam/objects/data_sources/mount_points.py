"""The data source `veeam_mount_points`: what a logon session has mounted of a restore point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import SessionGone
from terraform_provider_veeam.objects.mount_point_fields import own_results, results_of
from terraform_provider_veeam.objects.mount_reference import MountPointReader, session_attribute
from terraform_provider_veeam.objects.restore_point_fields import (
    restore_point_inputs,
    restore_point_of,
    validate_restore_point,
)
from terraform_provider_veeam.objects.search import LOOK_UP_SECONDS
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, Refused
from terraform_provider_veeam.plugin.schema import Schema

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext


class MountPointsDataSource(MountPointReader, interfaces.DataSource):
    """`veeam_mount_points`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="The mount points that a logon session has of a restore point. Those of "
            "other sessions can't be seen.",
            attributes=[
                *restore_point_inputs(),
                session_attribute(),
                ListNestedAttribute(
                    "mount_points",
                    own_results(),
                    "The mount points, by number.",
                    computed=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_restore_point(ctx, config)

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return the mount points."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking mount points up")
        session = self.find_session(config["session_fingerprint"], deadline)
        try:
            found = self.manager.mount_points(session, restore_point_of(config), deadline)
        except SessionGone as error:
            raise Refused(
                "The logon session has ended",
                f"{error.detail}\nThe mount points of {session} are gone with it.",
                path=["session_fingerprint"],
            ) from error
        return config | {"mount_points": [results_of(session, point) for point in found]}
