"""How a block says which job it means, and what tells an object in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.jobs.jobs import WantedJobs
from terraform_provider_veeam.em.patterns import similar_names
from terraform_provider_veeam.objects.identifiers import (
    UuidOrUrn,
    format_job_object_id,
    parse_uid,
)
from terraform_provider_veeam.objects.search import name_or_none
from terraform_provider_veeam.plugin.interfaces import Refused, computed
from terraform_provider_veeam.plugin.schema import Attribute
from terraform_provider_veeam.plugin.types import Bool, String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.errors import JobGone
    from terraform_provider_veeam.em.jobs.jobs import Job, JobObject
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.plugin.interfaces import State, ValidateContext


JOB_TYPES = ("Backup", "Replica", "BackupCopy", "ImmediateBackupCopy")
_SHOWN = 20  # names of jobs, in an error


def job_id_attribute(description: str, **rest: Any) -> Attribute:
    """Return the attribute `job_id`."""
    return Attribute("job_id", UuidOrUrn(), description, **rest)


def validate_job_id(ctx: ValidateContext, job_id: Any) -> None:
    """Check a job's id, if it is known."""
    if job_id is None or job_id is Unknown:
        return
    try:
        entity = parse_uid(job_id).entity
    except ValueError as error:
        ctx.diagnostics.add_error("Invalid job_id", str(error), path=["job_id"])
        return
    if entity not in (None, "Job"):
        ctx.diagnostics.add_error(
            "Invalid job_id", f"It names a {entity}, no Job.", path=["job_id"]
        )


def job_id_of(state: State) -> str:
    """Return the UUID of the job that a block or a state names."""
    return parse_uid(state["job_id"]).uuid


def no_such_job(error: JobGone, *, is_written: bool = True) -> Refused:
    """Return the error for a job that Enterprise Manager does not know."""
    return Refused(
        "Job not found",
        f"{error.detail}\nThe data source veeam_jobs lists the jobs that there are.",
        path=["job_id"] if is_written else None,
    )


def identity_of(job_id: str, one: JobObject) -> State:
    """Return the identity of an object in a job."""
    return {"job_id": job_id, "object_id": one.id}


def results_of(job_id: str, one: JobObject) -> State:
    """Return what only the job tells of an object in it."""
    return {"id": format_job_object_id(job_id, one.id), "object_id": one.id, "name": one.name}


def job_search_attributes(*, told: bool = False) -> list[Attribute]:
    """Return what a user writes beside a name to say which jobs are wanted.

    With `told`, the same attributes also hold the result.
    """
    return [
        Attribute(
            "type",
            String(),
            f"Type of the job: {', '.join(f'`{kind}`' for kind in JOB_TYPES)}.",
            optional=True,
            computed=told,
        ),
        Attribute(
            "backup_server",
            String(),
            "Name of the backup server.",
            optional=True,
            computed=told,
        ),
    ]


def job_attributes() -> list[Attribute]:
    """Return the attributes that describe a job that was found."""
    return [
        computed("id", String(), "UUID, for `job_id` of other objects."),
        computed("platform", String(), "`VMware`, `HyperV`, `vCloud` or another."),
        computed("description", String(), "Description, as it was written."),
        computed("schedule_enabled", Bool(), "Whether it runs by a schedule."),
        computed("next_run", String(), "When it runs next by its schedule, RFC 3339 in UTC."),
    ]


def validate_job_search(ctx: ValidateContext, config: State) -> None:
    """Check what can be checked without the server."""
    kind = config["type"]
    if isinstance(kind, str) and kind.casefold() not in map(str.casefold, JOB_TYPES):
        ctx.diagnostics.add_error(
            "Invalid type", f'"{kind}" is not one of {", ".join(JOB_TYPES)}.', path=["type"]
        )
    for name in ("name", "backup_server"):
        try:
            name_or_none(None if config[name] is Unknown else config[name])
        except ValueError as error:
            ctx.diagnostics.add_error(f"Invalid {name}", str(error), path=[name])


def wanted_jobs(config: State) -> WantedJobs:
    """Return which jobs a block asks for."""
    return WantedJobs(config["name"], config["type"], config["backup_server"])


def find_job(manager: EnterpriseManager, config: State, deadline: Deadline) -> Job:
    """Return the only job that a block asks for. Raises Refused for none or several."""
    found = manager.jobs(wanted_jobs(config), deadline)
    if len(found) == 1:
        return found[0]
    if found:
        listed = "".join(
            f"\n  {job.id}  {printable(job.name)}  {job.type}  {job.backup_server}" for job in found
        )
        raise Refused(
            "Several jobs found",
            f"Narrow the search by type or backup_server. Found:{listed}",
            path=["name"],
        )
    names = [job.name for job in manager.jobs(WantedJobs(), deadline)]
    likely = similar_names(config["name"], names) or sorted(names)[:_SHOWN]
    raise Refused(
        "No job found",
        f"None is called {printable(config['name'])} as a whole and meets the other conditions. "
        f"There is: {', '.join(map(printable, likely)) or 'no job'}.",
        path=["name"],
    )


def described(job: Job) -> dict[str, Any]:
    """Return the values that describe a job."""
    told = job._asdict()
    del told["objects"]
    return told
