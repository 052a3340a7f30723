"""The data source `veeam_restore_points`: a search, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.search import (
    LOOK_UP_SECONDS,
    described,
    found_attributes,
    search_attributes,
    validate_counts,
    validate_search,
    wanted,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, computed
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import Number, String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext

DEFAULT_LIMIT = 100


class RestorePointsDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_restore_points`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="Finds restore points. Enterprise Manager filters and sorts them; the "
            "newest comes first.",
            attributes=[
                *search_attributes(),
                Attribute(
                    "limit",
                    Number(),
                    f"How many to return at most; more are left out with a warning. "
                    f"Default `{DEFAULT_LIMIT}`.",
                    optional=True,
                ),
                ListNestedAttribute(
                    "restore_points",
                    [
                        *found_attributes(),
                        computed("restore_point_type", String(), "`vm`, `replica` or `agent`."),
                        computed("machine_name", String(), "Name of the VM or the computer."),
                        computed("backup_server", String(), "Name of the backup server."),
                    ],
                    "The restore points that were found, the newest first.",
                    computed=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_search(ctx, config)
        validate_counts(ctx, config, "limit")

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return what is found."""
        if self.is_deferred(ctx):
            return None
        limit = DEFAULT_LIMIT if config["limit"] is None else int(config["limit"])
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking restore points up")
        found = self.manager.restore_points(wanted(config), limit + 1, deadline)
        if len(found) > limit:
            ctx.diagnostics.add_warning(
                "Not all restore points are listed",
                f"There are more than {limit}; older ones are left out. Raise limit, or narrow the "
                "search.",
                path=["limit"],
            )
        return config | {"restore_points": [described(point) for point in found[:limit]]}
