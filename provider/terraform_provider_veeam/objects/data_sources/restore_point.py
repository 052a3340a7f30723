"""The data source `veeam_restore_point`: exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.search import (
    LOOK_UP_SECONDS,
    conditions,
    described,
    found_attributes,
    search_attributes,
    validate_search,
    wanted,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import Bool
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from terraform_provider_veeam.em.inventory.restore_points import FoundRestorePoint
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext

_SHOWN = 10  # of what was found, in an error


class RestorePointDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_restore_point`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="Finds one restore point. Finding none is an error, and so is finding "
            "several, unless `latest` is set.",
            attributes=[
                *search_attributes(told=True),
                Attribute(
                    "latest",
                    Bool(),
                    "Take the newest of several, passing over any that is still being "
                    "written. Default `false`. After the next backup it is another one, and what "
                    "is mounted of it is replaced: to pin it, set `created_before`.",
                    optional=True,
                ),
                *found_attributes(),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_search(ctx, config)

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return the one that is found."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking restore points up")
        asked = wanted(config)
        if config["latest"]:
            latest = self.manager.latest_restore_point(asked, deadline)
            found = [latest] if latest else []
        else:
            found = self.manager.restore_points(asked, _SHOWN + 1, deadline)
        if len(found) == 1:
            told = described(found[0])
            # What a user wrote, a pattern for example, stays as it is.
            return {
                name: told.get(name) if config[name] is None else config[name] for name in config
            }
        if not found:
            ctx.diagnostics.add_error(
                "No restore point found",
                f"There is none with {conditions(config)}.{_hints(config)}\n"
                f"{self.manager.near_misses(asked, deadline)}",
                path=_narrowest(config),
            )
        else:
            ctx.diagnostics.add_error(
                "Several restore points found",
                f"Set latest = true to take the newest, or narrow the search. Found:\n"
                f"{_listed(found)}",
                path=_narrowest(config),
            )
        return None


def _hints(config: State) -> str:
    """Return what often keeps a search from finding anything."""
    hints = ""
    if config["machine_name"] is not None and "*" not in config["machine_name"]:
        hints += " Names are compared as a whole: write oracle* for all that begin with oracle."
    if config["latest"]:
        hints += " What is still being written does not count."
    return hints


def _narrowest(config: State) -> list[str] | None:
    """Return the path of the condition that most likely has to be changed; None without any."""
    names = ("machine_name", "created_before", "created_after", "backup_server")
    return next(([name] for name in names if config[name] is not None), None)


def _listed(found: list[FoundRestorePoint]) -> str:
    lines = [
        f"  {point.created_at}  {printable(point.name or '')}  {point.ref.id}"
        for point in found[:_SHOWN]
    ]
    return "\n".join([*lines, "  …"] if len(found) > _SHOWN else lines)
