"""The data sources `veeam_restore_point`, exactly one, and `veeam_restore_points`."""

from __future__ import annotations

from typing import Any

from terraform_provider_veeam.em.models import RestorePoint, RestorePointType
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import checks, search, selection
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import computed, flag, found
from tfplugin.errors import Refused

_SHOWN = 10  # of what was found, in an error
_FOUND = (
    computed("id", "UUID, for `restore_point_id` of a `veeam_mount_point`."),
    computed("name", "Name, as Enterprise Manager shows it."),
    computed("created_at", "When it was created, RFC 3339 in UTC."),
    computed("point_type", "`Full`, `Increment` or `ReverseIncrement`."),
)


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
        *_FOUND,
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
            return _described(points[0])
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
            f"There is none with {_conditions(ctx.config or {})}.{_hints(config)}\n"
            f"{self.em.suggestions.machines(asked, deadline)}",
            path=_narrowest(config),
        )


class RestorePointsDataSource(search.RestorePointReader, DataSource):
    """`veeam_restore_points`."""

    operation = "Looking restore points up"
    schema = block(
        "Finds restore points. Enterprise Manager filters and sorts them; the newest comes first.",
        *search.search_attributes(),
        checks.limit(100, "; more are left out with a warning"),
        found(
            "restore_points",
            "The restore points that were found, the newest first.",
            *_FOUND,
            computed("restore_point_type", "`vm`, `replica` or `agent`."),
            computed("machine_name", "Name of the VM or the computer."),
            computed("backup_server", "Name of the backup server."),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return what is found, at most as many as the limit says."""
        limit = config["limit"]
        wanted = self.wanted(config, deadline)
        points = self.em.restore_points.find(wanted, limit + 1, deadline)
        if not points:
            self.check_server(config, deadline)
        listed = selection.limited(ctx, points, limit, "restore points")
        return {"restore_points": [_described(point) for point in listed]}


def _conditions(written: State) -> str:
    """Return what a block asks for, as it is spelt, as a part of a sentence."""
    names = ("restore_point_type", *search.CONDITIONS)
    asked = {name: written[name] for name in names if written[name] is not None}
    *first, last = (
        f'{name} = "{printable(value)}"'
        for name, value in {"restore_point_type": RestorePointType.VM, **asked}.items()
    )
    return f"{', '.join(first)} and {last}" if first else last


def _described(found: RestorePoint) -> dict[str, Any]:
    return found._asdict() | {
        "id": found.ref.id,
        "restore_point_type": found.ref.type.value,
        "machine_name": found.machine_name,
    }


def _hints(config: State) -> str:
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


def _listed(found: list[RestorePoint]) -> str:
    lines = [
        f"  {point.created_at}  {printable(point.name or '')}  {point.ref.id}"
        for point in found[:_SHOWN]
    ]
    return "\n".join([*lines, "  …"] if len(found) > _SHOWN else lines)
