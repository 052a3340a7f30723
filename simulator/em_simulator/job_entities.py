"""How jobs, their sessions, hosts, repositories and what a lookup finds are represented.

Follows the vendor's pages jobs_id, jobs_id_includes, backupsessions_id, backuptasksessions_id,
get_query_backuptasksession, hierarchyroots_id, lookupsvc, lookup_query and repositories_id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from em_simulator.catalogue import BACKUP_SERVER
from em_simulator.hierarchy import ROOTS
from em_simulator.representations import Collection, Empty, Link, Listing, Resource
from em_simulator.times import utc_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from em_simulator.addresses import Addresses
    from em_simulator.backups import (
        BackupReport,
        BackupSession,
        Job,
        ObjectInJob,
        TaskSession,
    )
    from em_simulator.hierarchy import HierarchyItem, HierarchyRoot
    from em_simulator.repositories import Repository
    from em_simulator.sessions import Session


class JobEntities:
    """Makes references and entities."""

    def __init__(self, addresses: Addresses) -> None:
        self._at = addresses

    def job_reference(self, job: Job) -> Resource:
        """Return a job as a reference."""
        href = self._at.job(job)
        links = [
            self._up_to_server(),
            Link("Alternate", f"{href}?format=Entity", "Job", job.name),
            Link("Down", f"{href}/backupSessions", "BackupJobSessionReferenceList"),
        ]
        return Resource("Ref", _named(href, "JobReference", job.name, job.uid), links)

    def job(self, job: Job, objects: Iterable[ObjectInJob], now: dt.datetime) -> Resource:
        """Return a job as an entity, with what it includes."""
        href, next_run = self._at.job(job), job.next_run(now)
        return Resource(
            "Job",
            _named(f"{href}?format=Entity", "Job", job.name, job.uid),
            [
                self._up_to_server(),
                Link("Alternate", href, "JobReference", job.name),
                *(self._of_copy(href) if job.linked else self._of_backup(job, href)),
            ],
            {
                "JobType": job.job_type,
                "Platform": job.platform,
                "Description": job.description,
                "ScheduleConfigured": job.is_scheduled is not None,
                "ScheduleEnabled": bool(job.is_scheduled),
                "NextRun": utc_text(next_run) if next_run else None,
                "JobScheduleOptions": _schedule(job),
                "JobInfo": _linked(job.linked) if job.linked else self._includes(job, objects),
            },
        )

    def _of_backup(self, job: Job, href: str) -> list[Link]:
        return [
            Link("Edit", href, "JobReference", job.name),
            Link("Clone", f"{href}?action=clone"),
            Link("ToggleScheduleEnabled", f"{href}?action=toggleScheduleEnabled"),
            Link("Down", f"{href}/includes", "ObjectInJobList"),
            Link("Down", f"{href}/backupSessions", "BackupJobSessionReferenceList"),
            Link("Create", f"{href}/includes", "ObjectInJob"),
            Link("Start", f"{href}?action=start"),
            Link("Stop", f"{href}?action=stop"),
            Link("Retry", f"{href}?action=retry"),
        ]

    def _of_copy(self, href: str) -> list[Link]:
        return [
            Link("Clone", f"{href}?action=clone"),
            Link("ToggleScheduleEnabled", f"{href}?action=toggleScheduleEnabled"),
            Link("Down", f"{href}/backupSessions", "BackupJobSessionReferenceList"),
            Link("Sync", f"{href}?action=sync"),
            Link("Down", f"{href}/linkedJobs", "LinkedJobObjectList"),
            Link("Create", f"{href}/linkedJobs", "LinkedJobObject"),
        ]

    def _includes(self, job: Job, objects: Iterable[ObjectInJob]) -> Resource:
        members = [self._object(job, one) for one in objects]
        info = Resource(
            "BackupJobInfo",
            properties={
                "Includes": Listing("ObjectInJob", members),
                "SimpleRetentionPolicy": Resource(
                    "SimpleRetentionPolicy",
                    properties={
                        "RetainCycles": 7,
                        "RetainDaysToKeep": 7,
                        "RetainLimitType": "Cycles",
                    },
                ),
            },
        )
        return Resource("JobInfo", properties={"BackupJobInfo": info})

    def objects(self, job: Job, objects: Iterable[ObjectInJob]) -> Collection:
        """Return what a job includes, with links."""
        members = [self._object(job, one, has_links=True) for one in objects]
        return Collection("ObjectsInJob", members, "ObjectInJobs")

    def _object(self, job: Job, one: ObjectInJob, *, has_links: bool = False) -> Resource:
        href, name = self._at.object_in_job(job, one), one.item.name
        links = [
            Link("Delete", href, "ObjectInJob", name),
            Link("Up", self._at.job(job), "JobReference", job.name),
        ]
        return Resource(
            "ObjectInJob",
            {"Href": href, "Type": "ObjectInJob"},
            links if has_links else [],
            {
                "ObjectInJobId": one.id,
                "HierarchyObjRef": one.item.ref,
                "Name": name,
                "DisplayName": name,
                "Order": 0,
                "GuestProcessingOptions": Empty(),
            },
        )

    def session_reference(self, session: BackupSession) -> Resource:
        """Return a backup session as a reference."""
        href = self._at.backup_session(session)
        links = [
            self._up_to_server(),
            Link("Up", self._at.job(session.job), "JobReference", session.job.name),
            Link("Alternate", f"{href}?format=Entity", "BackupJobSession", session.name),
        ]
        attributes = _named(href, "BackupJobSessionReference", session.name, session.uid)
        return Resource("Ref", attributes, links)

    def session(self, session: BackupSession, report: BackupReport) -> Resource:
        """Return a backup session as an entity, as it is now."""
        href, job = self._at.backup_session(session), session.job
        points = {
            task.point.backup_point_id: task.point for task in session.tasks if task.point
        }.values()
        return Resource(
            "BackupJobSession",
            _named(f"{href}?format=Entity", "BackupJobSession", session.name, session.uid),
            [
                self._up_to_server(),
                Link("Up", self._at.job(job), "JobReference", job.name),
                Link("Alternate", href, "BackupJobSessionReference", session.name),
                Link("Down", f"{href}/taskSessions", "BackupTaskSessionReferenceList"),
                Link("Stop", f"{href}?action=stop"),
                *(
                    Link(
                        "Related",
                        f"{self._at.base}/restorePoints/{point.backup_point_id}",
                        "RestorePointReference",
                        point.backup_point_name,
                    )
                    for point in points
                ),
            ],
            {
                "JobUid": job.uid,
                "JobName": job.name,
                "JobType": job.job_type,
                "CreationTimeUTC": utc_text(session.began),
                "EndTimeUTC": utc_text(report.ended) if report.ended else None,
                "State": str(report.state),
                "Result": report.result,
                "Progress": report.progress,
                "IsRetry": False,
                "FailureMessage": report.message,
            },
        )

    def task_reference(self, task: TaskSession) -> Resource:
        """Return the part of a session that is about one VM, as a reference."""
        href = self._at.task_session(task)
        alternate = Link("Alternate", f"{href}?format=Entity", "BackupTaskSession", task.name)
        attributes = _of_task(href, "BackupTaskSessionReference", task)
        return Resource("Ref", attributes, [self._up_to_server(), self._up_to(task), alternate])

    def task(self, task: TaskSession, report: BackupReport) -> Resource:
        """Return the part of a session that is about one VM, as it is now."""
        href, is_over = self._at.task_session(task), report.ended is not None
        links = [
            self._up_to_server(),
            self._up_to(task),
            Link("Alternate", href, "BackupTaskSessionReference", task.name),
        ]
        if task.point:
            at = f"{self._at.point(task.point)}?format=Entity"
            links.append(Link("Related", at, "VmRestorePoint", task.point.name))
        running = None if report.task_state == "Pending" else "Success"  # ahead of time
        return Resource(
            "BackupTaskSession",
            _of_task(f"{href}?format=Entity", "BackupTaskSession", task),
            links,
            {
                "JobSessionUid": task.session.uid,
                "CreationTimeUTC": utc_text(task.began),
                "EndTimeUTC": utc_text(report.ended) if report.ended else None,
                "State": report.task_state,
                "Result": str(task.result) if is_over else running,
                "Reason": task.reason if is_over and task.reason else Empty(),
                "TotalSize": 32212254720,
                "VmUid": task.item.ref,
            },
        )

    def _up_to(self, task: TaskSession) -> Link:
        session = task.session
        href = self._at.backup_session(session)
        return Link("Up", href, "BackupJobSessionReference", session.name)

    def root_reference(self, root: HierarchyRoot) -> Resource:
        """Return a host as a reference."""
        href = self._at.root(root)
        alternate = Link("Alternate", f"{href}?format=Entity", "HierarchyRoot", root.name)
        attributes = _named(href, "HierarchyRootReference", root.name, root.uid)
        return Resource("Ref", attributes, [self._up_to_server(), alternate])

    def root(self, root: HierarchyRoot) -> Resource:
        """Return a host as an entity."""
        href = self._at.root(root)
        managed = f"{self._at.base}/managedServers/{root.id}?format=Entity"
        return Resource(
            "HierarchyRoot",
            _named(f"{href}?format=Entity", "HierarchyRoot", root.name, root.uid),
            [
                self._up_to_server(),
                Link("Alternate", href, "HierarchyRootReference", root.name),
                Link("Related", managed, "ManagedServer", root.name),
            ],
            {
                "HierarchyRootId": root.id,
                "UniqueId": root.unique_id,
                "HostType": root.host_type,
            },
        )

    def lookup_service(self, session: Session) -> Resource:
        """Return what can be looked up: the types of each host."""
        return Resource(
            "LookupSvc",
            {"Href": f"{self._at.base}/lookupSvc", "Type": "LookupService"},
            [
                Link("Up", self._at.session(session), "LogonSession"),
                *(
                    Link("Down", self._at.lookup(root, kind), "HierarchyItemList")
                    for root in ROOTS
                    for kind in root.listed_types
                ),
            ],
        )

    def items(self, items: Iterable[HierarchyItem]) -> Collection:
        """Return what a lookup found."""
        members = [
            Resource(
                "HierarchyItem",
                {"Type": "HierarchyItem"},
                properties={
                    "ObjectRef": item.ref,
                    "ObjectType": item.type,
                    "ObjectName": item.name,
                },
            )
            for item in items
        ]
        return Collection("HierarchyItems", members)

    def repository_reference(self, repository: Repository) -> Resource:
        """Return a repository as a reference."""
        href = self._at.repository(repository)
        alternate = Link("Alternate", f"{href}?format=Entity", "Repository", repository.name)
        links = [self._up_to_server(), alternate, *_of_repository(href)]
        attributes = _named(href, "RepositoryReference", repository.name, repository.uid)
        return Resource("Ref", attributes, links)

    def repository(self, repository: Repository) -> Resource:
        """Return a repository as an entity."""
        href = self._at.repository(repository)
        links = [
            self._up_to_server(),
            Link("Alternate", href, "RepositoryReference", repository.name),
            *_of_repository(href),
        ]
        return Resource(
            "Repository",
            _named(f"{href}?format=Entity", "Repository", repository.name, repository.uid),
            links,
            {
                "Capacity": repository.capacity,
                "FreeSpace": repository.free_space,
                "Kind": repository.kind,
            },
        )

    def _up_to_server(self) -> Link:
        return Link("Up", self._at.backup_server, "BackupServerReference", BACKUP_SERVER)


def _named(href: str, kind: str, name: str, uid: str) -> dict[str, str]:
    return {"Href": href, "Type": kind, "Name": name, "UID": uid}


def _of_task(href: str, kind: str, task: TaskSession) -> dict[str, str]:
    return {**_named(href, kind, task.name, task.uid), "VmDisplayName": task.item.name}


def _of_repository(href: str) -> list[Link]:
    return [
        Link("Down", f"{href}/backups", "BackupReferenceList"),
        Link("Down", f"{href}/replicas", "ReplicaReferenceList"),
    ]


def _linked(job: Job) -> Resource:
    """Return the description of a copy job, which includes another job and no VMs."""
    linked = Resource("LinkedJobObject", properties={"LinkedJobUid": job.uid})
    includes = {"LinkedJobIncludes": Listing("LinkedJobObject", [linked])}
    info = Resource("ImmediateBackupCopyJobInfo", properties=includes)
    return Resource("JobInfo", properties={"ImmediateBackupCopyJobInfo": info})


def _schedule(job: Job) -> Resource:
    daily = Resource(
        "OptionsDaily",
        {"Enabled": job.is_scheduled is not None},
        properties={"Kind": "Everyday", "Time": "22:00:00.0000000+00:00", "TimeOffsetUtc": 0},
    )
    standard = Resource("Standart", properties={"OptionsDaily": daily})
    return Resource("JobScheduleOptions", properties={"Standart": standard})
