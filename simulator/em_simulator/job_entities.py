"""How jobs, their sessions, hosts, repositories and what a lookup finds are represented.

Follows the vendor's pages jobs_id, jobs_id_includes, backupsessions_id, backuptasksessions_id,
get_query_backuptasksession, replicasessions_id, replicatasksessions_id,
get_replicasessions_id_replicatasksessions, hierarchyroots_id, lookupsvc, lookup_query and
repositories_id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from em_simulator.catalogue import BackupServer
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
            self._up_to_server(job.server),
            Link("Alternate", f"{href}?format=Entity", "Job", job.name),
            _to_sessions(job, href),
        ]
        return Resource("Ref", _named(href, "JobReference", job.name, job.uid), links)

    def job(self, job: Job, objects: Iterable[ObjectInJob], now: dt.datetime) -> Resource:
        """Return a job as an entity, with what it includes."""
        href, next_run = self._at.job(job), job.next_run(now)
        return Resource(
            "Job",
            _named(f"{href}?format=Entity", "Job", job.name, job.uid),
            [
                self._up_to_server(job.server),
                Link("Alternate", href, "JobReference", job.name),
                *(_of_copy(job, href) if job.linked else _of_backup(job, href)),
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

    def _includes(self, job: Job, objects: Iterable[ObjectInJob]) -> Resource:
        members = [self._object(job, one) for one in objects]
        properties: dict[str, object] = {"Includes": Listing("ObjectInJob", members)}
        if job.kind == "Backup":
            retention = {"RetainCycles": 7, "RetainDaysToKeep": 7, "RetainLimitType": "Cycles"}
            properties["SimpleRetentionPolicy"] = Resource(
                "SimpleRetentionPolicy", properties=retention
            )
        name = f"{job.kind}JobInfo"
        info = Resource(name, properties=properties)
        return Resource("JobInfo", properties={name: info})

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
        """Return a job's session as a reference."""
        href, job = self._at.backup_session(session), session.job
        links = [
            self._up_to_server(job.server),
            Link("Up", self._at.job(job), "JobReference", job.name),
            Link("Alternate", f"{href}?format=Entity", f"{job.kind}JobSession", session.name),
        ]
        attributes = _named(href, f"{job.kind}JobSessionReference", session.name, session.uid)
        return Resource("Ref", attributes, links)

    def session(self, session: BackupSession, report: BackupReport) -> Resource:
        """Return a job's session as an entity, as it is now."""
        href, job = self._at.backup_session(session), session.job
        kind = f"{job.kind}JobSession"
        return Resource(
            kind,
            _named(f"{href}?format=Entity", kind, session.name, session.uid),
            [
                self._up_to_server(job.server),
                Link("Up", self._at.job(job), "JobReference", job.name),
                Link("Alternate", href, f"{kind}Reference", session.name),
                *(
                    self._of_backup_session(session, href)
                    if job.kind == "Backup"
                    else _of_replica(href)
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
                "IsRetry": session.is_retry,
                "FailureMessage": report.message,
            },
        )

    def _of_backup_session(self, session: BackupSession, href: str) -> list[Link]:
        points = {
            task.point.backup_point_id: task.point for task in session.tasks if task.point
        }.values()
        return [
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
        ]

    def task_reference(self, task: TaskSession) -> Resource:
        """Return the part of a session that is about one VM, as a reference."""
        href, job = self._at.task_session(task), task.session.job
        kind = f"{job.kind}TaskSession"
        alternate = Link("Alternate", f"{href}?format=Entity", kind, task.name)
        attributes = _of_task(href, f"{kind}Reference", task)
        links = [self._up_to_server(job.server), self._up_to(task), alternate]
        return Resource("Ref", attributes, links)

    def task(self, task: TaskSession, report: BackupReport) -> Resource:
        """Return the part of a session that is about one VM, as it is now."""
        href, is_over = self._at.task_session(task), report.ended is not None
        job = task.session.job
        kind = f"{job.kind}TaskSession"
        links = [
            self._up_to_server(job.server),
            self._up_to(task),
            Link("Alternate", href, f"{kind}Reference", task.name),
        ]
        if task.point:
            at = f"{self._at.point(task.point)}?format=Entity"
            links.append(Link("Related", at, task.point.machine.family.entity, task.point.name))
        running = None if report.task_state == "Pending" else "Success"  # ahead of time
        only_of_backups = {"VmUid": task.item.ref} if job.kind == "Backup" else {}
        return Resource(
            kind,
            _of_task(f"{href}?format=Entity", kind, task),
            links,
            {
                "JobSessionUid": task.session.uid,
                "CreationTimeUTC": utc_text(task.began),
                "EndTimeUTC": utc_text(report.ended) if report.ended else None,
                "State": report.task_state,
                "Result": str(task.result) if is_over else running,
                "Reason": task.reason if is_over and task.reason else Empty(),
                "TotalSize": 0 if job.linked else 32212254720,
                **only_of_backups,
            },
        )

    def _up_to(self, task: TaskSession) -> Link:
        session = task.session
        href = self._at.backup_session(session)
        return Link("Up", href, f"{session.job.kind}JobSessionReference", session.name)

    def root_reference(self, root: HierarchyRoot) -> Resource:
        """Return a host as a reference."""
        href = self._at.root(root)
        alternate = Link("Alternate", f"{href}?format=Entity", "HierarchyRoot", root.name)
        attributes = _named(href, "HierarchyRootReference", root.name, root.uid)
        return Resource("Ref", attributes, [self._up_to_server(root.server), alternate])

    def root(self, root: HierarchyRoot) -> Resource:
        """Return a host as an entity."""
        href = self._at.root(root)
        managed = f"{self._at.base}/managedServers/{root.listed_id}?format=Entity"
        return Resource(
            "HierarchyRoot",
            _named(f"{href}?format=Entity", "HierarchyRoot", root.name, root.uid),
            [
                self._up_to_server(root.server),
                Link("Alternate", href, "HierarchyRootReference", root.name),
                Link("Related", managed, "ManagedServer", root.name),
            ],
            {
                "HierarchyRootId": root.listed_id,
                "UniqueId": root.unique_id,
                "HostType": root.host_type,
            },
        )

    def lookup_service(self, session: Session, roots: Iterable[HierarchyRoot]) -> Resource:
        """Return what can be looked up: the types of each host."""
        return Resource(
            "LookupSvc",
            {"Href": f"{self._at.base}/lookupSvc", "Type": "LookupService"},
            [
                Link("Up", self._at.session(session), "LogonSession"),
                *(
                    Link("Down", self._at.lookup(root, kind), "HierarchyItemList")
                    for root in roots
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
        links = [self._up_to_server(repository.server), alternate, *_of_repository(href)]
        attributes = _named(href, "RepositoryReference", repository.name, repository.uid)
        return Resource("Ref", attributes, links)

    def repository(self, repository: Repository) -> Resource:
        """Return a repository as an entity."""
        href = self._at.repository(repository)
        links = [
            self._up_to_server(repository.server),
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

    def _up_to_server(self, server: BackupServer) -> Link:
        return Link("Up", self._at.backup_server(server), "BackupServerReference", server.name)


def _of_backup(job: Job, href: str) -> list[Link]:
    return [
        Link("Edit", href, "JobReference", job.name),
        Link("Clone", f"{href}?action=clone"),
        Link("ToggleScheduleEnabled", f"{href}?action=toggleScheduleEnabled"),
        Link("Down", f"{href}/includes", "ObjectInJobList"),
        _to_sessions(job, href),
        Link("Create", f"{href}/includes", "ObjectInJob"),
        Link("Start", f"{href}?action=start"),
        Link("Stop", f"{href}?action=stop"),
        Link("Retry", f"{href}?action=retry"),
    ]


def _of_copy(job: Job, href: str) -> list[Link]:
    return [
        Link("Clone", f"{href}?action=clone"),
        Link("ToggleScheduleEnabled", f"{href}?action=toggleScheduleEnabled"),
        _to_sessions(job, href),
        Link("Sync", f"{href}?action=sync"),
        Link("Down", f"{href}/linkedJobs", "LinkedJobObjectList"),
        Link("Create", f"{href}/linkedJobs", "LinkedJobObject"),
    ]


def _to_sessions(job: Job, href: str) -> Link:
    kind = f"{job.kind}JobSessionReferenceList"
    return Link("Down", f"{href}/{job.kind.lower()}Sessions", kind)


def _of_replica(href: str) -> list[Link]:
    """Return what is below a replication's session, spelt as in the vendor's sample."""
    return [Link("Down", f"{href}/repicaTaskSessions", "ReplicaTaskSessionReferenceList")]


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
