"""Jobs that back up, copy and replicate VMs, and what they include.

Follows the vendor's pages jobs_id, jobs_id_includes, get_jobs_id_includes, get_query_job,
post_jobs_id_includes and delete_jobs_id_includes_id.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from terraform_provider_veeam.em import errors, gone, one_task, patterns, tasks
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory import backup_servers, query
from terraform_provider_veeam.em.inventory.hierarchy import HierarchyObject
from terraform_provider_veeam.em.logon import Group, LogonSessions
from terraform_provider_veeam.em.polling import looks
from terraform_provider_veeam.masking import printable

_FINISH_SECONDS = 20.0  # for what was begun, after a stop or the end of the time
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
        pairs = zip(self, (job.name, job.type, job.backup_server), strict=True)
        return all(want is None or patterns.name_matches(want, told or "") for want, told in pairs)


def objects_in_job(client: SessionClient, job_id: str) -> list[JobObject]:
    """Return what a job includes. Raises JobGone, AccessDenied."""

    def read() -> list[JobObject]:
        path = f"{job_path(job_id)}/includes"
        answer = client.get(path)
        listed = answer.document.collection("ObjectInJob", "ObjectsInJob")
        if listed is None:
            raise answer.unexpected("with no list of objects")
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
    lists = (decoders.member(kind, "Includes") for kind in kinds)
    included = [one for listed in lists for one in decoders.members(listed, "ObjectInJob")]
    return Job(
        id=job_id,
        name=decoders.text(entity, "Name") or job_id,
        type=decoders.text(entity, "JobType"),
        platform=decoders.text(entity, "Platform"),
        description=decoders.text(entity, "Description"),
        schedule_enabled=decoders.boolean(entity, "ScheduleEnabled"),
        next_run_at=decoders.time(entity, "NextRun"),
        backup_server=backup_servers.backup_server_name(entity),
        objects=tuple(map(_parse_object, included)),
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
        conditions = wanted.conditions()
        return self._browse(
            lambda own: [
                *filter(wanted.matches, map(parse_job, query.query(own, "Job", conditions)))
            ],
            deadline,
        )

    def get(self, job_id: str, deadline: Deadline) -> Job:
        """Return a job. Raises JobGone, AccessDenied."""
        path = f"{job_path(job_id)}?format=Entity"

        def read(own: SessionClient) -> Job:
            job = parse_job(own.get(path).document.value)
            if job.id != job_id:
                raise decoders.unreadable(f"GET {path} was answered with another job, {job.id}.")
            return job

        return self._browse(lambda own: _unless_gone(own, job_id, lambda: read(own)), deadline)


class JobObjects(Group):
    """What jobs include. A job is changed once at a time: what overlaps may be lost."""

    def __init__(self, logon: LogonSessions) -> None:
        super().__init__(logon)
        self._changes: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @contextmanager
    def _change(
        self, job_id: str, deadline: Deadline, unknown: errors.AnswerLost | None = None
    ) -> Iterator[one_task.OneTask]:
        """Wait until the job is not being changed, and change it by one request."""
        lock = self._changes[job_id]
        with deadline.holding(lock):
            session = self._logon.for_one_task(deadline)
            with one_task.OneTask(self._logon, session, deadline, unknown=unknown) as one:
                yield one

    def add(self, job_id: str, item: HierarchyObject, deadline: Deadline) -> JobObject:
        """Put an object into a job; return it when it shows. Raises AlreadyInJob, TaskFailed."""
        if one := self._find(job_id, item.ref, deadline):
            raise errors.AlreadyInJob(
                "The object is in the job already",
                f"Job {job_id} includes {printable(item.name)} as {one.id}.",
                object_id=one.id,
            )
        body = {"HierarchyObjRef": item.ref, "HierarchyObjName": item.name}
        # Were the job to show it when the answer is lost, a rival may have put it in.
        unknown = errors.AnswerLost(
            "It is not known whether the object was put into the job", _may_be_there(job_id, item)
        )
        with self._change(job_id, deadline, unknown) as change:
            change.send(f"{job_path(job_id)}/includes", body)
            try:
                return self._finish(change, job_id, item, deadline)
            except (errors.Stopped, errors.DeadlinePassed):
                bound = deadline.unstoppable(deadline.operation, _FINISH_SECONDS)
                return self._finish(change, job_id, item, bound)

    def remove(self, job_id: str, one: JobObject, deadline: Deadline) -> None:
        """Take out an object; one that is gone is no error. Raises LastInJob, TaskFailed."""
        path = f"{job_path(job_id)}/includes/{one.id}"
        with self._change(job_id, deadline) as change:
            try:
                job = gone.Container(
                    f"job {job_id}", lambda: self._has(job_id, one, deadline), errors.Gone
                )
                what = f"object {one.id} of job {job_id}"
                gone.unless_gone(change.client, what, lambda: change.delete(path), job)
                task = change.wait(deadline)
            except (errors.Stopped, errors.DeadlinePassed) as error:
                raise error.add(
                    f"{printable(one.name or '')} ({one.ref}) may yet be taken out of job {job_id}."
                ) from error
            except errors.Gone:
                return
            except errors.RequestFailed as error:
                self._check_last(job_id, one, error, deadline)
                raise
        if task is not None and task.success is False:
            failed = errors.TaskFailed(
                "Enterprise Manager could not take the object out of the job",
                tasks.failure_of(f"DELETE {path}", task),
            )
            self._check_last(job_id, one, failed, deadline)
            raise failed
        again = looks(deadline)
        while self._has(job_id, one, deadline):
            next(again)

    def _finish(
        self, change: one_task.OneTask, job_id: str, item: HierarchyObject, deadline: Deadline
    ) -> JobObject:
        """Wait for the task, and until the job shows the object."""
        try:
            ended = change.wait(deadline)
            if ended is None or ended.success is not False:
                again = looks(deadline)
                while (found := self._find(job_id, item.ref, deadline)) is None:
                    next(again)
                return found
        except errors.EnterpriseManagerError as error:
            raise error.add(_may_be_there(job_id, item)) from error
        raise errors.TaskFailed(
            "Enterprise Manager could not put the object into the job",
            tasks.failure_of(f"POST {job_path(job_id)}/includes", ended),
        )

    def _check_last(
        self, job_id: str, one: JobObject, error: errors.EnterpriseManagerError, deadline: Deadline
    ) -> None:
        """Raise LastInJob when the job has nothing but that object."""
        if [other.id for other in self.list(job_id, deadline)] == [one.id]:
            raise errors.LastInJob(
                "The last object of a job can't be removed",
                f"{error.detail}\nJob {job_id} has nothing but {printable(one.name or one.ref)}. "
                "Put another object into it first, or delete the job in the console of Veeam "
                "Backup & Replication; or leave the object in the job: terraform state rm takes it "
                "out of the state alone.",
            ) from error

    def _has(self, job_id: str, one: JobObject, deadline: Deadline) -> bool:
        try:
            return any(other.id == one.id for other in self.list(job_id, deadline))
        except errors.JobGone:
            return False

    def _find(self, job_id: str, ref: str, deadline: Deadline) -> JobObject | None:
        found = self.list(job_id, deadline)
        return next((one for one in found if one.ref.casefold() == ref.casefold()), None)

    def list(self, job_id: str, deadline: Deadline) -> list[JobObject]:
        """Return what a job includes. Raises JobGone, AccessDenied."""
        return self._browse(lambda own: objects_in_job(own, job_id), deadline)


def _may_be_there(job_id: str, item: HierarchyObject) -> str:
    return (
        f"{printable(item.name)} ({item.ref}) may be in job {job_id} now, and Terraform does not "
        "know it. Apply again: if it is there, the error says how to import it."
    )
