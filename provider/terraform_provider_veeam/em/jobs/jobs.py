"""Jobs, as Enterprise Manager lists them: those that back up, copy and replicate VMs.

Follows the vendor's pages jobs_id, jobs_id_includes, get_jobs_id_includes and get_query_job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from terraform_provider_veeam.em import errors, gone, patterns
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory import backup_servers, query
from terraform_provider_veeam.em.logon import Group

Result = TypeVar("Result")


class JobObject(NamedTuple):
    """A VM or a container of VMs in a job."""

    id: str  # UUID in the job: another one in every job
    ref: str
    name: str | None


class Job(NamedTuple):
    """A job; what Enterprise Manager does not tell is None."""

    id: str
    name: str
    type: str | None  # `Backup`, `Replica`, `BackupCopy` or `ImmediateBackupCopy`
    platform: str | None
    description: str | None
    schedule_enabled: bool | None
    next_run_at: str | None  # RFC 3339 in UTC; None without a schedule
    backup_server: str | None
    objects: tuple[JobObject, ...]


def job_path(job_id: str) -> str:
    """Return the path of a job below `/api`."""
    return f"/jobs/{quote(job_id, safe='')}"


class WantedJobs(NamedTuple):
    """Which jobs are looked for; None means any."""

    name: str | None = None  # with `*` a pattern, matched here
    type: str | None = None
    backup_server: str | None = None

    def conditions(self) -> list[query.Comparison]:
        """Return what the server can filter by."""
        return query.comparisons(
            ("Name", "==", None if self.name and "*" in self.name else self.name),
            ("JobType", "==", self.type),
            ("BackupServerName", "==", self.backup_server),
        )

    def matches(self, job: Job) -> bool:
        """Tell whether a job is one of those wanted, whatever the server has filtered."""
        return all(
            wanted is None or patterns.name_matches(wanted, told or "")
            for wanted, told in (
                (self.name, job.name),
                (self.type, job.type),
                (self.backup_server, job.backup_server),
            )
        )


def find_jobs(client: SessionClient, wanted: WantedJobs) -> Iterator[Job]:
    """Return the jobs that are wanted."""
    return filter(wanted.matches, map(parse_job, query.query(client, "Job", wanted.conditions())))


def read_job(client: SessionClient, job_id: str) -> Job:
    """Return a job. Raises JobGone, AccessDenied."""

    def read() -> Job:
        path = f"{job_path(job_id)}?format=Entity"
        job = parse_job(client.get(path).document.value)
        if job.id != job_id:
            raise decoders.unreadable(f"GET {path} was answered with another job, {job.id}.")
        return job

    return _unless_gone(client, job_id, read)


def objects_in_job(client: SessionClient, job_id: str) -> list[JobObject]:
    """Return what a job includes. Raises JobGone, AccessDenied."""

    def read() -> list[JobObject]:
        path = f"{job_path(job_id)}/includes"
        answer = client.get(path)
        listed = answer.document.collection("ObjectInJob", "ObjectsInJob")
        if listed is None:
            raise decoders.unreadable(
                f"GET {path} was answered with {answer.status}, but with no list of objects."
            )
        return [_parse_object(one) for one in listed]

    return _unless_gone(client, job_id, read)


def _unless_gone(client: SessionClient, job_id: str, read: Callable[[], Result]) -> Result:
    def is_listed() -> bool:
        only = query.comparisons(("UID", "==", query.urn("Job", job_id)))
        return any(decoders.uuid(one) == job_id for one in query.query(client, "Job", only))

    return gone.unless_gone(
        client, f"job {job_id}", read, gone.Container("the list of jobs", is_listed, errors.JobGone)
    )


def parse_job(entity: decoders.Resource) -> Job:
    """Return the job that an entity describes. Raises UnexpectedAnswer."""
    job_id = decoders.uuid(entity)
    if not job_id:
        raise decoders.unreadable("Something else came where a job should be.")
    info = decoders.member(entity, "JobInfo")
    kinds = info.values() if isinstance(info, dict) else ()
    includes = [decoders.member(kind, "Includes") for kind in kinds]
    return Job(
        id=job_id,
        name=decoders.text(entity, "Name") or job_id,
        type=decoders.text(entity, "JobType"),
        platform=decoders.text(entity, "Platform"),
        description=decoders.text(entity, "Description"),
        schedule_enabled=decoders.boolean(entity, "ScheduleEnabled"),
        next_run_at=decoders.time(entity, "NextRun"),
        backup_server=backup_servers.backup_server_name(entity),
        objects=tuple(
            _parse_object(one)
            for listed in includes
            for one in decoders.members(listed, "ObjectInJob")
        ),
    )


def _parse_object(entity: decoders.Resource) -> JobObject:
    object_id = decoders.text(entity, "ObjectInJobId")
    ref = decoders.text(entity, "HierarchyObjRef")
    if object_id is None or ref is None:
        raise decoders.unreadable("An object of a job has no id or no reference.")
    return JobObject(object_id.lower(), ref, decoders.text(entity, "Name", "DisplayName"))


class Jobs(Group):
    """The jobs."""

    def find(self, wanted: WantedJobs, deadline: Deadline) -> list[Job]:
        """Return the jobs that are wanted."""
        return self._browse(lambda own: list(find_jobs(own, wanted)), deadline)

    def get(self, job_id: str, deadline: Deadline) -> Job:
        """Return a job. Raises JobGone, AccessDenied."""
        return self._browse(lambda own: read_job(own, job_id), deadline)
