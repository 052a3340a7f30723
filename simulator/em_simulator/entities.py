"""How restore points, restore sessions and the backup server are represented.

Each has a reference and an entity. Follows the vendor's pages format, vmrestorepoints_id,
vmreplicapoints_id, agents_agentrestorepoints_id, restoresessions_id and backupservers_id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from em_simulator.catalogue import BackupServer, Family, Machine, RestorePoint
from em_simulator.representations import Link, Resource
from em_simulator.times import utc_text

if TYPE_CHECKING:
    from em_simulator.addresses import Addresses
    from em_simulator.restores import Report, RestoreSession

BACKUP_SERVER_VALUES = {
    "Description": "Simulated",
    "Port": 443,
    "Version": "13.0.1.1071",
}


class Entities:
    """Makes references and entities."""

    def __init__(self, addresses: Addresses) -> None:
        self._at = addresses

    def restore_point_reference(self, point: RestorePoint) -> Resource:
        """Return a restore point as a reference."""
        href, kind = self._at.point(point), point.machine.family.entity
        links = [
            self._up_to_server(point.machine),
            Link("Alternate", f"{href}?format=Entity", kind, point.name),
            Link("Down", f"{href}/mounts", f"{kind}MountList"),
        ]
        return Resource("Ref", _named(href, f"{kind}Reference", point), links)

    def restore_point(self, point: RestorePoint) -> Resource:
        """Return a restore point as an entity."""
        machine = point.machine
        kind, href = machine.family.entity, self._at.point(point)
        values: dict[str, str | None] = {
            "CreationTimeUTC": point.created_text,
            "Algorithm": point.algorithm,
            "PointType": point.point_type,
        }
        if machine.family is Family.VM:
            values["VmName"] = machine.name
            values["HierarchyObjRef"] = machine.hierarchy_ref
        mounts = [Link("Down", f"{href}/mounts", f"{kind}MountList")]
        if point.is_complete:
            mounts.append(Link("Create", f"{href}/mounts", f"{kind}Mount"))
        links = [
            *self._restoring(point, href),
            self._up_to_server(machine),
            *self._up_to_backup(point),
            Link("Alternate", href, f"{kind}Reference", point.name),
            *mounts,
        ]
        return Resource(kind, _named(f"{href}?format=Entity", kind, point), links, values)

    def _restoring(self, point: RestorePoint, href: str) -> list[Link]:
        action = {Family.VM: "restore", Family.REPLICA: "failover"}.get(point.machine.family)
        if action is None or not point.is_complete:
            return []
        return [Link(action.capitalize(), f"{href}?action={action}")]

    def _up_to_backup(self, point: RestorePoint) -> list[Link]:
        """Return the links to what a restore point is a part of; one being written has none."""
        machine, base = point.machine, self._at.base
        if not point.is_complete:
            return []
        if machine.family is Family.REPLICA:
            replica = f"{base}/replicas/{machine.backup_id}"
            return [Link("Up", replica, "ReplicaReference", machine.backup_name)]
        points = f"{base}/restorePoints/{point.backup_point_id}"
        file = f"{base}/backupFiles/{point.backup_file_id}"
        return [
            Link("Up", points, "RestorePointReference", point.backup_point_name),
            Link("Up", file, "BackupFileReference", point.backup_file_name),
        ]

    def restore_session_reference(self, restore: RestoreSession) -> Resource:
        """Return a restore session as a reference."""
        href = self._at.restore(restore)
        links = [
            self._up_to_server(restore.restore_point.machine),
            Link("Alternate", f"{href}?format=Entity", "RestoreSession", restore.name),
        ]
        return Resource("Ref", _of_restore(href, "RestoreSessionReference", restore), links)

    def restore_session(self, restore: RestoreSession, report: Report) -> Resource:
        """Return a restore session as an entity, as it is now."""
        href, point = self._at.restore(restore), restore.restore_point
        began = restore.began.replace(microsecond=restore.began.microsecond // 1000 * 1000)
        related = f"{point.machine.family.entity}Reference"
        return Resource(
            "RestoreSession",
            _of_restore(f"{href}?format=Entity", "RestoreSession", restore),
            [
                self._up_to_server(point.machine),
                Link("Alternate", href, "RestoreSessionReference", restore.name),
                Link("Related", self._at.point(point), related, point.name),
            ],
            {
                "JobType": "FileLevelRestore",
                "CreationTimeUTC": utc_text(began),
                "EndTimeUTC": utc_text(report.ended) if report.ended else None,
                "State": str(report.state),
                "Result": report.result,
                "Progress": report.progress,
                "RestoredObjRef": point.machine.hierarchy_ref,
                "FailureMessage": report.message,
            },
        )

    def backup_server_reference(self, server: BackupServer) -> Resource:
        """Return a backup server as a reference."""
        href = self._at.backup_server(server)
        alternate = Link("Alternate", f"{href}?format=Entity", "BackupServer", server.name)
        attributes = _server(href, "BackupServerReference", server)
        return Resource("Ref", attributes, [alternate, *_of_server(href)])

    def backup_server(self, server: BackupServer) -> Resource:
        """Return a backup server as an entity."""
        href = self._at.backup_server(server)
        links = [
            Link("Alternate", href, "BackupServerReference", server.name),
            Link("Edit", href, "BackupServerReference"),
            Link("Delete", href, "BackupServerReference"),
            *_of_server(href),
            Link("VeeamZip", f"{href}?action=veeamzip"),
            Link("QuickBackup", f"{href}?action=quickbackup"),
            Link("Start", f"{href}?action=collect"),
        ]
        attributes = _server(f"{href}?format=Entity", "BackupServer", server)
        return Resource("BackupServer", attributes, links, BACKUP_SERVER_VALUES)

    def _up_to_server(self, machine: Machine) -> Link:
        href = self._at.backup_server(machine.server)
        return Link("Up", href, "BackupServerReference", machine.server.name)


def _named(href: str, kind: str, point: RestorePoint) -> dict[str, str]:
    attributes = {"Href": href, "Type": kind, "Name": point.name, "UID": point.uid}
    if point.machine.family is Family.VM:
        attributes["VmDisplayName"] = point.machine.name
    return attributes


def _of_restore(href: str, kind: str, restore: RestoreSession) -> dict[str, str]:
    return {
        "Href": href,
        "Type": kind,
        "Name": restore.name,
        "UID": f"urn:veeam:RestoreSession:{restore.id}",
        "VmDisplayName": restore.restore_point.machine.name,
    }


def _server(href: str, kind: str, server: BackupServer) -> dict[str, str]:
    return {"Href": href, "Type": kind, "Name": server.name, "UID": server.uid}


def _of_server(href: str) -> list[Link]:
    return [
        Link("Down", f"{href}/jobs", "JobReferenceList"),
        Link("Down", f"{href}/repositories", "RepositoryReferenceList"),
    ]
