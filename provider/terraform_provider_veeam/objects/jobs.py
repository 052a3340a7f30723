"""How a block says which job it means, and what is told of jobs and their objects."""

from __future__ import annotations

from typing import Any

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import JobGone
from terraform_provider_veeam.em.jobs.jobs import Job, JobObject, WantedJobs
from terraform_provider_veeam.objects import backup_server, checks, identifiers, selection
from tfplugin.attribute import Attribute, computed, found, optional
from tfplugin.contexts import State
from tfplugin.errors import Refused
from tfplugin.types import Bool

_TYPES = ("Backup", "Replica", "BackupCopy", "ImmediateBackupCopy")


def job_id(description: str, **rest: Any) -> Attribute:
    """Return the attribute `job_id`."""
    kind, check = identifiers.UuidOrUrn(), identifiers.job_uuid
    return Attribute("job_id", kind, description, check=check, **rest)


def no_such_job(error: JobGone, *, is_written: bool = True) -> Refused:
    """Return the error for a job that Enterprise Manager does not know."""
    return Refused(
        "Job not found",
        f"{error.detail}\nThe data source veeam_jobs lists the jobs that there are.",
        path=["job_id"] if is_written else None,
    )


def identity_of(job: str, one: JobObject) -> State:
    """Return the identity of an object in a job."""
    return {"job_id": job, "object_id": one.id}


def results_of(job: str, one: JobObject) -> State:
    """Return what only the job tells of an object in it."""
    name = identifiers.format_job_object_id(job, one.id)
    return {"id": name, "object_id": one.id, "name": one.name}


def search_attributes(*, computes: bool = False) -> list[Attribute]:
    """Return what a user writes beside a name to say which jobs are wanted.

    With `computes`, the same attributes also hold the result.
    """
    return [
        optional(
            "type",
            f"Type of the job: {', '.join(f'`{kind}`' for kind in _TYPES)}.",
            check=checks.one_of(_TYPES, any_case=True),
            computed=computes,
        ),
        backup_server.attribute(computed=computes),
    ]


def job_attributes() -> list[Attribute]:
    """Return the attributes that describe a job that was found, as `described` fills them in."""
    return [
        computed("id", "UUID, for `job_id` of other objects."),
        computed("platform", "`VMware`, `HyperV`, `vCloud` or another."),
        computed("description", "Description, as it was written."),
        computed("schedule_enabled", "Whether it runs by a schedule.", Bool()),
        computed("next_run_at", "When it runs next by its schedule, RFC 3339 in UTC."),
        found(
            "objects",
            "The VMs and containers of VMs that it includes; a copy job has none.",
            computed("id", "`JOB_UUID/OBJECT_UUID`, as for the import of a `veeam_job_object`."),
            computed("object_id", "UUID of the object in this job."),
            computed("ref", "Reference to the object."),
            computed("name", "Name of the object."),
        ),
    ]


def described(job: Job) -> State:
    """Return the values that describe a job."""
    objects = [results_of(job.id, one) | {"ref": one.ref} for one in job.objects]
    return job._asdict() | {"objects": objects}


class JobReader(backup_server.BackupServerReader):
    """An object that looks jobs up."""

    def jobs(self, config: State, deadline: Deadline) -> list[Job]:
        """Return the jobs that a block asks for."""
        server = self.server_name(config, deadline)
        wanted = WantedJobs(config["name"], config["type"], server)
        found = self.em.jobs.find(wanted, deadline)
        if not found:
            self.check_server(config, deadline)
        return found

    def only_job(self, config: State, deadline: Deadline) -> Job:
        """Return the only job that a block asks for. Raises Refused for none or several."""
        return selection.only(
            self.jobs(config, deadline),
            config["name"],
            ("job", "jobs"),
            lambda job: (job.id, job.name, job.type, job.backup_server),
            lambda: self.job_names(deadline),
        )

    def job_names(self, deadline: Deadline) -> list[str]:
        """Return the names of all jobs."""
        return [job.name for job in self.em.jobs.find(WantedJobs(), deadline)]

    def job(self, config: State, deadline: Deadline) -> Job:
        """Return the job whose id a block has. Raises Refused when there is none."""
        try:
            return self.em.jobs.get(config["job_id"], deadline)
        except JobGone as error:
            raise no_such_job(error) from error
