"""Putting VMs and containers into jobs, and taking them out again.

Follows the vendor's pages post_jobs_id_includes and delete_jobs_id_includes_id.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from terraform_provider_veeam.em import errors, gone, models, one_task, tasks
from terraform_provider_veeam.em.deadline import Deadline, looks
from terraform_provider_veeam.em.inventory.hierarchy import HierarchyObject
from terraform_provider_veeam.em.jobs.jobs import JobObject, job_path, objects_in_job
from terraform_provider_veeam.em.logon import Group, LogonSessions
from terraform_provider_veeam.masking import printable

_FINISH_SECONDS = 20.0  # for what was begun, after a stop or the end of the time

log = logging.getLogger(__name__)


class JobObjects(Group):
    """What jobs include. A job is changed once at a time: what overlaps may be lost."""

    def __init__(self, logon: LogonSessions) -> None:
        super().__init__(logon)
        self._changes: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @contextmanager
    def _change(
        self,
        job_id: str,
        deadline: Deadline,
        unknown: errors.EnterpriseManagerError | None = None,
    ) -> Iterator[one_task.OneTask]:
        """Wait until the job is not being changed, and change it by one request."""
        lock = self._changes[job_id]
        deadline.acquire(lock)
        try:
            session = self._logon.for_one_task(deadline)
            with one_task.OneTask(self._logon, session, deadline, unknown=unknown) as one:
                yield one
        finally:
            lock.release()

    def add(self, job_id: str, item: HierarchyObject, deadline: Deadline) -> JobObject:
        """Put an object into a job and return it as soon as the job shows it.

        Its guest processing is that of the job. Raises JobGone, AlreadyInJob, TaskFailed; after
        any other error it may be in the job, and the error says so.
        """
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
            task = change.send(f"{job_path(job_id)}/includes", body)
            try:
                return self._finish(change, task, job_id, item, deadline)
            except (errors.Stopped, errors.DeadlinePassed):
                bound = deadline.unstoppable(deadline.operation, _FINISH_SECONDS)
                return self._finish(change, task, job_id, item, bound)

    def remove(self, job_id: str, one: JobObject, deadline: Deadline) -> None:
        """Take out an object; one that is gone is no error. Raises LastInJob, TaskFailed."""
        path = f"{job_path(job_id)}/includes/{one.id}"
        with self._change(job_id, deadline) as change:
            try:
                job = gone.Container(
                    f"job {job_id}", lambda: self._has(job_id, one, deadline), errors.Gone
                )
                what = f"object {one.id} of job {job_id}"
                task = gone.unless_gone(change.client, what, lambda: change.delete(path), job)
                if task is not None:
                    task = change.wait(task, deadline)
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
        self,
        change: one_task.OneTask,
        task: models.Task,
        job_id: str,
        item: HierarchyObject,
        deadline: Deadline,
    ) -> JobObject:
        """Wait for the task, and until the job shows the object."""
        try:
            ended = change.wait(task, deadline)
            if ended is None or ended.success is not False:
                return self._shown(job_id, item, deadline)
        except errors.EnterpriseManagerError as error:
            raise error.add(_may_be_there(job_id, item)) from error
        raise errors.TaskFailed(
            "Enterprise Manager could not put the object into the job",
            tasks.failure_of(f"POST {job_path(job_id)}/includes", ended),
        )

    def _shown(self, job_id: str, item: HierarchyObject, deadline: Deadline) -> JobObject:
        """Return an object as soon as the job shows it: that may be some seconds late."""
        again = looks(deadline)
        while (found := self._find(job_id, item.ref, deadline)) is None:
            next(again)
        return found

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
        """Return the object with a reference; None when the job does not show it."""
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
