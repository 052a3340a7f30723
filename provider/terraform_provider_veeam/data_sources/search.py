"""What the data sources of restore points have in common: how one says which are wanted."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.configured import deadline_within
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.plugin.interfaces import computed
from terraform_provider_veeam.plugin.schema import Attribute
from terraform_provider_veeam.plugin.types import String, Unknown

if TYPE_CHECKING:
    from terraform_provider_veeam.configured import Configured
    from terraform_provider_veeam.em.restore_points import FoundRestorePoint, Wanted
    from terraform_provider_veeam.em.waiting import Deadline
    from terraform_provider_veeam.plugin.interfaces import Context, State, ValidateContext

_SECONDS = 300.0
_MOST = 1_000_000
_TIMES = ("created_after", "created_before")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def search_attributes(*, told: bool = False) -> list[Attribute]:
    """Return what a user writes to say which restore points are wanted.

    If what was found is `told` in the same place, what is not written is computed.
    """
    return [
        _optional(
            "restore_point_type",
            "Family of the restore points: `vm` (default), `replica` or `agent`.",
            computed=told,
        ),
        _optional(
            "machine_name",
            "Name of the VM, or of the computer of an agent. With `*` it is a pattern: that is no "
            "part of Enterprise Manager's API, so all that the other conditions leave is read.",
            computed=told,
        ),
        _optional("created_after", "Earliest time of creation, RFC 3339."),
        _optional("created_before", "Latest time of creation, RFC 3339."),
        _optional("backup_server", "Name of the backup server.", computed=told),
    ]


def found_attributes() -> list[Attribute]:
    """Return what is told of a restore point that was found."""
    return [
        computed("restore_point_id", String(), "UUID, for `veeam_mount_point`."),
        computed("name", String(), "Name, as Enterprise Manager shows it."),
        computed("created_at", String(), "When it was created, RFC 3339 in UTC."),
        computed("point_type", String(), "`Full`, `Increment` or `ReverseIncrement`."),
    ]


def validate_search(ctx: ValidateContext, config: State) -> None:
    """Check what can be checked without the server."""
    kind = config["restore_point_type"]
    if kind is not None and kind is not Unknown and kind not in list(RestorePointType):
        names = ", ".join(f'"{known}"' for known in RestorePointType)
        ctx.diagnostics.add_error(
            "Invalid restore_point_type", f'"{kind}" is not one of {names}.',
            path=["restore_point_type"],
        )  # fmt: skip
    for name in _TIMES:
        try:
            _moment(None if config[name] is Unknown else config[name])
        except ValueError as error:
            ctx.diagnostics.add_error(f"Invalid {name}", str(error), path=[name])
    for name in ("machine_name", "backup_server"):
        value = config[name]
        if value is not None and value is not Unknown and '"' in value:
            ctx.diagnostics.add_error(
                f"Invalid {name}",
                f"{value} has a double quote, which Enterprise Manager's queries can't have.",
                path=[name],
            )


def validate_counts(ctx: ValidateContext, config: State, *names: str) -> None:
    """Check that attributes are whole numbers, from 1 to what a computer can count up to."""
    for name in names:
        value = config[name]
        if value is None or value is Unknown:
            continue
        if not (1 <= value <= _MOST and value == int(value)):
            ctx.diagnostics.add_error(
                f"Invalid {name}", f"{value} is not a whole number from 1 to {_MOST}.", path=[name]
            )


def wanted(config: State) -> Wanted:
    """Return what the block asks for."""
    from terraform_provider_veeam.em import restore_points  # noqa: PLC0415 - not for the schema

    return restore_points.Wanted(
        type=RestorePointType(config["restore_point_type"] or RestorePointType.VM),
        machine_name=config["machine_name"],
        created_after=_moment(config["created_after"]),
        created_before=_moment(config["created_before"]),
        backup_server=config["backup_server"],
    )


def deadline_of(
    provider: Configured, ctx: Context, operation: str = "Looking restore points up"
) -> Deadline:
    """Return the bound for a look-up."""
    return deadline_within(provider, ctx, _SECONDS, operation)


def described(found: FoundRestorePoint) -> dict[str, Any]:
    """Return the attributes of a restore point that was found."""
    return {
        "restore_point_id": found.ref.id,
        "restore_point_type": found.ref.type.value,
        "name": found.name,
        "machine_name": found.machine_name,
        "created_at": found.created_at,
        "point_type": found.point_type,
        "backup_server": found.backup_server,
    }


def _moment(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        # fromisoformat takes more of ISO 8601 than RFC 3339 has.
        moment = dt.datetime.fromisoformat(text) if _RFC_3339.fullmatch(text) else None
        moment = moment and moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise ValueError(
            f'"{text}" is no time in the form of RFC 3339. Write one like 2026-11-15T22:00:00Z, '
            "with Z or an offset like +01:00 at the end."
        )
    return moment


def _optional(name: str, description: str, *, computed: bool = False) -> Attribute:
    return Attribute(name, String(), description, optional=True, computed=computed)
