"""What a person may have meant who has found nothing."""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from terraform_provider_veeam.em import errors, models, patterns, times
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.inventory import hierarchy
from terraform_provider_veeam.em.inventory.machines import FoundMachines, Machine, Machines
from terraform_provider_veeam.em.inventory.restore_points import RestorePoints, Wanted
from terraform_provider_veeam.em.jobs.jobs import JobObjects, Jobs, WantedJobs
from terraform_provider_veeam.em.logon import LogonSessions
from terraform_provider_veeam.em.mounts.mounts import Mounts
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import counted

_SECONDS = 20.0  # that it may take, while an error waits to be told
Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Suggestions:
    """What a person may have meant. It raises nothing: an error is being told already."""

    def __init__(self, logon: LogonSessions) -> None:
        self._restore_points = RestorePoints(logon)
        self._machines = Machines(logon)
        self._hierarchy = hierarchy.Hierarchy(logon)
        self._jobs = Jobs(logon)
        self._job_objects = JobObjects(logon)
        self._mounts = Mounts(logon)

    def machines(
        self, wanted: Wanted, deadline: Deadline, known: FoundMachines | None = None
    ) -> str:
        """Return which machines, or which job, come near to what was wanted in vain."""
        part = deadline.part(_SECONDS)
        said = _try(lambda: near_misses(wanted, known or self._machines.find(Wanted(), part))) or ""
        jobs, name = None, wanted.machine_name
        if name is not None and "*" not in name:
            jobs = _try(lambda: self._jobs.find(WantedJobs(name), part))
        for job in jobs or ():
            found = _try(partial(self._job_objects.list, job.id, part)) or ()
            names = ", ".join(sorted(printable(one.name) for one in found if one.name))
            inside = f" In it are: {names}." if names else ""
            said += f"\n{printable(job.name)} is the name of a job, not of a machine.{inside}"
        return said

    def object_names(
        self, roots: Sequence[hierarchy.HierarchyRoot], name: str, kind: str, deadline: Deadline
    ) -> list[str]:
        """Return the names of objects like one that was not found, the likeliest first."""
        part = deadline.part(_SECONDS)
        found = _try(lambda: self._hierarchy.find(roots, None, kind, part))
        return patterns.similar_names(name, {one.name for one in found.objects}) if found else []

    def restore_point(
        self, ref: models.RestorePointRef, deadline: Deadline
    ) -> models.RestorePoint | None:
        """Return the restore point of that UUID that is of another type."""
        part = deadline.part(_SECONDS)
        others = (kind for kind in models.RestorePointType if kind is not ref.type)
        get = self._restore_points.get
        looks = (_try(partial(get, ref._replace(type=other), part)) for other in others)
        return next((found for found in looks if found), None)

    def mount_points(
        self, session: models.LogonSession, restore_point_id: str, deadline: Deadline
    ) -> list[models.MountPoint]:
        """Return all mount points of a restore point, of any type."""
        part = deadline.part(_SECONDS)
        refs = (models.RestorePointRef(kind, restore_point_id) for kind in models.RestorePointType)
        looks = (_try(partial(self._mounts.list, session, ref, part)) for ref in refs)
        return [found for look in looks for found in look or ()]


def _try(look_up: Callable[[], Result]) -> Result | None:
    """Return what is looked up; None when that fails."""
    try:
        return look_up()
    except errors.EnterpriseManagerError as error:
        log.info("there is no advice: %s", error)
        return None


def near_misses(wanted: Wanted, found: FoundMachines) -> str:
    """Return, for a person, which of all machines come near to what was wanted in vain."""
    said = _nearest(wanted, found.machines)
    if found.left_out:
        families = " and ".join(f'"{family}"' for family in found.left_out)
        said += f"\nRestore points of type {families} could not be searched."
    return said


def _nearest(wanted: Wanted, machines: list[Machine]) -> str:
    if not machines:
        return "This account sees no restore point at all."
    if wanted.machine_name is None:
        return f"There are:\n{_lines(_families(machines))}"
    name = printable(wanted.machine_name)
    named = [one for one in machines if patterns.name_matches(wanted.machine_name, one.name)]
    if named:
        return f"There are machines of that name, but none that the search allows:\n{_lines(named)}"
    similar = patterns.similar_names(wanted.machine_name, (one.name for one in machines))
    if not similar:
        return f"None of the machines with restore points ({len(machines)}) has a name like {name}."
    ranked = [one for likely in similar for one in machines if one.name == likely]
    return f"No machine is called {name}. Similar names:\n{_lines(ranked)}"


def _families(machines: list[Machine]) -> list[Machine]:
    """Return all machines of a family as if they were one."""
    families = []
    for family in models.RestorePointType:
        if same := [one for one in machines if one.type is family]:
            told = (at for one in same for at in (one.oldest_at, one.newest_at) if at)
            span: list[str | None] = [*sorted(told, key=times.Time.parse)] or [None]
            count = sum(one.restore_point_count for one in same)
            servers = tuple(sorted({name for one in same for name in one.backup_servers}))
            families.append(
                Machine(counted(len(same), "machine"), family, count, span[0], span[-1], servers)
            )
    return families


def _lines(machines: Iterable[Machine]) -> str:
    return "\n".join(f"  {_line(one)}" for one in machines)


def _line(machine: Machine) -> str:
    points = counted(machine.restore_point_count, "restore point")
    said = f'{printable(machine.name)}: {points} of type "{machine.type}"'
    if machine.oldest_at and machine.newest_at:
        span = f", from {machine.oldest_at} to {machine.newest_at}"
        said += span if machine.oldest_at != machine.newest_at else f", from {machine.newest_at}"
    if machine.backup_servers:
        said += f", on {', '.join(map(printable, machine.backup_servers))}"
    return said
