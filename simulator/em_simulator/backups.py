"""Jobs that back up, replicate and copy, what they include, and their sessions.

Follows the vendor's pages jobs_id, jobs_id_includes, backupsessions_id, backuptasksessions_id,
post_jobs_id_actionstart, post_jobs_id_includes and post_backupservers_id_quickbackup.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from em_simulator.catalogue import FIRST_SERVER, LAST_NIGHT, MACHINES, BackupServer, Family
from em_simulator.operations import OperationFailed
from em_simulator.restores import RestoreResult
from em_simulator.times import name_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from em_simulator.catalogue import Catalogue, RestorePoint
    from em_simulator.hierarchy import Hierarchy, HierarchyItem

_NAMESPACE = uuid.UUID("c1c7e0a2-6a5c-4d3e-8f60-2b1f4f0d9e77")
_STARTING = 0.2  # part of a backup for which its session is starting
_STOPPING = 0.8  # part of a backup after which its session is stopping
_DAY = dt.timedelta(days=1)
_BEFORE_THE_FIRST = dt.timedelta(minutes=65)  # of a night's restore points
_OF_A_NIGHT = 7200.0  # seconds


class BackupState(StrEnum):
    """How far a backup session is."""

    STARTING = "Starting"
    WORKING = "Working"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


_RESULTS_WHILE_IT_RUNS = {
    BackupState.STARTING: None,
    BackupState.WORKING: "None",
    BackupState.STOPPING: "Success",
}
"""All three were seen of sessions that ran: none, `None`, and `Success` ahead of time."""
_TASK_STATES = {BackupState.STARTING: "Pending", BackupState.STOPPED: "Completed"}


@dataclass(frozen=True, slots=True)
class BackupWays:
    """What differs between servers, and what is not documented, about backups and lookups."""

    backup_seconds: float = 0.0
    """How long a backup takes."""
    lag: float = 0.0
    """Seconds until Enterprise Manager shows a new session, or a change of a job."""
    links_starts: bool = True
    """Whether the task that started a job links to its session."""
    links_replicas: bool = True
    """Whether the part of a replication that is about one VM links to the replica's point."""
    copies_at_once: bool = False
    """Whether the copy job copies a backup as soon as it is made."""
    exact_names: bool = False
    """Whether names have times with their fraction, as on PostgreSQL."""
    matches_parts: bool = False
    """Whether the lookup of a name finds longer names too."""
    two_servers: bool = False
    """Whether the Hyper-V host and its job are another backup server's."""
    lists_unique_ids: bool = False
    """Whether lists of hosts name them by their unique ids, unlike references."""
    refused_roots: Mapping[str, int] = field(default_factory=dict)
    """Names of hosts on which nothing can be looked up, each with the status that says so."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a backup is to go, once it has been started."""

    result: RestoreResult = RestoreResult.SUCCESS
    reason: str = ""
    """Why the first of its VMs fails, or is warned of."""
    seconds: float = 0.0
    is_told_by_session: bool = False
    """Whether the session itself tells the reason; else that of its VM does."""


@dataclass(slots=True)
class ObjectInJob:
    """A VM, or a container of VMs, in a job. Enterprise Manager may lag behind the job itself."""

    id: str
    item: HierarchyItem
    shown_from: float = -math.inf
    shown_until: float = math.inf
    is_there: bool = True
    """Whether the job itself has it."""


@dataclass(slots=True)
class Job:
    """A job."""

    id: str
    name: str
    job_type: str
    platform: str
    description: str
    is_scheduled: bool | None
    """None: no schedule is configured."""
    linked: Job | None = None
    """Whose backups a copy job copies."""
    objects: list[ObjectInJob] = field(default_factory=list)
    server: BackupServer = FIRST_SERVER

    @property
    def uid(self) -> str:
        """URN of the job."""
        return f"urn:veeam:Job:{self.id}"

    @property
    def kind(self) -> str:
        """What its sessions are named after: `Replica`, or `Backup`, also where it copies."""
        return "Replica" if self.job_type == "Replica" else "Backup"

    def next_run(self, now: dt.datetime) -> dt.datetime | None:
        """Return when its schedule makes it run next: at ten in the evening."""
        if not self.is_scheduled:
            return None
        tonight = now.replace(hour=22, minute=0, second=0, microsecond=0)
        return tonight if tonight > now else tonight + _DAY

    def find(self, ref: str) -> ObjectInJob | None:
        """Return the object with a reference, if the job has it."""
        return next(
            (o for o in self.objects if o.is_there and o.item.ref.lower() == ref.lower()), None
        )


