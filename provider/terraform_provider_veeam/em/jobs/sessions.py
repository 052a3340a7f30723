"""Job sessions: the runs of jobs and quick backups, and in each a task session for every VM.

Follows the vendor's pages backupsessions_id, backuptasksessions_id, get_query_backupjobsession,
get_query_backuptasksession, and their siblings for replication jobs.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from terraform_provider_veeam.em import models, times
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory import query
from terraform_provider_veeam.masking import printable


class SessionType(StrEnum):
    """Which kind of job a session is of: Enterprise Manager lists replications apart."""

    BACKUP = "Backup"  # copies too
    REPLICA = "Replica"

    @classmethod
    def of(cls, job_type: str | None) -> "SessionType":
        """Return that of the sessions of a type of jobs."""
        return cls.REPLICA if (job_type or "").casefold() == "replica" else cls.BACKUP

    @property
    def noun(self) -> str:
        """What a person calls the run of such a job."""
        return {SessionType.BACKUP: "backup", SessionType.REPLICA: "replication"}[self]

    @property
    def entity(self) -> str:
        """Name of the API's type, as in `urn:veeam:BackupJobSession:UUID`."""
        return f"{self}JobSession"

    @property
    def task_entity(self) -> str:
        """Name of the API's type for the part of a session that is about one VM."""
        return f"{self}TaskSession"


class JobSession(NamedTuple):
    """One run of a job, or a quick backup. Times are RFC 3339 in UTC."""

    type: SessionType
    id: str
    name: str
    job_id: str | None
    job_name: str | None
    created_at: str | None
    ended_at: str | None
    state: str  # `Starting`, `Working`, `Pausing`, `Resuming`, `Stopping` or `Stopped`
    result: str | None
    """`Success`, `Warning` or `Failed`; None until it is stopped, whatever the server says."""
    percent: int | None
    message: str | None  # null in many that failed: the task sessions tell why
    is_retry: bool | None  # whether it repeats only what failed in the session before
    is_copy: bool  # whether it copies backups

    @property
    def path(self) -> str:
        """Path below `/api`."""
        return session_path(self.type, self.id)

    @property
    def is_stopped(self) -> bool:
        """Whether it is over."""
        return self.state == "Stopped"


class TaskSession(NamedTuple):
    """The part of a job session that is about one VM. Times are RFC 3339 in UTC."""

    id: str
    name: str
    machine_name: str | None
    ref: str | None  # the VM in the hierarchy; None where an old version does not tell it
    session_id: str | None  # the job session that it is a part of
    job_name: str | None
    created_at: str | None
    ended_at: str | None
    state: str  # `Pending`, `InProgress` or `Completed`
    result: str | None
    """`Success`, `Warning` or `Failed`; None until it is completed, whatever the server says."""
    reason: str | None
    restore_point: models.RestorePointRef | None  # not always told of copies and replicas


class WantedSessions(NamedTuple):
    """Whose sessions are looked for, and from when to when; None means any."""

    type: SessionType = SessionType.BACKUP
    job_id: str | None = None
    job_name: str | None = None
    machine_name: str | None = None
    session_id: str | None = None  # of the job session that a machine's is a part of
    created_after: times.Time | None = None
    created_before: times.Time | None = None

    def conditions(self) -> list[query.Comparison]:
        """Return what the server can filter by."""
        return query.comparisons(
            ("JobUid", "==", query.urn("Job", self.job_id)),
            ("JobName", "==", self.job_name),
            ("VmDisplayName", "==", self.machine_name),
            ("JobSessionUid", "==", query.urn(self.type.entity, self.session_id)),
            ("CreationTime", ">=", self.created_after),
            ("CreationTime", "<=", self.created_before),
        )

    def matches(self, session: JobSession | TaskSession) -> bool:
        """Tell whether one is wanted. Raises UnexpectedAnswer if the server ignored the filter."""
        told = session._asdict()
        for name in ("job_id", "job_name", "machine_name", "session_id"):
            wanted = getattr(self, name)
            if wanted is not None and str(told.get(name)).casefold() != wanted.casefold():
                condition = f"{name} is {printable(wanted)}"
                raise query.ignored_filter("session", printable(session.name), condition)
        bounds = self.created_after, self.created_before
        if bounds == (None, None):
            return True
        created_at = session.created_at
        return created_at is not None and times.Time.parse(created_at).is_within(*bounds)


