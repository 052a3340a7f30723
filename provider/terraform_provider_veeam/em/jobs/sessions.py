"""Backup sessions: the runs of jobs and quick backups, and in each a task session for every VM.

Follows the vendor's pages backupsessions_id, backuptasksessions_id, get_query_backupjobsession and
get_query_backuptasksession.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.http.decoders import (
    Resource,
    api_path,
    integer,
    links,
    member,
    message,
    text,
    unreadable,
)
from terraform_provider_veeam.em.inventory.query import Comparison, query
from terraform_provider_veeam.em.models import restore_point_at
from terraform_provider_veeam.em.times import Time, utc
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.models import LogonSession


class BackupSession(NamedTuple):
    """One run of a job, or a quick backup. Times are RFC 3339 in UTC."""

    id: str
    name: str
    job_id: str | None
    job_name: str | None
    created_at: str | None
    ended_at: str | None
    state: str
    """`Starting`, `Working`, `Pausing`, `Resuming`, `Stopping` or `Stopped`."""
    result: str | None
    """`Success`, `Warning` or `Failed`; None until it is stopped, whatever the server says."""
    percent: int | None
    message: str | None

    @property
    def is_stopped(self) -> bool:
        """Whether it is over."""
        return self.state == "Stopped"


class TaskSession(NamedTuple):
    """The part of a backup session that is about one VM. Times are RFC 3339 in UTC."""

    id: str
    name: str
    machine_name: str | None
    ref: str | None
    """The VM in the hierarchy; None where an old version does not tell it."""
    session_id: str | None
    """The backup session that it is a part of."""
    job_name: str | None
    created_at: str | None
    ended_at: str | None
    state: str
    """`Pending`, `InProgress` or `Completed`."""
    result: str | None
    """`Success`, `Warning` or `Failed`; None until it is completed, whatever the server says."""
    reason: str | None
    restore_point_id: str | None


class WantedSessions(NamedTuple):
    """Whose sessions are looked for, and from when on; None means any."""

    job_id: str | None = None
    job_name: str | None = None
    machine_name: str | None = None
    session_id: str | None = None
    """Of the backup session that a machine's is a part of."""
    since: Time | None = None

    def conditions(self) -> list[Comparison]:
        """Return what the server can filter by."""
        found = (
            ("JobUid", "==", self.job_id and f"urn:veeam:Job:{self.job_id}"),
            ("JobName", "==", self.job_name),
            ("VmDisplayName", "==", self.machine_name),
            (
                "JobSessionUid",
                "==",
                self.session_id and f"urn:veeam:BackupJobSession:{self.session_id}",
            ),
            ("CreationTime", ">=", self.since and str(self.since)),
        )
        return [Comparison(field, sign, value) for field, sign, value in found if value]

    def matches(self, session: BackupSession | TaskSession) -> bool:
        """Tell whether a session is one of those wanted.

        Raises UnexpectedAnswer for one that the server should have left out: a server that ignores
        the filter would tell of other backups.
        """
        told = session._asdict()
        for name in ("job_id", "job_name", "machine_name", "session_id"):
            wanted = getattr(self, name)
            if wanted is not None and str(told.get(name)).casefold() != wanted.casefold():
                raise UnexpectedAnswer(
                    "Enterprise Manager answered with a backup that was not asked for",
                    f"Among the results is {printable(session.name)}, although {name} is "
                    f"{printable(wanted)}. The filter of the query seems to be ignored, so none of "
                    "the results is used. Is there a proxy in between that changes addresses?",
                )
        if self.since is None:
            return True
        return session.created_at is not None and Time.parse(session.created_at) >= self.since


def session_path(session_id: str) -> str:
    """Return the path of a backup session below `/api`."""
    return f"/backupSessions/{quote(session_id, safe='')}"


def read_backup_session(
    client: Client, session: LogonSession, path: str, deadline: Deadline
) -> BackupSession:
    """Return the backup session at a path below `/api`. Raises NotFound, UnexpectedAnswer."""
    answer = client.request("GET", f"{path}?format=Entity", deadline, token=session.token)
    return parse_backup_session(answer.document.value)


def backup_sessions(
    client: Client,
    session: LogonSession,
    wanted: WantedSessions,
    deadline: Deadline,
) -> Iterator[BackupSession]:
    """Return the backup sessions that are wanted, the newest first. Raises UnexpectedAnswer."""
    return filter(
        wanted.matches,
        map(parse_backup_session, _query(client, session, "BackupJobSession", wanted, deadline)),
    )


def task_sessions(
    client: Client,
    session: LogonSession,
    wanted: WantedSessions,
    deadline: Deadline,
) -> Iterator[TaskSession]:
    """Return the task sessions that are wanted, the newest first. Raises UnexpectedAnswer."""
    return filter(
        wanted.matches,
        map(parse_task_session, _query(client, session, "BackupTaskSession", wanted, deadline)),
    )


def _query(
    client: Client, session: LogonSession, kind: str, wanted: WantedSessions, deadline: Deadline
) -> Iterator[Resource]:
    conditions = wanted.conditions()
    return query(client, session, kind, deadline, conditions=conditions, sort_desc="CreationTime")


def parse_backup_session(entity: Resource) -> BackupSession:
    """Return the backup session that an entity describes. Raises UnexpectedAnswer."""
    session_id, state = _id_of(entity), text(entity, "State")
    if session_id is None or state is None:
        raise unreadable("In place of a backup session there is something else.")
    return BackupSession(
        id=session_id,
        name=text(entity, "Name") or session_id,
        job_id=_last(text(entity, "JobUid")),
        job_name=text(entity, "JobName"),
        created_at=utc(text(entity, "CreationTimeUTC")),
        ended_at=utc(text(entity, "EndTimeUTC")),
        state=state,
        result=_result(entity) if state == "Stopped" else None,
        percent=integer(entity, "Progress"),
        message=message(entity, "FailureMessage"),
    )


def parse_task_session(entity: Resource) -> TaskSession:
    """Return the task session that an entity describes. Raises UnexpectedAnswer."""
    task_id, state = _id_of(entity), text(entity, "State")
    if task_id is None or state is None:
        raise unreadable("In place of a task session there is something else.")
    points = [
        point.id
        for link in links(entity)
        if link.is_for("Related") and (point := restore_point_at(link.path))
    ]
    return TaskSession(
        id=task_id,
        name=text(entity, "Name") or task_id,
        machine_name=text(entity, "VmDisplayName"),
        ref=text(entity, "VmUid"),
        session_id=_last(text(entity, "JobSessionUid")),
        job_name=_job_name(entity),
        created_at=utc(text(entity, "CreationTimeUTC")),
        ended_at=utc(text(entity, "EndTimeUTC")),
        state=state,
        result=_result(entity) if state == "Completed" else None,
        reason=message(entity, "Reason"),
        restore_point_id=points[0] if points else None,
    )


def _job_name(entity: Resource) -> str | None:
    """Return the name of the job, which the session's name begins with: `Daily@2026-03-02 …`."""
    up = [link.name or "" for link in links(entity) if link.is_below("/backupSessions")]
    return (up[0].rpartition("@")[0] or None) if up else None


def _result(entity: Resource) -> str | None:
    told = text(entity, "Result")
    return None if told == "None" else told


def _id_of(entity: Resource) -> str | None:
    path = api_path(member(entity, "Href")) or ""
    return _last(text(entity, "UID")) or path.rpartition("/")[2].lower() or None


def _last(urn: str | None) -> str | None:
    """Return the UUID at the end of a URN, or what there is in its place."""
    return urn.rpartition(":")[2].lower() if urn else None
