"""The kinds of resources that can be listed and queried, with the fields of each.

Follows the vendor's pages get_query_vmrestorepoint, get_query_restoresession,
get_query_backuptasksession and their siblings.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from em_simulator.accounts import Right
from em_simulator.catalogue import Family
from em_simulator.entities import BACKUP_SERVER_VALUES, Entities
from em_simulator.query import Field, number, ranked, text, time
from em_simulator.repositories import REPOSITORIES
from em_simulator.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from em_simulator.backups import BackupReport, Backups, Job, TaskSession
    from em_simulator.hierarchy import Hierarchy
    from em_simulator.job_entities import JobEntities
    from em_simulator.manager import Manager
    from em_simulator.query import Fields
    from em_simulator.representations import Resource
    from em_simulator.restores import RestoreSession
    from em_simulator.sessions import Session

_ALGORITHM = ranked("Full", "Incremental", "ReversedIncremental", "SyntheticFull")
_POINT_TYPE = ranked("Full", "Increment", "ReverseIncrement", "Snapshot")
_RESTORE_TYPE = ranked("FileLevelRestore", "RestoreVm")
_RESTORE_STATE = ranked("Starting", "Working", "Stopping", "Stopped")
_BACKUP_STATE = ranked("Starting", "Working", "Pausing", "Resuming", "Stopping", "Stopped")
_TASK_SESSION_STATE = ranked("Pending", "InProgress", "Completed")
_RESULT = ranked("None", "Success", "Warning", "Failed")
_TASK_STATE = ranked("Running", "OperationFinished", "Finished")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resources."""

    name: str
    path: str | None
    """Of its collection below `/api/`; None for one that has a handler of its own."""
    right: Right | None
    """What it takes to see them."""
    fields: Fields
    items: Callable[[Session], Iterable[Any]]
    find: Callable[[str], Any]
    """Return the one with an id, or None."""
    entity: Callable[[Any], Resource]
    reference: Callable[[Any], Resource] | None = None
    """None: it has no references, and a query tells of it under `Resources`."""


def all_kinds(
    manager: Manager,
    entities: Entities,
    of_jobs: JobEntities,
    show_task: Callable[[Any], Resource],
) -> list[Kind]:
    """Return all kinds."""
    return [
        *(_restore_points(manager, entities, family) for family in Family),
        _restore_sessions(manager, entities),
        _backup_servers(manager.hierarchy, entities),
        _hierarchy_roots(manager.hierarchy, of_jobs),
        _repositories(of_jobs),
        _jobs(manager, of_jobs),
        *(_job_sessions(manager.backups, of_jobs, kind) for kind in ("Backup", "Replica")),
        *(_task_sessions(manager.backups, of_jobs, kind) for kind in ("Backup", "Replica")),
        _tasks(show_task),
    ]


def _value(read: Callable[[Any], Any], path: str) -> Field:
    return Field(read, attrgetter(path))


def _fixed(read: Callable[[Any], Any], value: Any) -> Field:
    return Field(read, lambda _: value)


def _of_server(path: str) -> Fields:
    """Return the fields of the backup server that is at a path in an item."""
    return {
        "BackupServerUid": _value(text, f"{path}.uid"),
        "BackupServerName": _value(text, f"{path}.name"),
    }


_OF_POINT = {
    "UID": _value(text, "uid"),
    "Name": _value(text, "name"),
    "CreationTime": _value(time, "created_text"),
    "Type": _value(_POINT_TYPE, "point_type"),
    "Algorithm": _value(_ALGORITHM, "algorithm"),
    **_of_server("machine.server"),
}
_OF_BACKUP = {
    "RestorePointId": _value(text, "backup_point_id"),
    "RestorePointName": _value(text, "backup_point_name"),
}
_OF_FAMILY: dict[Family, dict[str, Field]] = {
    Family.VM: {
        **_OF_BACKUP,
        "VmDisplayName": _value(text, "machine.name"),
        "HierarchyObjRef": _value(text, "machine.hierarchy_ref"),
    },
    Family.REPLICA: {
        "ReplicaUid": Field(text, lambda point: f"urn:veeam:Replica:{point.machine.backup_id}"),
        "ReplicaName": _value(text, "machine.backup_name"),
        "VmDisplayName": _value(text, "machine.name"),
    },
    Family.AGENT: {
        **_OF_BACKUP,
        "ComputerName": _value(text, "machine.name"),
        "BackupUid": Field(text, lambda point: f"urn:veeam:Backup:{point.machine.backup_id}"),
        "BackupName": _value(text, "machine.backup_name"),
        "BackupFileUid": Field(text, lambda point: f"urn:veeam:BackupFile:{point.backup_file_id}"),
        "BackupFileName": _value(text, "backup_file_name"),
    },
}


