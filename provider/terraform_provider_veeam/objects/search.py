"""What the data sources of restore points have in common: how a block says which it wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.em.times import Time
from terraform_provider_veeam.plugin.interfaces import Refused, computed
from terraform_provider_veeam.plugin.schema import Attribute
from terraform_provider_veeam.plugin.types import String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from terraform_provider_veeam.em.inventory.restore_points import FoundRestorePoint, Wanted
    from terraform_provider_veeam.plugin.interfaces import State, ValidateContext

LOOK_UP_SECONDS = 300.0
_MOST = 1_000_000


def search_attributes(*, told: bool = False, default_family: str = "`vm`") -> list[Attribute]:
    """Return what a user writes to say which restore points are wanted.

    With `told`, the same attributes also hold the result, so what is not written is computed.
    """
    return [
        _optional(
            "restore_point_type",
            f"Family of the restore points: `vm`, `replica` or `agent`. Default: {default_family}.",
            computed=told,
        ),
        _optional(
            "machine_name",
            "Name of the VM, or of the computer of an agent. With `*` it is a pattern: Enterprise "
            "Manager's API has none, so everything that meets the other conditions is read.",
            computed=told,
        ),
        _optional("created_after", "Earliest time of creation, RFC 3339."),
        _optional("created_before", "Latest time of creation, RFC 3339."),
        _optional("backup_server", "Name of the backup server.", computed=told),
    ]


def found_attributes() -> list[Attribute]:
    """Return the attributes that describe a restore point that was found."""
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
    for name, parse in _PARSERS.items():
        try:
            parse(None if config[name] is Unknown else config[name])
        except ValueError as error:
            ctx.diagnostics.add_error(f"Invalid {name}", str(error), path=[name])


def validate_counts(ctx: ValidateContext, config: State, *names: str) -> None:
    """Check that attributes are whole numbers, from 1 to a million."""
    for name in names:
        value = config[name]
        if value is None or value is Unknown:
            continue
        if not (1 <= value <= _MOST and value == int(value)):
            ctx.diagnostics.add_error(
                f"Invalid {name}", f"{value} is not a whole number from 1 to {_MOST}.", path=[name]
            )


def wanted(config: State) -> Wanted:
    """Return what the block asks for. Raises Refused for what validate could not know."""
    from terraform_provider_veeam.em.inventory import restore_points  # noqa: PLC0415 - not for the schema

    conditions = {}
    for name, parse in _PARSERS.items():
        try:
            conditions[name] = parse(config[name])
        except ValueError as error:
            raise Refused(f"Invalid {name}", str(error), path=[name]) from error
    return restore_points.Wanted(
        type=RestorePointType(config["restore_point_type"] or RestorePointType.VM), **conditions
    )


def conditions(config: State) -> str:
    """Return what the block asks for, as a part of a sentence."""
    written = {"restore_point_type": RestorePointType.VM, **_written(config)}
    *first, last = (f'{name} = "{printable(value)}"' for name, value in written.items())
    return f"{', '.join(first)} and {last}" if first else last


def _written(config: State) -> dict[str, str]:
    names = ("restore_point_type", *_PARSERS)
    return {name: config[name] for name in names if config[name] is not None}


def families(config: State) -> tuple[RestorePointType, ...]:
    """Return the family that the block asks for, all of them when it names none."""
    written = config["restore_point_type"]
    return tuple(RestorePointType) if written is None else (RestorePointType(written),)


def described(found: FoundRestorePoint) -> dict[str, Any]:
    """Return the values that describe a restore point that was found."""
    return {
        "restore_point_id": found.ref.id,
        "restore_point_type": found.ref.type.value,
        "name": found.name,
        "machine_name": found.machine_name,
        "created_at": found.created_at,
        "point_type": found.point_type,
        "backup_server": found.backup_server,
    }


def moment(text: str | None) -> Time | None:
    """Return a time as it is written. Raises ValueError for what is no time."""
    try:
        return None if text is None else Time.parse(text, needs_offset=True)
    except ValueError:
        raise ValueError(
            f'"{text}" is not a time in the form of RFC 3339. Write one like 2026-11-15T22:00:00Z, '
            "with Z or an offset like +01:00 at the end."
        ) from None


def name_or_none(text: str | None) -> str | None:
    """Return a name as it is written. Raises ValueError for a blank one, which would match any."""
    if text is not None and not text.strip():
        raise ValueError("It is blank. Leave it out if it does not matter.")
    return text


_PARSERS: dict[str, Callable[[str | None], Any]] = {
    "machine_name": name_or_none,
    "created_after": moment,
    "created_before": moment,
    "backup_server": name_or_none,
}


def _optional(name: str, description: str, *, computed: bool = False) -> Attribute:
    return Attribute(name, String(), description, optional=True, computed=computed)
