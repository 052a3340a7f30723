"""Collections and `/query`: lists of what Enterprise Manager knows.

Follows the vendor's pages querysvc, format, pagesize_and_page and representation_collections.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from em_simulator.messages import Refusal, Reply, Request
from em_simulator.query import PAGE_SIZE, BadQuery, Page, select, turn_to
from em_simulator.representations import Collection, Link, Listing, Resource, plural

if TYPE_CHECKING:
    from em_simulator.addresses import Addresses
    from em_simulator.kinds import Kind
    from em_simulator.sessions import Session

_ENTITIES = (
    "BackupServer",
    "Repository",
    "HierarchyRoot",
    "Job",
    "BackupJobSession",
    "BackupTaskSession",
    "ReplicaJobSession",
    "ReplicaTaskSession",
    "Backup",
    "RestorePoint",
    "VmRestorePoint",
    "VmReplicaPoint",
    "AgentRestorePoint",
    "RestoreSession",
)
"""What a query's `Entities` may hold: the kinds that were not asked for are null in JSON."""


class Queries:
    """Answers for lists; the caller has checked the rights."""

    def __init__(self, kinds: list[Kind], addresses: Addresses) -> None:
        self._kinds = {kind.name.lower(): kind for kind in kinds}
        self._at = addresses

    def kind(self, request: Request) -> Kind:
        """Return the kind that a query is about. Raises Refusal."""
        asked = request.query.get("type", "")
        if asked.lower() not in self._kinds:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Type [{asked}] can't be queried.")
        return self._kinds[asked.lower()]

    def collection(self, kind: Kind, request: Request, session: Session) -> Reply:
        """GET a collection; entities can be filtered and paged, references can't."""
        items = list(kind.items(session))
        if kind.reference and not request.wants_entities:
            refs = [kind.reference(item) for item in items]
            return Reply(HTTPStatus.OK, Collection("EntityReferences", refs, "Refs"))
        try:
            found = select(items, request.query, kind.fields)
            page = turn_to(found, request.query, max(1, len(found)))
        except BadQuery as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        members = [kind.entity(item) for item in page.items]
        return Reply(HTTPStatus.OK, Collection(plural(kind.name), members))

    def answer(self, kind: Kind, request: Request, session: Session) -> Reply:
        """GET /query."""
        try:
            found = select(list(kind.items(session)), request.query, kind.fields)
            page = turn_to(found, request.query, PAGE_SIZE)
        except BadQuery as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        told: dict[str, object] = {"Entities": None, "Refs": None, "Resources": None}
        if kind.reference is None:
            told["Resources"] = _wrapped("Resources", kind, page)
        elif request.wants_entities:
            told["Entities"] = _wrapped("Entities", kind, page)
        else:
            told["Refs"] = Listing("Ref", [kind.reference(item) for item in page.items])
        told["PagingInfo"] = self._paging(request, page)
        return Reply(HTTPStatus.OK, Resource("QueryResult", properties=told))

    def _paging(self, request: Request, page: Page) -> Resource:
        links = [
            Link(rel, self._at.query(request.parameters, page.size, number))
            for rel, number in page.turns
        ]
        return paging_info(page, links)


def paging_info(page: Page, links: list[Link]) -> Resource:
    """Return where in the pages of an answer one page is."""
    counts = {"PageNum": page.number, "PageSize": page.size, "PagesCount": page.count}
    return Resource("PagingInfo", counts, links)


def _wrapped(element: str, kind: Kind, page: Page) -> Resource:
    others = dict.fromkeys(map(plural, _ENTITIES)) if element == "Entities" else {}
    members = [kind.entity(item) for item in page.items]
    listing = {plural(kind.name): Listing(kind.name, members)}
    return Resource(element, properties=others | listing)