def _restore_points(manager: Manager, entities: Entities, family: Family) -> Kind:
    return Kind(
        name=family.entity,
        path=family.collection,
        right=Right.READ_AGENT_POINTS if family is Family.AGENT else Right.READ_POINTS,
        fields=_OF_POINT | _OF_FAMILY[family],
        items=lambda _: manager.catalogue.of(family),
        find=lambda point_id: manager.catalogue.find(family, point_id),
        entity=entities.restore_point,
        reference=entities.restore_point_reference,
    )


def _restore_sessions(manager: Manager, entities: Entities) -> Kind:
    report = manager.restores.report

    def ended(restore: RestoreSession) -> str | None:
        moment = report(restore).ended
        return utc_text(moment) if moment else None

    return Kind(
        name="RestoreSession",
        path="restoreSessions",
        right=None,
        fields={
            "UID": Field(text, lambda restore: f"urn:veeam:RestoreSession:{restore.id}"),
            "Name": _value(text, "name"),
            "Type": _fixed(_RESTORE_TYPE, "FileLevelRestore"),
            "CreationTime": Field(time, lambda restore: utc_text(restore.began)),
            "EndTime": Field(time, ended),
            "State": Field(_RESTORE_STATE, lambda restore: report(restore).state),
            "Result": Field(_RESULT, lambda restore: report(restore).result),
            "VmDisplayName": _value(text, "restore_point.machine.name"),
            **_of_server("restore_point.machine.server"),
        },
        items=lambda _: manager.restores,
        find=manager.restores.find,
        entity=lambda restore: entities.restore_session(restore, report(restore)),
        reference=entities.restore_session_reference,
    )


def _backup_servers(hierarchy: Hierarchy, entities: Entities) -> Kind:
    return Kind(
        name="BackupServer",
        path="backupServers",
        right=Right.READ_SERVERS,
        fields={
            "UID": _value(text, "uid"),
            "Name": _value(text, "name"),
            "Description": _fixed(text, BACKUP_SERVER_VALUES["Description"]),
            "IpOrDnsName": _value(text, "name"),
            "Port": _fixed(number, BACKUP_SERVER_VALUES["Port"]),
            "Version": _fixed(text, BACKUP_SERVER_VALUES["Version"]),
        },
        items=lambda _: hierarchy.servers,
        find=lambda server_id: _with_id(hierarchy.servers, server_id),
        entity=entities.backup_server,
        reference=entities.backup_server_reference,
    )


def _hierarchy_roots(hierarchy: Hierarchy, entities: JobEntities) -> Kind:
    return Kind(
        name="HierarchyRoot",
        path="hierarchyRoots",
        right=Right.READ_SERVERS,
        fields={
            "UID": _value(text, "uid"),
            "Name": _value(text, "name"),
            "UniqueId": _value(text, "unique_id"),
            "HostType": _value(text, "host_type"),
            **_of_server("server"),
        },
        items=lambda _: hierarchy.roots,
        find=hierarchy.root,
        entity=entities.root,
        reference=entities.root_reference,
    )


def _repositories(entities: JobEntities) -> Kind:
    return Kind(
        name="Repository",
        path="repositories",
        right=Right.READ_SERVERS,
        fields={
            "UID": _value(text, "uid"),
            "Name": _value(text, "name"),
            "Capacity": _value(number, "capacity"),
            "FreeSpace": _value(number, "free_space"),
            **_of_server("server"),
        },
        items=lambda _: REPOSITORIES,
        find=lambda repository_id: _with_id(REPOSITORIES, repository_id),
        entity=entities.repository,
        reference=entities.repository_reference,
    )


