"""What the paths of jobs, quick backups and lookups answer.

Follows the vendor's pages get_lookup, post_jobs_id_actionstart, post_jobs_id_includes,
delete_jobs_id_includes_id and post_backupservers_id_quickbackup.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from em_simulator.bodies import read_body
from em_simulator.messages import Missing, Refusal, Reply

if TYPE_CHECKING:
    from em_simulator.backups import Job
    from em_simulator.hierarchy import HierarchyItem
    from em_simulator.job_entities import JobEntities
    from em_simulator.manager import Manager
    from em_simulator.messages import Request
    from em_simulator.sessions import Session, Task

_IN_ORDER = ("HierarchyObjRef", "HierarchyObjName", "Order", "GuestProcessingOptions")


class JobHandlers:
    """Answers for jobs and for what can be put into them; the caller has checked the rights."""

    def __init__(self, manager: Manager, entities: JobEntities) -> None:
        self._manager = manager
        self.entities = entities
        """Makes the resources."""

    def lookup(self, request: Request) -> Reply:
        """GET /lookup, by a reference, or by host, name and type."""
        hierarchy, asked = self._manager.hierarchy, request.query
        if "hierarchyref" in asked:
            item = hierarchy.find(asked["hierarchyref"])
            return Reply(HTTPStatus.OK, self.entities.items([item] if item else []))
        root = hierarchy.root(asked.get("host", ""))
        if root is None:
            message = f"Hierarchy root [{asked.get('host', '')}] does not exist."
            raise Refusal(HTTPStatus.BAD_REQUEST, message)
        if missing := [name for name in ("name", "type") if not asked.get(name)]:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Parameter [{missing[0]}] is missing.")
        if asked["type"].lower() not in map(str.lower, root.types):
            message = f"Type [{asked['type']}] is not known to {root.platform}."
            raise Refusal(HTTPStatus.BAD_REQUEST, message)
        if status := self._manager.ways.refused_roots.get(root.name):
            raise Refusal(HTTPStatus(status), f"Failed to look up objects on [{root.name}].")
        found = hierarchy.lookup(root, asked["name"], asked["type"])
        return Reply(HTTPStatus.OK, self.entities.items(found))

    def start(self, request: Request, session: Session, job: Job) -> Task:
        """POST /jobs/{ID}?action=start."""
        _check_action(request, "start")
        if job.linked:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Job [{job.name}] can't be started.")
        return self._manager.start_job(session, job, request.faults.task_fault)

    def back_up(self, request: Request, session: Session, server_id: str) -> Task:
        """POST /backupServers/{ID}?action=quickbackup."""
        _check_action(request, "quickbackup")
        item = self._item(read_body(request).get("VmRef"))
        if item.type != "Vm":
            raise Refusal(HTTPStatus.BAD_REQUEST, f"[{item.ref}] is not a VM.")
        return self._manager.back_up(session, server_id, item, request.faults.task_fault)

    def include(self, request: Request, session: Session, job: Job) -> Task:
        """POST /jobs/{ID}/includes."""
        body = read_body(request)
        if [name for name in _IN_ORDER if name in body] != list(body):
            raise Refusal(HTTPStatus.BAD_REQUEST, "Request body has unexpected elements.")
        item = self._item(body.get("HierarchyObjRef"))
        if not body.get("HierarchyObjName"):
            raise Refusal(HTTPStatus.BAD_REQUEST, "HierarchyObjName is missing.")
        if job.linked or item.root.platform.lower() != job.platform.lower():
            message = f"Object [{item.name}] can't be added to job [{job.name}]."
            raise Refusal(HTTPStatus.BAD_REQUEST, message)
        return self._manager.include(session, job, item, request.faults.task_fault)

    def exclude(self, request: Request, session: Session, job: Job, one_id: str) -> Task:
        """DELETE /jobs/{ID}/includes/{ID}."""
        shown = self._manager.backups.shown_objects(job)
        one = next((one for one in shown if one.id == one_id.lower()), None)
        if one is None:
            raise Missing(HTTPStatus.NOT_FOUND, f"ObjectInJob [{one_id}] does not exist.")
        return self._manager.exclude(session, job, one, request.faults.task_fault)

    def _item(self, ref: object) -> HierarchyItem:
        item = self._manager.hierarchy.find(str(ref))
        if item is None:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Object [{ref}] is not found.")
        return item


def _check_action(request: Request, action: str) -> None:
    if request.query.get("action", "").lower() != action:
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method is not allowed.")