@dataclass(slots=True)
class TaskSession:
    """The part of a backup session that is about one VM."""

    id: str
    session: BackupSession
    item: HierarchyItem
    began: dt.datetime
    result: str = RestoreResult.SUCCESS
    reason: str = ""
    point: RestorePoint | None = None
    """What it has made, if it links to that."""

    @property
    def uid(self) -> str:
        """URN of the task session."""
        return f"urn:veeam:{self.session.job.kind}TaskSession:{self.id}"

    @property
    def name(self) -> str:
        """Name as Enterprise Manager shows it."""
        return f"{self.item.name}@{name_text(self.began, is_exact=self.session.is_exact)}"


@dataclass(slots=True)
class BackupSession:
    """One run of a job, or a quick backup."""

    id: str
    job: Job
    began: dt.datetime
    course: Course
    began_at: float = -math.inf
    shown_from: float = -math.inf
    is_linked: bool = True
    """Whether the task that started it links to it."""
    tasks: list[TaskSession] = field(default_factory=list)
    has_made_points: bool = False
    is_retry: bool = False
    """Whether it repeats what failed in the one before."""
    is_exact: bool = False
    """Whether its name has the second's fraction."""

    @property
    def uid(self) -> str:
        """URN of the session."""
        return f"urn:veeam:{self.job.kind}JobSession:{self.id}"

    @property
    def name(self) -> str:
        """Name as Enterprise Manager shows it."""
        return f"{self.job.name}@{name_text(self.began, is_exact=self.is_exact)}"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup session looks like at one moment."""

    state: BackupState
    result: str | None
    progress: int
    ended: dt.datetime | None
    message: str | None

    @property
    def task_state(self) -> str:
        """The state of the parts that are about one VM."""
        return _TASK_STATES.get(self.state, "InProgress")


class Backups:
    """All jobs and their sessions, the oldest first."""

    def __init__(
        self,
        catalogue: Catalogue,
        hierarchy: Hierarchy,
        clock: Callable[[], float],
        now: Callable[[], dt.datetime],
        ways: BackupWays,
    ) -> None:
        self._ways = ways
        self._catalogue = catalogue
        self._clock = clock
        self._now = now
        self._made = 0
        self._sessions: dict[str, BackupSession] = {}
        self.jobs: list[Job] = []
        self.started: list[BackupSession] = []
        """What clients have started, in this order."""
        daily = self.add_job("Daily", "Backup", "VMware", is_scheduled=True)
        others = [
            self.add_job("Domain controllers", "Backup", "VMware"),
            self.add_job("Databases", "Backup", hierarchy.hyperv.platform, is_scheduled=False),
        ]
        others[1].server = hierarchy.hyperv.server
        copy = self.add_job("Copies", "ImmediateBackupCopy", "CustomPlatform", is_scheduled=True)
        copy.linked = daily
        replicas = self.add_job("Replicas", "Replica", "VMware", is_scheduled=True)
        for machine in MACHINES:
            if machine.family is Family.VM and (item := hierarchy.find(machine.ref)):
                daily.objects.append(ObjectInJob(self._new_id(), item))
        for job, name in zip([*others, replicas], ("dc01", "sqlsrv03", "srv04"), strict=True):
            item = next(item for item in hierarchy if item.name == name)
            job.objects.append(ObjectInJob(self._new_id(), item))
        self._worker = Job("", f"{copy.name}\\{daily.name}", f"{copy.job_type}Worker", "", "", None)
        self._worker.linked = daily
        for job in (daily, replicas):
            self._remember_nights(job)

    def __iter__(self) -> Iterator[BackupSession]:
        """Yield the sessions that Enterprise Manager shows."""
        now = self._clock()
        return iter([s for s in self._sessions.values() if s.shown_from <= now])

    def sessions(self, kind: str) -> list[BackupSession]:
        """Return the sessions of a kind of jobs that Enterprise Manager shows."""
        return [session for session in self if session.job.kind == kind]

    def tasks(self, kind: str) -> list[TaskSession]:
        """Return the parts of these sessions."""
        return [task for session in self.sessions(kind) for task in session.tasks]

    def job(self, job_id: str) -> Job | None:
        """Return a job."""
        return next((job for job in self.jobs if job.id == job_id.lower()), None)

    def shown_objects(self, job: Job) -> list[ObjectInJob]:
        """Return what a job has, as far as Enterprise Manager knows."""
        now = self._clock()
        return [one for one in job.objects if one.shown_from <= now < one.shown_until]

    # What clients do, once their task's time has come

    def start(self, job: Job, course: Course, lag: float, *, is_linked: bool) -> BackupSession:
        """Start a job. Raises OperationFailed when it runs, or can't be started."""
        if job.linked:
            raise OperationFailed(f'Job "{job.name}" can\'t be started.')
        if any(self.runs(s) for s in self._sessions.values() if s.job is job):
            raise OperationFailed(f'Job "{job.name}" is already running.')
        items = [one.item for one in job.objects if one.is_there and one.item.type == "Vm"]
        return self._begin(job, items, course, lag, is_linked=is_linked)

    def back_up(self, item: HierarchyItem, course: Course, lag: float) -> BackupSession:
        """Back a VM up quickly. Raises OperationFailed when no job has a full backup of it."""
        jobs = [job for job in self.jobs if job.job_type == "Backup" and job.find(item.ref)]
        if not jobs or not any(p.is_full for p in self._points(item)):
            raise OperationFailed(
                f"Failed to create a quick backup of {item.name}: no backup job has a full backup "
                "of it."
            )
        return self._begin(jobs[0], [item], course, lag, is_linked=True)

    def include(self, job: Job, item: HierarchyItem, lag: float) -> None:
        """Put an object into a job. Raises OperationFailed when it is there already."""
        if job.find(item.ref):
            raise OperationFailed(f"Object {item.name} is already included in {job.name}.")
        job.objects.append(ObjectInJob(self._new_id(), item, self._clock() + lag))

    def exclude(self, job: Job, one: ObjectInJob, lag: float) -> None:
        """Take an object out of a job. Raises OperationFailed for the last one."""
        if not one.is_there:
            return
        if sum(other.is_there for other in job.objects) == 1:
            raise OperationFailed(
                f"Cannot delete object {one.item.name}: the job contains only one object."
            )
        one.is_there, one.shown_until = False, self._clock() + lag

    # What happens by itself

    def advance(self) -> None:
        """Make the restore points of the sessions whose time has come, and copy them."""
        for session in list(self._sessions.values()):
            if session.has_made_points or self.runs(session):
                continue
            session.has_made_points = True
            if session.job.linked:
                continue
            for task in session.tasks:
                self._make_point(task)
            if self._ways.copies_at_once and session.job is self._worker.linked:
                items = [task.item for task in session.tasks]
                self._begin(self._worker, items, Course(seconds=1.0), 0.0, is_linked=False)

    def runs(self, session: BackupSession) -> bool:
        """Tell whether a session has not stopped."""
        return self._clock() - session.began_at < session.course.seconds

    def report(self, session: BackupSession) -> BackupReport:
        """Return how far a session is."""
        course = session.course
        if not self.runs(session):
            ended = session.began + dt.timedelta(seconds=course.seconds)
            message = course.reason if course.is_told_by_session else None
            progress = 0 if session.job.job_type == "ImmediateBackupCopy" else 100
            return BackupReport(
                BackupState.STOPPED, course.result, progress, ended, message or None
            )
        share = (self._clock() - session.began_at) / course.seconds
        state = BackupState.WORKING
        if share < _STARTING:
            state = BackupState.STARTING
        elif share >= _STOPPING:
            state = BackupState.STOPPING
        return BackupReport(state, _RESULTS_WHILE_IT_RUNS[state], int(100 * share), None, None)

    # What tests do

    def remember(
        self,
        job: Job,
        item: HierarchyItem,
        began: dt.datetime,
        course: Course,
        *,
        is_retry: bool = False,
    ) -> BackupSession:
        """Let a backup of one VM be over, that began at that time."""
        session = self._add_session(job, began, course)
        session.is_retry = is_retry
        self._add_task(session, item, course.result, course.reason)
        return session

    def forget(self, session_id: str) -> None:
        """Remove a session. Raises KeyError when there is none."""
        del self._sessions[session_id]

    def add_job(
        self, name: str, job_type: str, platform: str, *, is_scheduled: bool | None = None
    ) -> Job:
        """Add a job that includes nothing."""
        job = Job(self._new_id(), name, job_type, platform, f"{name}, simulated", is_scheduled)
        self.jobs.append(job)
        return job

    def finish(self) -> None:
        """Let all that runs end now."""
        for session in filter(self.runs, self._sessions.values()):
            seconds = self._clock() - session.began_at
            session.course = replace(session.course, seconds=seconds)

    def _begin(
        self,
        job: Job,
        items: Iterable[HierarchyItem],
        course: Course,
        lag: float,
        *,
        is_linked: bool,
    ) -> BackupSession:
        session = self._add_session(job, self._now(), course)
        session.began_at = self._clock()
        session.shown_from, session.is_linked = session.began_at + lag, is_linked
        for number, item in enumerate(items):
            # A job is as bad as the worst of its VMs: here, that is the first.
            spoilt = (course.result, "" if course.is_told_by_session else course.reason)
            self._add_task(session, item, *(spoilt if number == 0 else (RestoreResult.SUCCESS, "")))
        if job is not self._worker:
            self.started.append(session)
        return session

    def _add_session(self, job: Job, began: dt.datetime, course: Course) -> BackupSession:
        session = BackupSession(self._new_id(), job, began, course, is_exact=self._ways.exact_names)
        self._sessions[session.id] = session
        return session

    def _add_task(
        self, session: BackupSession, item: HierarchyItem, result: str, reason: str
    ) -> None:
        began = session.began + dt.timedelta(seconds=session.course.seconds * _STARTING)
        session.tasks.append(TaskSession(self._new_id(), session, item, began, result, reason))

    def _make_point(self, task: TaskSession) -> None:
        if task.result == RestoreResult.FAILED:
            return
        moment = task.began + dt.timedelta(seconds=1)
        fraction = f"{moment.microsecond:06}"
        if task.session.job.kind == "Replica":
            replica = self._catalogue.replica_of(task.item.name)
            point = self._catalogue.add(replica, moment, fraction)
            task.point = point if self._ways.links_replicas else None
            return
        machine = self._catalogue.machine_at(task.item.ref, task.item.name)
        is_first = not self._points(task.item)
        task.point = self._catalogue.add(machine, moment, fraction, is_full=is_first)

    def _points(self, item: HierarchyItem) -> list[RestorePoint]:
        points = self._catalogue.of(Family.VM)
        return [point for point in points if point.machine.ref.lower() == item.ref.lower()]

    def _remember_nights(self, job: Job) -> None:
        """Add the sessions that made the restore points of the catalogue."""
        nights: dict[dt.date, BackupSession] = {}
        is_replica = job.kind == "Replica"
        end = "_replica" if is_replica else ""
        items = {f"{one.item.name}{end}": one.item for one in job.objects}
        for point in reversed(self._catalogue.of(Family.REPLICA if is_replica else Family.VM)):
            item = items.get(point.machine.name)
            if item is None:
                continue
            began = (
                dt.datetime.combine(point.created_at.date(), LAST_NIGHT.timetz())
                - _BEFORE_THE_FIRST
            )
            if began.date() not in nights:
                course = Course(seconds=_OF_A_NIGHT)
                nights[began.date()] = self._add_session(job, began, course)
            session = nights[began.date()]
            session.has_made_points = True
            task_began = point.created_at - dt.timedelta(seconds=1)
            is_told = self._ways.links_replicas or not is_replica
            session.tasks.append(
                TaskSession(
                    self._new_id(), session, item, task_began, point=point if is_told else None
                )
            )

    def _new_id(self) -> str:
        self._made += 1
        return _id(self._made)


@lru_cache(1024)
def _id(number: int) -> str:
    return str(uuid.uuid5(_NAMESPACE, str(number)))
