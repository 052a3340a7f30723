"""How sessions, tasks, mount points and restore points are represented.

Follows the vendor's pages loginsessions, tasks_id, vmrestorepoints_id,
get_vmrestorepoints_id_mountpoints_id and their siblings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from em_simulator.catalogue import BACKUP_SERVER, BACKUP_SERVER_ID, RestorePoint
from em_simulator.file_representations import href_of
from em_simulator.representations import Link, Listing, Resource
from em_simulator.sessions import TaskState

if TYPE_CHECKING:
    from em_simulator.query import Page
    from em_simulator.restoring import Download
    from em_simulator.sessions import Mount, RestoreSession, Session, Task

_VERSIONS = ("v1_5", "v1_6", "v1_7")
_ENTITIES = (
    "BackupServers",
    "Repositories",
    "HierarchyRoots",
    "Jobs",
    "BackupJobSessions",
    "BackupTaskSessions",
    "Backups",
    "RestorePoints",
    "VmRestorePoints",
    "VmReplicaPoints",
    "AgentRestorePoints",
    "RestoreSessions",
)
"""Members of a query's `Entities`: those that were not asked for are null in JSON."""


class Representations:
    """Makes resources whose links carry the server's own name, whatever the client dialled."""

    def __init__(self, href_host: str) -> None:
        self._base = f"https://{href_host}/api"

    def root(self) -> Resource:
        """Return what is told before a logon."""

        def create(version: str) -> Link:
            return Link("Create", f"{self._base}/sessionMngr/?v={version}", "LogonSession")

        versions = [
            Resource("SupportedVersion", {"Name": version}, [create(version)])
            for version in _VERSIONS
        ]
        return Resource(
            "EnterpriseManager",
            links=[
                Link("Down", f"{self._base}/logonSessions", "LogonSessionList"),
                create("latest"),
            ],
            properties={"SupportedVersions": Listing("SupportedVersion", versions)},
        )

    def session(self, session: Session) -> Resource:
        """Return a logon session."""
        href = f"{self._base}/logonSessions/{session.id}"
        links = [
            Link("Delete", href, "LogonSession"),
            Link("Down", f"{self._base}/tasks", "TaskList"),
            Link("Alternate", f"{self._base}/query", "QueryService"),
        ]
        return Resource(
            "LogonSession",
            {"Href": href, "Type": "LogonSession"},
            links,
            {"UserName": session.account.username, "SessionId": session.id},
        )

    def task(self, task: Task) -> Resource:
        """Return a task; its result once it is finished."""
        href = f"{self._base}/tasks/{task.id}"
        links = [Link("Delete", href, "Task")]
        properties: dict[str, object] = {
            "TaskId": task.id,
            "State": str(task.state),
            "Operation": task.operation,
            "Result": None,
        }
        if task.state is TaskState.FINISHED:
            if task.mount and task.shows_link:
                links.append(self._related(task.mount))
            if task.download and task.shows_link:
                links += self._downloads(task.download)
            told: dict[str, object] = {"Message": task.failure or "Ok"}
            if task.credentials_needed:
                told["CredentialsNeeded"] = True
            properties["Result"] = Resource(
                "Result", {"Success": task.failure is None}, properties=told
            )
        return Resource("Task", {"Href": href, "Type": "Task"}, links, properties)

    def mount(self, mount: Mount) -> Resource:
        """Return a mount point with the roots of its file systems."""
        href = self.mount_href(mount)
        entries = [
            Resource(
                "DirectoryEntry",
                {"Href": f"{href}/{root}", "Type": "DirectoryEntry"},
                [Link("Up", href, f"{mount.restore_point.machine.family.entity}Mount")],
                {"Path": root, "Name": root},
            )
            for root in mount.restore_point.machine.roots
        ]
        kind = f"{mount.restore_point.machine.family.entity}Mount"
        return Resource(
            kind,
            {"Href": href, "Type": kind},
            [
                Link("Delete", href, kind),
                Link("Up", self._href(mount.restore_point), _reference(mount.restore_point)),
            ],
            {"FSRoots": Listing("DirectoryEntry", entries)},
        )

    def restore_point(self, point: RestorePoint) -> Resource:
        """Return a restore point as an entity."""
        machine = point.machine
        href = self._href(point)
        moment = point.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        of_machine = {"ComputerName" if machine.family.entity.startswith("Agent") else "VmName"}
        return Resource(
            machine.family.entity,
            {
                "Href": f"{href}?format=Entity",
                "Type": machine.family.entity,
                "Name": point.name,
                "UID": point.uid,
            },
            [
                Link("Restore", f"{href}?action=restore"),
                self._backup_server(),
                Link("Alternate", href, _reference(point), point.name),
                Link("Down", f"{href}/mounts", f"{machine.family.entity}MountList"),
                Link("Create", f"{href}/mounts", f"{machine.family.entity}Mount"),
            ],
            {
                "CreationTimeUTC": moment,
                **dict.fromkeys(of_machine, machine.name),
                "Algorithm": "Full" if point.is_full else "Incremental",
                "PointType": "Full" if point.is_full else "Increment",
            },
        )

    def restore_session(self, restore: RestoreSession, *, is_working: bool) -> Resource:
        """Return a file-level restore."""
        point = restore.restore_point
        href = f"{self._base}/restoreSessions/{restore.id}"
        name = f"FLR_[{point.machine.name}]@{restore.began:%Y-%m-%d %H:%M:%S}"
        return Resource(
            "RestoreSession",
            {
                "Href": f"{href}?format=Entity",
                "Type": "RestoreSession",
                "Name": name,
                "UID": f"urn:veeam:RestoreSession:{restore.id}",
                "VmDisplayName": point.machine.name,
            },
            [
                self._backup_server(),
                Link("Related", self._href(point), _reference(point), point.name),
            ],
            {
                "JobType": "FileLevelRestore",
                "CreationTimeUTC": f"{restore.began:%Y-%m-%dT%H:%M:%SZ}",
                "State": "Working" if is_working else "Stopped",
                "Result": "None" if is_working else "Success",
                "Progress": 0 if is_working else 100,
            },
        )

    def backup_server(self) -> Resource:
        """Return the backup server."""
        href = f"{self._base}/backupServers/{BACKUP_SERVER_ID}"
        return Resource(
            "BackupServer",
            {
                "Href": f"{href}?format=Entity",
                "Type": "BackupServer",
                "Name": BACKUP_SERVER,
                "UID": f"urn:veeam:BackupServer:{BACKUP_SERVER_ID}",
            },
            [Link("Alternate", href, "BackupServerReference", BACKUP_SERVER)],
            {
                "Description": "Simulated",
                "IpOrDnsName": BACKUP_SERVER,
                "Port": 9392,
                "Version": "13.0.1.1071",
            },
        )

    def page(self, kind: str, members: list[Resource], page: Page) -> Resource:
        """Return a page of a query's result: entities, or references."""
        found: dict[str, object] = {"Entities": None, "Refs": None, "Resources": None}
        if members and members[0].element == "Ref":
            found["Refs"] = Listing("Ref", members)
        else:
            entities = dict.fromkeys(_ENTITIES) | {f"{kind}s": Listing(kind, members)}
            found["Entities"] = Resource("Entities", properties=entities)
        paging = {"PageNum": page.number, "PageSize": page.size, "PagesCount": page.count}
        links = [
            Link(rel, f"{self._base}/query?type={kind}&pageSize={page.size}&page={number}")
            for rel, number in (
                ("First", 1),
                ("Prev", page.number - 1),
                ("Next", page.number + 1),
                ("Last", page.count),
            )
            if 1 <= number <= page.count
        ]
        return Resource(
            "QueryResult", properties=found | {"PagingInfo": Resource("PagingInfo", paging, links)}
        )

    def _backup_server(self) -> Link:
        href = f"{self._base}/backupServers/{BACKUP_SERVER_ID}"
        return Link("Up", href, "BackupServerReference", BACKUP_SERVER)

    def reference(self, point: RestorePoint) -> Resource:
        """Return a restore point as a reference: the default format."""
        return Resource(
            "Ref",
            {
                "Href": self._href(point),
                "Type": _reference(point),
                "Name": point.name,
                "UID": point.uid,
            },
            [
                Link(
                    "Alternate",
                    f"{self._href(point)}?format=Entity",
                    point.machine.family.entity,
                    point.name,
                )
            ],
        )

    def _related(self, mount: Mount) -> Link:
        return Link(
            "Related",
            self.mount_href(mount),
            f"{mount.restore_point.machine.family.entity}Mount",
            f"{mount.restore_point.id}@{mount.id}",
        )

    def _href(self, point: RestorePoint) -> str:
        return f"{self._base}/{point.machine.family.collection}/{point.id}"

    def _downloads(self, download: Download) -> list[Link]:
        """Return a link to each file; their paths come in lower case, as in the vendor's page."""
        href = self.mount_href(download.mount)
        is_windows = download.mount.restore_point.machine.os_kind == "Windows"
        return [
            Link("Download", f"{href_of(href, path)}?action=download")
            for path in (path.lower() if is_windows else path for path in download.paths)
        ]

    def mount_href(self, mount: Mount) -> str:
        """Return the address of a mount point."""
        return f"{self._href(mount.restore_point)}/mounts/{mount.id}"


def _reference(point: RestorePoint) -> str:
    return f"{point.machine.family.entity}Reference"
