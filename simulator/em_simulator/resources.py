"""How logon sessions, tasks and mount points are represented.

Follows the vendor's pages logging_on, loginsessions, tasks_id,
get_vmrestorepoints_id_mountpoints_id and their siblings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from em_simulator.accounts import Right
from em_simulator.backups import BackupSession
from em_simulator.catalogue import Family
from em_simulator.mounts import Browsed, Download, Mount
from em_simulator.representations import Link, Listing, Resource
from em_simulator.restores import RestoreSession
from em_simulator.sessions import RESTORE_FILE, START_JOB, TaskState

if TYPE_CHECKING:
    from em_simulator.addresses import Addresses
    from em_simulator.kinds import Kind
    from em_simulator.sessions import Session, Task

_VERSIONS = ("v1_5", "v1_6", "v1_7")


class Representations:
    """Makes resources of what belongs to logon sessions."""

    def __init__(self, addresses: Addresses) -> None:
        self.at = addresses

    def root(self) -> Resource:
        """Return what is told before a logon."""

        def create(version: str) -> Link:
            return Link("Create", f"{self.at.base}/sessionMngr/?v={version}", "LogonSession")

        versions = [
            Resource("SupportedVersion", {"Name": version}, [create(version)])
            for version in _VERSIONS
        ]
        return Resource(
            "EnterpriseManager",
            links=[
                Link("Down", f"{self.at.base}/logonSessions", "LogonSessionList"),
                create("latest"),
            ],
            properties={"SupportedVersions": Listing("SupportedVersion", versions)},
        )

    def session(self, session: Session, kinds: list[Kind]) -> Resource:
        """Return a logon session; its links lead to what its account may see."""
        href, base = self.at.session(session), self.at.base
        links = [Link("Up", f"{base}/", "EnterpriseManager")]
        for kind in kinds:
            if kind.path is not None and session.account.may(kind.right):
                collection = f"{base}/{kind.path}"
                links += [
                    Link("Down", collection, f"{kind.name}ReferenceList"),
                    Link("Down", f"{collection}?format=Entity", f"{kind.name}List"),
                ]
        links += [
            Link("Down", f"{base}/tasks", "TaskList"),
            Link("Down", f"{base}/querySvc", "QueryService"),
            *self._to_lookup(session),
            Link("Delete", href, "LogonSession"),
        ]
        return Resource(
            "LogonSession",
            {"Href": href, "Type": "LogonSession"},
            links,
            {"UserName": session.account.username, "SessionId": session.id},
        )

    def _to_lookup(self, session: Session) -> list[Link]:
        may = session.account.may(Right.READ_SERVERS)
        return [Link("Down", f"{self.at.base}/lookupSvc", "LookupService")] if may else []

    def query_service(self, session: Session, kinds: list[Kind]) -> Resource:
        """Return what can be queried."""
        return Resource(
            "QuerySvc",
            links=[
                Link("Up", self.at.session(session), "LogonSession"),
                *(
                    Link("Down", f"{self.at.base}/query?type={kind.name}", "QueryResult")
                    for kind in kinds
                    if session.account.may(kind.right)
                ),
            ],
        )

    def task(self, task: Task) -> Resource:
        """Return a task; its result once the backup server is done."""
        href = self.at.task(task)
        links = [Link("Delete", href, "Task")]
        if task.state is TaskState.FINISHED and task.fault.shows_link:
            links += self._made(task)
        properties = {
            "TaskId": task.id,
            "State": str(task.state),
            "Operation": task.operation,
            "Result": _result(task),
        }
        return Resource("Task", {"Href": href, "Type": "Task"}, links, properties)

    def _made(self, task: Task) -> list[Link]:
        match made := task.made:
            case Mount():
                kind = f"{made.restore_point.machine.family.entity}Mount"
                name = f"{made.restore_point.id}@{made.id}"
                return [Link("Related", self.at.mount(made), kind, name)]
            case RestoreSession():
                href = f"{self.at.restore(made)}?format=Entity"
                name = "Restore job session" if task.operation == RESTORE_FILE else made.name
                return [Link("Related", href, "RestoreSession", name)]
            case BackupSession() if made.is_linked:
                href = f"{self.at.backup_session(made)}?format=Entity"
                return [Link("Related", href, f"{made.job.kind}JobSession")]
            case Browsed():
                href = self.at.indexed_file(made.restore_point, "")
                return [Link("Down", href, "FileSystemItemsList")]
            case Download():
                return self._downloads(made)
        return []

    def _downloads(self, download: Download) -> list[Link]:
        """Return a link to each file; their paths come in lower case, as in the vendor's page."""
        mount = download.mount
        is_windows = mount.restore_point.machine.os_kind == "Windows"
        return [
            Link("Download", f"{self.at.file(mount, path)}?action=download")
            for path in (path.lower() if is_windows else path for path in download.paths)
        ]

    def mount(self, mount: Mount) -> Resource:
        """Return a mount point with the roots of its file systems, which have no links."""
        href, family = self.at.mount(mount), mount.restore_point.machine.family
        kind = f"{family.entity}Mount"
        entries = [
            Resource(
                "DirectoryEntry",
                {"Href": self.at.file(mount, root), "Type": "DirectoryEntry"},
                properties={"Path": root, "Name": root},
            )
            for root in mount.restore_point.machine.roots
        ]
        return Resource(
            kind,
            {"Href": href, "Type": kind},
            [Link("Delete", href, None if family is Family.AGENT else kind)],
            {"FSRoots": Listing("DirectoryEntry", entries)},
        )


def _result(task: Task) -> Resource | None:
    """Return a task's result: that of an operation which is only finished is always good."""
    if task.state is TaskState.RUNNING:
        return None
    succeeds = True
    message: str | None = "OperationFinished"
    if task.state is TaskState.FINISHED:
        succeeds, message = task.failure is None, task.failure or _success(task)
    attributes: dict[str, Any] = {
        "Success": succeeds,
        "CredentialsNeeded": task.credentials_needed or None,
        "ConfirmationNeeded": None,
    }
    told = {"Message": message if task.fault.tells_message else None}
    return Resource("Result", attributes, properties=told)


def _success(task: Task) -> str | None:
    if isinstance(task.made, Browsed):
        return None
    if task.operation == RESTORE_FILE:
        return "Restore operations started successfully."
    if isinstance(task.made, BackupSession) and task.operation == START_JOB:
        return f'Job "{task.made.job.name}" triggered to start.'
    return "Restore has been started." if isinstance(task.made, RestoreSession) else "Ok"
