"""The data source `veeam_restore_point`: exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import search
from terraform_provider_veeam.objects.base import DataSource, block
from tfplugin.attribute import flag
from tfplugin.contexts import Context, State
from tfplugin.errors import Refused

if TYPE_CHECKING:
    from terraform_provider_veeam.em.inventory.restore_points import FoundRestorePoint

_SHOWN = 10  # of what was found, in an error


class RestorePointDataSource(search.RestorePointReader, DataSource):
    """`veeam_restore_point`."""

    operation = "Looking restore points up"
    schema = block(
        "Finds one restore point. Finding none is an error, and so is finding "
        "several, unless `latest` is set.",
        *search.search_attributes(computes=True),
        flag(
            "latest",
            "Take the newest of several, passing over any that is still being "
            "written. Default `false`. After the next backup it is another one, and what "
            "is mounted of it is replaced: to pin it, set `created_before`.",
        ),
        *search.found_attributes(),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the one that is found."""
        asked = self.wanted(config, deadline)
        if config["latest"]:
            latest = self.em.restore_points.latest(asked, deadline)
            points = [latest] if latest else []
        else:
            points = self.em.restore_points.find(asked, _SHOWN + 1, deadline)
        if len(points) == 1:
            return search.described(points[0])
        if points:
            raise Refused(
                "Several restore points found",
                f"Set latest = true to take the newest, or narrow the search. Found:\n"
                f"{_listed(points)}",
                path=_narrowest(config),
            )
        self.check_server(config, deadline)
        raise Refused(
            "No restore point found",
            f"There is none with {search.conditions(ctx.config or {})}.{_hints(config)}\n"
            f"{self.em.suggestions.machines(asked, deadline)}",
            path=_narrowest(config),
        )


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