def session_path(kind: SessionType, session_id: str) -> str:
    """Return the path of a job session below `/api`."""
    return f"/{kind.lower()}Sessions/{quote(session_id, safe='')}"


def read_job_session(client: SessionClient, path: str) -> JobSession:
    """Return the job session at a path below `/api`. Raises NotFound, UnexpectedAnswer."""
    return parse_job_session(client.get(f"{path}?format=Entity").document.value)


def job_sessions(client: SessionClient, wanted: WantedSessions) -> Iterator[JobSession]:
    """Return the job sessions that are wanted, the newest first. Raises UnexpectedAnswer."""
    found = query.query(client, wanted.type.entity, wanted.conditions(), "CreationTime")
    return filter(wanted.matches, map(parse_job_session, found))


def task_sessions(client: SessionClient, wanted: WantedSessions) -> Iterator[TaskSession]:
    """Return the task sessions that are wanted, the newest first. Raises UnexpectedAnswer."""
    found = query.query(client, wanted.type.task_entity, wanted.conditions(), "CreationTime")
    return filter(wanted.matches, map(parse_task_session, found))


def parse_job_session(entity: decoders.Resource) -> JobSession:
    """Return the job session that an entity describes. Raises UnexpectedAnswer."""
    session_id, state = decoders.own_uuid(entity), decoders.text(entity, "State")
    if not session_id or state is None:
        raise decoders.unreadable("Something else came where a job's session should be.")
    told = decoders.text(entity, "UID") or decoders.path_of(entity)
    return JobSession(
        type=SessionType.REPLICA if "replica" in told.lower() else SessionType.BACKUP,
        id=session_id,
        name=decoders.text(entity, "Name") or session_id,
        job_id=decoders.uuid(entity, "JobUid") or None,
        job_name=decoders.text(entity, "JobName"),
        created_at=decoders.time(entity, "CreationTimeUTC"),
        ended_at=decoders.time(entity, "EndTimeUTC"),
        state=state,
        result=_result(entity) if state == "Stopped" else None,
        percent=decoders.integer(entity, "Progress"),
        message=decoders.message(entity, "FailureMessage"),
        is_retry=decoders.boolean(entity, "IsRetry"),
        is_copy="copy" in (decoders.text(entity, "JobType") or "").lower(),
    )


def parse_task_session(entity: decoders.Resource) -> TaskSession:
    """Return the task session that an entity describes. Raises UnexpectedAnswer."""
    task_id, state = decoders.own_uuid(entity), decoders.text(entity, "State")
    if not task_id or state is None:
        raise decoders.unreadable("Something else came where a task session should be.")
    points = decoders.related_restore_points(entity)
    return TaskSession(
        id=task_id,
        name=decoders.text(entity, "Name") or task_id,
        machine_name=decoders.text(entity, "VmDisplayName"),
        ref=decoders.text(entity, "VmUid"),
        session_id=decoders.uuid(entity, "JobSessionUid") or None,
        job_name=_job_name(entity),
        created_at=decoders.time(entity, "CreationTimeUTC"),
        ended_at=decoders.time(entity, "EndTimeUTC"),
        state=state,
        result=_result(entity) if state == "Completed" else None,
        reason=decoders.message(entity, "Reason"),
        restore_point=points[0] if points else None,
    )


def _job_name(entity: decoders.Resource) -> str | None:
    """Return the job's name, with which the session's begins: `Daily@2026-03-02 …`."""
    up = [link.name or "" for link in decoders.links(entity) if "sessions/" in link.path.lower()]
    return (up[0].rpartition("@")[0] or up[0] or None) if up else None


def _result(entity: decoders.Resource) -> str | None:
    told = decoders.text(entity, "Result")
    return None if told == "None" else told