def _jobs(manager: Manager, entities: JobEntities) -> Kind:
    def next_run(job: Job) -> str | None:
        moment = job.next_run(manager.now())
        return utc_text(moment) if moment else None

    return Kind(
        name="Job",
        path="jobs",
        right=Right.MANAGE_JOBS,
        fields={
            "UID": _value(text, "uid"),
            "Name": _value(text, "name"),
            "Description": _value(text, "description"),
            "NextRun": Field(time, next_run),
            "JobType": _value(text, "job_type"),
            "Platform": _value(text, "platform"),
            "ScheduleConfigured": Field(text, lambda job: job.is_scheduled is not None),
            "ScheduleEnabled": Field(text, lambda job: bool(job.is_scheduled)),
            **_of_server("server"),
        },
        items=lambda _: manager.backups.jobs,
        find=manager.backups.job,
        entity=lambda job: entities.job(job, manager.backups.shown_objects(job), manager.now()),
        reference=entities.job_reference,
    )


def _ended(report: BackupReport) -> str | None:
    return utc_text(report.ended) if report.ended else None


def _job_sessions(backups: Backups, entities: JobEntities, kind: str) -> Kind:
    report = backups.report
    return Kind(
        name=f"{kind}JobSession",
        path=f"{kind.lower()}Sessions",
        right=Right.READ_SERVERS,
        fields={
            "UID": _value(text, "uid"),
            "Name": _value(text, "name"),
            "JobType": _value(text, "job.job_type"),
            "JobUid": _value(text, "job.uid"),
            "JobName": _value(text, "job.name"),
            "CreationTime": Field(time, lambda session: utc_text(session.began)),
            "EndTime": Field(time, lambda session: _ended(report(session))),
            "State": Field(_BACKUP_STATE, lambda session: report(session).state),
            "Result": Field(_RESULT, lambda session: report(session).result),
            "IsRetry": _value(text, "is_retry"),
            **_of_server("job.server"),
        },
        items=lambda _: backups.sessions(kind),
        find=lambda session_id: _with_id(backups.sessions(kind), session_id),
        entity=lambda session: entities.session(session, report(session)),
        reference=entities.session_reference,
    )


def _task_sessions(backups: Backups, entities: JobEntities, kind: str) -> Kind:
    def report(task: TaskSession) -> BackupReport:
        return backups.report(task.session)

    return Kind(
        name=f"{kind}TaskSession",
        path=f"{kind.lower()}TaskSessions",
        right=Right.READ_SERVERS,
        fields={
            "UID": _value(text, "uid"),
            "Name": _value(text, "name"),
            "CreationTime": Field(time, lambda task: utc_text(task.began)),
            "EndTime": Field(time, lambda task: _ended(report(task))),
            "State": Field(_TASK_SESSION_STATE, lambda task: report(task).task_state),
            "Result": Field(_RESULT, lambda task: task.result if report(task).ended else None),
            "Reason": _value(text, "reason"),
            "JobSessionUid": _value(text, "session.uid"),
            "JobUid": _value(text, "session.job.uid"),
            "JobName": _value(text, "session.job.name"),
            "VmDisplayName": _value(text, "item.name"),
            **_of_server("session.job.server"),
        },
        items=lambda _: backups.tasks(kind),
        find=lambda task_id: _with_id(backups.tasks(kind), task_id),
        entity=lambda task: entities.task(task, report(task)),
        reference=entities.task_reference,
    )


def _with_id(items: Iterable[Any], item_id: str) -> Any:
    return next((item for item in items if item.id == item_id.lower()), None)


def _tasks(show: Callable[[Any], Resource]) -> Kind:
    return Kind(
        name="Task",
        path=None,
        right=None,
        fields={
            "TaskId": _value(text, "id"),
            "State": _value(_TASK_STATE, "state"),
            "Operation": _value(text, "operation"),
        },
        items=lambda session: list(session.tasks.values()),
        find=lambda _: None,
        entity=show,
    )
