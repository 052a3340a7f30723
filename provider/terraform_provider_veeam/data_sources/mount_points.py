"""The data source `veeam_mount_points`: what a logon session has mounted of a restore point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.configured import OfProvider, manager_or_defer
from terraform_provider_veeam.data_sources.search import deadline_of
from terraform_provider_veeam.em.errors import SessionExpired
from terraform_provider_veeam.mount_point_form import own_results, results_of
from terraform_provider_veeam.mount_reference import find_session, session_attribute
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, Refused
from terraform_provider_veeam.plugin.schema import Schema
from terraform_provider_veeam.restore_point_form import (
    restore_point_inputs,
    restore_point_of,
    validate_restore_point,
)

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext


class MountPointsDataSource(OfProvider, interfaces.DataSource):
    """`veeam_mount_points`."""

    @classmethod
    def get_name(cls) -> str:
        """Return the name after the provider's prefix."""
        return "mount_points"

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
        manager = manager_or_defer(self._provider, ctx)
        if manager is None:
            return None
        deadline = deadline_of(self._provider, ctx, "Looking mount points up")
        session = find_session(manager, config["session_id"], deadline)
        try:
            found = manager.mount_points(session, restore_point_of(config), deadline)
        except SessionExpired as error:
            raise Refused(
                "The logon session has ended",
                f"{error.detail}\nThe mount points of {session} are gone with it.",
                path=["session_id"],
            ) from error
        return config | {"mount_points": [results_of(session, point) for point in found]}
