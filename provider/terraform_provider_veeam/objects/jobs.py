"""How a block says which job it means, and what is told of jobs and their objects."""

from collections.abc import Generator
from typing import Any

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import JobGone
from terraform_provider_veeam.em.jobs.jobs import Job, JobObject, WantedJobs
from terraform_provider_veeam.em.jobs.sessions import JobSession, TaskSession
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import backup_server, identifiers
from tfplugin.attribute import Attribute
from tfplugin.contexts import Context, State
from tfplugin.errors import Refused


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


class JobReader(backup_server.BackupServerReader):
    """An object that looks jobs up, or follows their runs."""

    def job_names(self, deadline: Deadline) -> list[str]:
        """Return the names of all jobs."""
        return [job.name for job in self.em.jobs.find(WantedJobs(), deadline)]

    def job(self, config: State, deadline: Deadline) -> Job:
        """Return the job whose id a block has. Raises Refused when there is none."""
        try:
            return self.em.jobs.get(config["job_id"], deadline)
        except JobGone as error:
            raise no_such_job(error) from error

    def follow(
        self, ctx: Context, started: JobSession, deadline: Deadline
    ) -> Generator[str, None, list[TaskSession]]:
        """Tell how a session goes, until its end; return the VMs' parts. Raises BackupFailed."""
        starts, session = self.em.backups, started
        for session in starts.follow(started, deadline):
            if not session.is_stopped:
                share = "" if session.percent is None else f", {session.percent} %"
                yield f"Still running: {printable(session.name)} ({session.state}{share})"
        outcome = starts.outcome(session, deadline)
        if session.result == "Warning":
            ctx.diagnostics.add_warning(
                f"The {session.type.noun} {printable(session.name)} ended with a warning",
                "\n".join(outcome.remarks) or "Enterprise Manager gave no reason.",
            )
        return outcome.machines
