"""What a person who has found no restore point may have meant."""

from __future__ import annotations

from collections.abc import Iterable

from terraform_provider_veeam.em.inventory.machines import FoundMachines, Machine
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.em.patterns import name_matches, similar_names
from terraform_provider_veeam.em.times import Time
from terraform_provider_veeam.masking import printable


def near_misses(wanted: Wanted, found: FoundMachines) -> str:
    """Return, for a person, which of all machines come near to what was wanted in vain."""
    said = _nearest(wanted, found.machines)
    if found.left_out:
        families = " and ".join(f'"{family}"' for family in found.left_out)
        said += f"\nRestore points of type {families} could not be looked through."
    return said


def _nearest(wanted: Wanted, machines: list[Machine]) -> str:
    if not machines:
        return "This account sees no restore point at all."
    if wanted.machine_name is None:
        return f"There are:\n{_lines(_families(machines))}"
    name = printable(wanted.machine_name)
    named = [one for one in machines if name_matches(wanted.machine_name, one.name)]
    if named:
        return f"Of that name there are, but not as asked for:\n{_lines(named)}"
    similar = similar_names(wanted.machine_name, (one.name for one in machines))
    if not similar:
        return f"None of the machines with restore points ({len(machines)}) has a name like {name}."
    ranked = [one for likely in similar for one in machines if one.name == likely]
    return f"No machine is called {name}. Similar names:\n{_lines(ranked)}"


def _families(machines: list[Machine]) -> list[Machine]:
    """Return all machines of a family as if they were one."""
    return [
        Machine(
            name=f"{len(same)} machine{'s' if len(same) > 1 else ''}",
            type=family,
            restore_point_count=sum(one.restore_point_count for one in same),
            oldest=min((one.oldest for one in same if one.oldest), key=Time.parse, default=None),
            newest=max((one.newest for one in same if one.newest), key=Time.parse, default=None),
            backup_servers=tuple(sorted({name for one in same for name in one.backup_servers})),
        )
        for family in RestorePointType
        if (same := [one for one in machines if one.type is family])
    ]


def _lines(machines: Iterable[Machine]) -> str:
    return "\n".join(f"  {_line(one)}" for one in machines)


def _line(machine: Machine) -> str:
    count = machine.restore_point_count
    points = f"{count} restore point{'' if count == 1 else 's'}"
    said = f'{printable(machine.name)}: {points} of type "{machine.type}"'
    if machine.oldest and machine.newest:
        span = f", from {machine.oldest} to {machine.newest}"
        said += span if machine.oldest != machine.newest else f", from {machine.newest}"
    if machine.backup_servers:
        said += f", on {', '.join(map(printable, machine.backup_servers))}"
    return said
