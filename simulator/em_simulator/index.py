"""The index of guest files: which restore points are in it, and what their paths answer.

Follows the vendor's pages catalog_vms, post_catalog_vms_vmname_vmrestorepoints_id_actoinbrowse,
get_catalog_vms_vmname_vmrestorepoints_id_guestfs_filepath, its sibling with post, and
scenario_1_click_restore.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from em_simulator.catalogue import Family, RestorePoint
from em_simulator.file_representations import IndexedFiles
from em_simulator.kinds import Kind
from em_simulator.messages import Refusal, Reply, Request
from em_simulator.representations import Link, Resource
from em_simulator.times import utc_text

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from em_simulator.addresses import Addresses
    from em_simulator.file_handlers import FileHandlers
    from em_simulator.manager import Manager
    from em_simulator.queries import Queries
    from em_simulator.representations import Collection
    from em_simulator.sessions import Session, Task

INDEXED_MACHINES = ("oracle03", "web02")


class IndexHandlers:
    """Answers below `/catalog/vms`."""

    def __init__(
        self,
        manager: Manager,
        addresses: Addresses,
        queries: Queries,
        files: FileHandlers,
        show_task: Callable[[Task], Resource],
    ) -> None:
        self._manager = manager
        self._at = addresses
        self._queries = queries
        self._files = files
        self._show_task = show_task
        self._machines = Kind(
            name="CatalogVm",
            path="catalog/vms",
            right=None,
            fields={},
            items=lambda _: list(dict.fromkeys(point.machine.name for point in self._points())),
            find=self._machine,
            entity=self._machine_entity,
            reference=self._machine_reference,
        )

    def machines(self, request: Request, session: Session) -> Reply:
        """GET /catalog/vms."""
        return self._queries.collection(self._machines, request, session)

    def machine(self, request: Request, found: re.Match[str]) -> Reply:
        """GET /catalog/vms/{NAME}."""
        return self._one(self._machines, self._named(found), request)

    def points(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET /catalog/vms/{NAME}/vmRestorePoints."""
        return self._queries.collection(self._of(self._named(found)), request, session)

    def point(self, request: Request, found: re.Match[str]) -> Reply:
        """GET /catalog/vms/{NAME}/vmRestorePoints/{ID}."""
        return self._one(self._of(self._named(found)), self._point(found), request)

    def browse(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """POST /catalog/vms/{NAME}/vmRestorePoints/{ID}?action=browse: 202, or 200 when done."""
        _only("browse", request)
        task = self._manager.browse(session, self._point(found), request.faults.task_fault)
        status = HTTPStatus.OK if self._manager.index.answers_200 else HTTPStatus.ACCEPTED
        return Reply(status, self._show_task(task))

    def file(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and POST …/guestfs/{filepath}."""
        point, path = self._point(found), unquote(found["file"] or "").strip("/")
        if point.id not in session.browsed:
            message = f"Guest file system of [{point.id}] is not available. Browse it first."
            raise Refusal(HTTPStatus.NOT_FOUND, message)
        disk, shown = self._manager.disks.at(point), IndexedFiles(self._at, point)
        item = disk.find(path) if path else disk.volumes
        if item is None:
            raise Refusal(HTTPStatus.NOT_FOUND, f"File or directory [{path}] does not exist.")
        if request.method == "GET":
            return self._files.show(request, shown, item, is_alone=not path)
        _only("restore", request)
        if request.body:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Request body is not expected.")
        fault = request.faults.task_fault
        task = self._manager.restore_indexed(session, point, item.path, fault)
        return Reply(HTTPStatus.ACCEPTED, self._show_task(task))

    def _points(self) -> list[RestorePoint]:
        points = self._manager.catalogue.of(Family.VM)
        return [point for point in points if self._manager.is_indexed(point)]

    def _machine(self, name: str) -> str | None:
        names = (point.machine.name for point in self._points())
        return next((own for own in names if own.lower() == name.lower()), None)

    def _named(self, found: re.Match[str]) -> str:
        name = unquote(found["machine"])
        machine = self._machine(name)
        if machine is None:
            raise Refusal(HTTPStatus.NOT_FOUND, f"CatalogVm [{name}] does not exist.")
        return machine

    def _point(self, found: re.Match[str]) -> RestorePoint:
        name, wanted = self._named(found), found["id"].lower()
        for point in self._points():
            if (point.machine.name, point.id) == (name, wanted):
                return point
        raise Refusal(HTTPStatus.NOT_FOUND, f"CatalogVmRestorePoint [{wanted}] does not exist.")

    def _of(self, name: str) -> Kind:
        """Return the kind that has one machine's restore points."""
        return replace(
            self._machines,
            name="CatalogVmRestorePoint",
            items=lambda _: [point for point in self._points() if point.machine.name == name],
            entity=self._point_entity,
            reference=self._point_reference,
        )

    def _one(self, kind: Kind, item: object, request: Request) -> Reply:
        resource: Resource | Collection
        if request.wants_entities or kind.reference is None:
            resource = kind.entity(item)
        else:
            resource = replace(kind.reference(item), element="EntityRef")
        return Reply(HTTPStatus.OK, resource)

    def _to_points(self, name: str) -> Link:
        href = f"{self._at.indexed_machine(name)}/vmRestorePoints"
        return Link("Down", href, "CatalogVmRestorePointReferenceList")

    def _machine_reference(self, name: str) -> Resource:
        href = self._at.indexed_machine(name)
        links = [Link("Alternate", f"{href}?format=Entity"), self._to_points(name)]
        return Resource("Ref", _named(href, "CatalogVmReference", name, name), links)

    def _machine_entity(self, name: str) -> Resource:
        href = self._at.indexed_machine(name)
        attributes = _named(f"{href}?format=Entity", "CatalogVm", name, name)
        links = [Link("Alternate", href, "CatalogVmReference", name), self._to_points(name)]
        return Resource("CatalogVm", attributes | {"VmDisplayName": name}, links)

    def _point_reference(self, point: RestorePoint) -> Resource:
        href = self._at.indexed_point(point)
        moment = point.created_at
        text = (
            f"{moment.month}/{moment.day}/{moment.year} {moment.hour % 12 or 12}:{moment:%M:00 %p}"
        )
        links = [
            Link("Up", self._at.indexed_machine(point.machine.name)),
            Link("Alternate", f"{href}?format=Entity"),
        ]
        attributes = _named(href, "CatalogVmRestorePointReference", text, point.id)
        return Resource("Ref", attributes, links)

    def _point_entity(self, point: RestorePoint) -> Resource:
        href, name = self._at.indexed_point(point), point.machine.name
        machine = f"{self._at.indexed_machine(name)}?format=Entity"
        related = f"{self._at.point(point)}?format=Entity"
        return Resource(
            "CatalogVmRestorePoint",
            _named(f"{href}?format=Entity", "CatalogVmRestorePoint", name, point.id),
            [
                Link("Alternate", href, "CatalogVmRestorePointReference", name),
                Link("Up", machine, "CatalogVm", name),
                Link("Browse", f"{href}?action=browse"),
                Link("Related", related, "VmRestorePoint", name),
            ],
            # All samples have times to the minute.
            {"BackupDateUTC": utc_text(point.created_at.replace(second=0, microsecond=0))},
        )


def _named(href: str, kind: str, name: str, own_id: str) -> dict[str, str]:
    uid = f"urn:veeam:{kind.removesuffix('Reference')}:{own_id}"
    return {"Href": href, "Type": kind, "Name": name, "UID": uid}


def _only(action: str, request: Request) -> None:
    if request.query.get("action", "").lower() != action:
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method is not allowed.")
