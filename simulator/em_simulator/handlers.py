"""What each path below `/api` answers."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from defusedxml.ElementTree import fromstring

from em_simulator.accounts import Right
from em_simulator.catalogue import Family, RestorePoint
from em_simulator.entities import Entities
from em_simulator.file_handlers import FileHandlers
from em_simulator.habits import Habits, ShownSessions
from em_simulator.index import IndexHandlers
from em_simulator.job_entities import JobEntities
from em_simulator.job_handlers import JobHandlers
from em_simulator.kinds import Kind, all_kinds
from em_simulator.messages import Missing, Refusal, Reply, Request
from em_simulator.queries import Queries, paging_info
from em_simulator.query import turn_to
from em_simulator.representations import NAMESPACE, Collection, Link, Resource
from em_simulator.resources import Representations

if TYPE_CHECKING:
    from em_simulator.addresses import Addresses
    from em_simulator.backups import Job
    from em_simulator.manager import Manager
    from em_simulator.mounts import Mount
    from em_simulator.sessions import Session, Task

_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_FAMILIES = {family.collection.lower(): family for family in Family}
_POINT = rf"/(?P<family>{'|'.join(_FAMILIES)})/(?P<point>{_UUID})"
_COLLECTIONS = "|".join(
    [
        *_FAMILIES,
        "restoreSessions",
        "backupServers",
        "hierarchyRoots",
        "repositories",
        "jobs",
        "backupSessions",
        "backupTaskSessions",
        "replicaSessions",
        "replicaTaskSessions",
    ]
)
_SERVER = f"/backupServers/(?P<server>{_UUID})"
_INDEXED = "/catalog/vms/(?P<machine>[^/]+)"
_INDEXED_POINT = rf"{_INDEXED}/vmRestorePoints/(?P<id>{_UUID})"
_JOB = f"/jobs/(?P<job>{_UUID})"
_DEMAND = {"WWW-Authenticate": "Basic Realm=RestSvc"}
_VERSIONS = ("v1_5", "v1_6", "v1_7", "latest")
_OS_KINDS = ("Windows", "Linux")

Handler = Callable[["Handlers", Request, "Session", "re.Match[str]"], Reply]


class Route(NamedTuple):
    """A method and a path, and who answers."""

    method: str
    path: re.Pattern[str]
    handler: Handler


class Handlers:
    """Answers requests from the state of one Enterprise Manager."""

    def __init__(
        self,
        manager: Manager,
        addresses: Addresses,
        habits: Habits,
    ) -> None:
        self._manager = manager
        self._habits = habits
        self._shown = Representations(addresses)
        of_jobs = JobEntities(addresses)
        self._kinds = all_kinds(manager, Entities(addresses), of_jobs, self._shown.task)
        self._queries = Queries(self._kinds, addresses)
        self._files = FileHandlers(manager, addresses, ranges=habits.sends_ranges)
        self._jobs = JobHandlers(manager, of_jobs)
        self._index = IndexHandlers(
            manager, addresses, self._queries, self._files, self._shown.task
        )

    def answer(self, request: Request) -> Reply:
        """Return the answer to one request. The caller holds the manager's lock."""
        session = None
        try:
            if reply := self._without_logon(request):
                return reply
            session = self._manager.use(request.token or "")
            if session is None:
                raise _no_session(request.token)
            reply = self._route(request, session)
        except Missing as missing:
            reply = self._habits.unknown.reply(missing)
        except Refusal as refusal:
            reply = refusal.reply()
        reply.session = reply.session or session
        return reply

    def _without_logon(self, request: Request) -> Reply | None:
        if request.path == "/" and request.method == "GET":
            return Reply(HTTPStatus.OK, self._shown.root())
        if request.path == "/sessionMngr/" and request.method == "POST":
            return self._log_on(request)
        return None

    def _route(self, request: Request, session: Session) -> Reply:
        methods = set()
        for route in _ROUTES:
            found = route.path.fullmatch(request.path)
            if found and route.method == request.method:
                return route.handler(self, request, session, found)
            if found:
                methods.add(route.method)
        if methods:
            allowed = {"Allow": ", ".join(sorted(methods))}
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method is not allowed.", allowed)
        node = request.path.strip("/").split("/")[0]
        raise Refusal(HTTPStatus.NOT_FOUND, f"Node [{node}] does not exist.")

    def _log_on(self, request: Request) -> Reply:
        version = request.query.get("v", "latest")
        if version not in _VERSIONS:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"API version [{version}] is not supported.")
        username, password = _credentials(request.headers.get("Authorization", ""))
        account = self._manager.authenticate(username, password)
        if account is None:
            raise _unauthorized("Logon failure: unknown user name or bad password.")
        if not account.may_log_on:
            raise Refusal(HTTPStatus.FORBIDDEN, f"{account.username} has no role that allows it.")
        session = self._manager.log_on(account)
        headers = {
            "X-RestSvcSessionId": session.token,
            "Set-Cookie": f"X-RestSvcSessionId={session.token}; Path=/api;",
        }
        return Reply(HTTPStatus.CREATED, self._session(session), headers, session)

    def _session(self, session: Session) -> Resource:
        return self._shown.session(session, self._kinds)

    def sessions(self, request: Request, session: Session, _: re.Match[str]) -> Reply:
        """GET /logonSessions."""
        if self._habits.shown_sessions is ShownSessions.NONE:
            raise Refusal(HTTPStatus.FORBIDDEN, "Access is denied.")
        found = self._visible(session)
        page = turn_to(found, request.query, self._habits.session_page or max(1, len(found)))
        base = f"{self._shown.at.base}/logonSessions?pageSize={page.size}"
        links = [Link(rel, f"{base}&page={number}") for rel, number in page.turns]
        paging = paging_info(page, links) if self._habits.session_page else None
        shown = [self._session(other) for other in page.items]
        return Reply(HTTPStatus.OK, Collection("LogonSessions", shown, paging=paging))

    def one_session(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and DELETE /logonSessions/{ID}."""
        wanted = found["session"].lower()
        deletes = request.method == "DELETE"
        among = self._manager.sessions.all() if deletes else self._visible(session)
        other = next((one for one in among if one.id.lower() == wanted), None)
        if other is None:
            raise Missing(HTTPStatus.NOT_FOUND, f"Session [{found['session']}] does not exist.")
        if request.method == "GET":
            return Reply(HTTPStatus.OK, self._session(other))
        if other is not session:
            _check(session, Right.END_SESSIONS)
        self._manager.sessions.log_out(other)
        return Reply(HTTPStatus.NO_CONTENT)

    def tasks(self, request: Request, session: Session, _: re.Match[str]) -> Reply:
        """GET /tasks."""
        shown = [self._shown.task(task) for task in session.tasks.values()]
        return Reply(HTTPStatus.OK, Collection("Tasks", shown))

    def one_task(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and DELETE /tasks/{ID}."""
        task = session.tasks.get(found["task"].lower())
        if task is None:
            message = f"There is no backup task with id [{found['task']}] in current rest session"
            raise Missing(HTTPStatus.INTERNAL_SERVER_ERROR, message)
        if request.method == "GET":
            shown = self._shown.task(task)
            if "task-list" in request.faults:
                return Reply(HTTPStatus.OK, Collection("Tasks", [shown]))
            return Reply(HTTPStatus.OK, shown)
        self._manager.cancel(session, task, request.faults.option("cancel-late", "seconds"))
        return Reply(HTTPStatus.NO_CONTENT)

    def collection(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET /vmRestorePoints and the like."""
        kind = self._kind(session, found)
        return self._queries.collection(kind, request, session)

    def member(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET /vmRestorePoints/{ID} and the like."""
        kind = self._kind(session, found)
        member = kind.find(found["id"])
        if member is None:
            message = f"{kind.name} [{found['id']}] does not exist."
            raise Missing(HTTPStatus.NOT_FOUND, message)
        show = kind.entity if request.wants_entities else kind.reference or kind.entity
        resource = show(member)
        if resource.element == "Ref":
            resource = replace(resource, element="EntityRef")
        return Reply(HTTPStatus.OK, resource)

    def _kind(self, session: Session, found: re.Match[str]) -> Kind:
        wanted = found["path"].lower()
        kind = next(kind for kind in self._kinds if (kind.path or "").lower() == wanted)
        _check(session, kind.right)
        return kind

    def query_service(self, request: Request, session: Session, _: re.Match[str]) -> Reply:
        """GET /querySvc."""
        return Reply(HTTPStatus.OK, self._shown.query_service(session, self._kinds))

    def query(self, request: Request, session: Session, _: re.Match[str]) -> Reply:
        """GET /query."""
        kind = self._queries.kind(request)
        _check(session, kind.right)
        return self._queries.answer(kind, request, session)

    def mounts(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and POST …/mounts."""
        _check(session, Right.MOUNT)
        point = self._point(found)
        if request.method == "POST":
            os_kind = self._os_kind(request, point.machine.family)
            task = self._manager.mount(session, point, os_kind, request.faults.task_fault)
            return self._accepted(task)
        shown = [
            self._shown.mount(mount)
            for mount in session.mounts.values()
            if mount.restore_point.id == point.id
        ]
        entity = f"{point.machine.family.entity}Mounts"
        return Reply(HTTPStatus.OK, Collection(entity, shown))

    def one_mount(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and DELETE …/mounts/{ID}."""
        _check(session, Right.MOUNT)
        mount = self._mount(session, found)
        if request.method == "GET":
            return Reply(HTTPStatus.OK, self._shown.mount(mount))
        if "delete-by-task" in request.faults:
            task = self._manager.unmount_by_task(session, mount, request.faults.task_fault)
            return self._accepted(task)
        self._manager.unmount(session, mount)
        return Reply(HTTPStatus.NO_CONTENT)

    def file(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and POST …/mounts/{ID}/{filepath}."""
        _check(session, Right.READ_FILES if request.method == "GET" else Right.MOUNT)
        mount = self._mount(session, found)
        path = unquote(found["file"])
        if request.method == "POST":
            return self._accepted(self._files.restore(request, session, mount, path))
        return self._files.get(request, session, mount, path)

    def indexed_machines(self, request: Request, session: Session, _: re.Match[str]) -> Reply:
        """GET /catalog/vms."""
        return self._index.machines(request, session)

    def indexed_machine(self, request: Request, _: Session, found: re.Match[str]) -> Reply:
        """GET /catalog/vms/{NAME}."""
        return self._index.machine(request, found)

    def indexed_points(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET /catalog/vms/{NAME}/vmRestorePoints."""
        return self._index.points(request, session, found)

    def indexed_point(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and POST /catalog/vms/{NAME}/vmRestorePoints/{ID}."""
        if request.method == "POST":
            return self._index.browse(request, session, found)
        return self._index.point(request, found)

    def indexed_file(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and POST /catalog/vms/{NAME}/vmRestorePoints/{ID}/guestfs/{filepath}."""
        return self._index.file(request, session, found)

    def lookup_service(self, request: Request, session: Session, _: re.Match[str]) -> Reply:
        """GET /lookupSvc."""
        _check(session, Right.READ_SERVERS)
        roots = self._manager.hierarchy.roots
        return Reply(HTTPStatus.OK, self._jobs.entities.lookup_service(session, roots))

    def lookup(self, request: Request, session: Session, _: re.Match[str]) -> Reply:
        """GET /lookup."""
        _check(session, Right.READ_SERVERS)
        return self._jobs.lookup(request)

    def of_backup_server(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET /backupServers/{ID}/jobs and repositories."""
        server_id = self._server_id(found)
        name = {"jobs": "Job", "repositories": "Repository"}[found["path"]]
        return self._part(request, session, name, lambda one: one.server.id == server_id)

    def act_on_backup_server(
        self, request: Request, session: Session, found: re.Match[str]
    ) -> Reply:
        """POST /backupServers/{ID}?action=quickbackup."""
        _check(session, Right.QUICK_BACKUP)
        return self._accepted(self._jobs.back_up(request, session, self._server_id(found)))

    def act_on_job(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """POST /jobs/{ID}?action=start."""
        _check(session, Right.MANAGE_JOBS)
        return self._accepted(self._jobs.start(request, session, self._job(found)))

    def includes(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET and POST /jobs/{ID}/includes."""
        _check(session, Right.MANAGE_JOBS)
        job = self._job(found)
        if request.method == "POST":
            return self._accepted(self._jobs.include(request, session, job))
        shown = self._manager.backups.shown_objects(job)
        return Reply(HTTPStatus.OK, self._jobs.entities.objects(job, shown))

    def exclude(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """DELETE /jobs/{ID}/includes/{ID}."""
        _check(session, Right.MANAGE_JOBS)
        job = self._job(found)
        return self._accepted(self._jobs.exclude(request, session, job, found["one"]))

    def sessions_of_job(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET /jobs/{ID}/backupSessions and replicaSessions."""
        job, kind = self._job(found), found["kind"].capitalize()
        return self._part(request, session, f"{kind}JobSession", lambda one: one.job is job)

    def tasks_of_session(self, request: Request, session: Session, found: re.Match[str]) -> Reply:
        """GET /backupSessions/{ID}/taskSessions and /replicaSessions/{ID}/replicaTaskSessions."""
        kind = found["kind"].capitalize()
        of_kind = self._manager.backups.sessions(kind)
        backup = next((one for one in of_kind if one.id == found["session"].lower()), None)
        if backup is None:
            message = f"{kind}JobSession [{found['session']}] does not exist."
            raise Refusal(HTTPStatus.NOT_FOUND, message)
        return self._part(request, session, f"{kind}TaskSession", lambda one: one.session is backup)

    def _part(
        self, request: Request, session: Session, name: str, belongs: Callable[[Any], bool]
    ) -> Reply:
        """Return a collection, of which only a part belongs to what the path names."""
        kind = next(kind for kind in self._kinds if kind.name == name)
        _check(session, kind.right)
        part = replace(kind, items=lambda of: [one for one in kind.items(of) if belongs(one)])
        return self._queries.collection(part, request, session)

    def _server_id(self, found: re.Match[str]) -> str:
        server_id = found["server"].lower()
        if server_id not in [server.id for server in self._manager.hierarchy.servers]:
            raise Refusal(HTTPStatus.NOT_FOUND, f"BackupServer [{server_id}] does not exist.")
        return server_id

    def _job(self, found: re.Match[str]) -> Job:
        job = self._manager.backups.job(found["job"])
        if job is None:
            raise Missing(HTTPStatus.NOT_FOUND, f"Job [{found['job']}] does not exist.")
        return job

    def _visible(self, session: Session) -> list[Session]:
        """Return the sessions that one is shown."""
        shows_all = self._habits.shown_sessions is ShownSessions.ALL
        return self._manager.sessions.all() if shows_all else [session]

    def _os_kind(self, request: Request, family: Family) -> str:
        """Return what a mount request asks for; Windows when it does not say."""
        if self._habits.needs_mount_body:
            if not request.body.strip():
                raise Refusal(HTTPStatus.BAD_REQUEST, "Node [root] does not exist.")
        elif family is Family.AGENT and (request.body or "Content-Type" in request.headers):
            message = "Mounting an agent's restore point takes neither a body nor a Content-Type."
            raise Refusal(HTTPStatus.BAD_REQUEST, message)
        if not request.body.strip():
            return "Windows"
        kind = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind not in _READERS:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Content-Type [{kind}] is not supported.")
        try:
            os_kind = _READERS[kind](request.body)
        except Exception as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Request body can't be read.") from error
        if os_kind not in _OS_KINDS:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"OsKind [{os_kind}] is not valid.")
        return str(os_kind)

    def _accepted(self, task: Task) -> Reply:
        return Reply(HTTPStatus.ACCEPTED, self._shown.task(task))

    def _point(self, found: re.Match[str]) -> RestorePoint:
        family = _FAMILIES[found["family"].lower()]
        point = self._manager.catalogue.find(family, found["point"])
        if point is None:
            message = f"{family.entity} [{found['point']}] does not exist."
            raise Refusal(HTTPStatus.NOT_FOUND, message)
        return point

    def _mount(self, session: Session, found: re.Match[str]) -> Mount:
        point = self._point(found)
        mount = session.mounts.get((point.id, int(found["mount"])))
        if mount is None:
            message = f"Mount point [{found['mount']}] does not exist."
            raise Missing(HTTPStatus.NOT_FOUND, message)
        return mount


_ROUTES = [
    Route(method, re.compile(path, re.IGNORECASE), handler)
    for methods, path, handler in (
        ("GET", "/logonSessions", Handlers.sessions),
        ("GET DELETE", rf"/logonSessions/(?P<session>{_UUID})", Handlers.one_session),
        ("GET", "/tasks", Handlers.tasks),
        ("GET DELETE", r"/tasks/(?P<task>task-\d+)", Handlers.one_task),
        ("GET", "/query", Handlers.query),
        ("GET", "/querySvc", Handlers.query_service),
        ("GET", f"/(?P<path>{_COLLECTIONS})", Handlers.collection),
        ("GET", rf"/(?P<path>{_COLLECTIONS})/(?P<id>{_UUID})", Handlers.member),
        ("GET", r"/(?P<path>hierarchyRoots)/(?P<id>[\w.-]+)", Handlers.member),
        ("GET", "/lookupSvc", Handlers.lookup_service),
        ("GET", "/lookup", Handlers.lookup),
        ("POST", _SERVER, Handlers.act_on_backup_server),
        ("GET", rf"{_SERVER}/(?P<path>jobs|repositories)", Handlers.of_backup_server),
        ("POST", _JOB, Handlers.act_on_job),
        ("GET POST", f"{_JOB}/includes", Handlers.includes),
        ("DELETE", rf"{_JOB}/includes/(?P<one>{_UUID})", Handlers.exclude),
        ("GET", f"{_JOB}/(?P<kind>backup|replica)Sessions", Handlers.sessions_of_job),
        (
            "GET",
            rf"/(?P<kind>backup)Sessions/(?P<session>{_UUID})/taskSessions",
            Handlers.tasks_of_session,
        ),
        (
            "GET",  # the vendor's samples spell it in both ways
            rf"/(?P<kind>replica)Sessions/(?P<session>{_UUID})/repl?icaTaskSessions",
            Handlers.tasks_of_session,
        ),
        ("GET", "/catalog/vms", Handlers.indexed_machines),
        ("GET", _INDEXED, Handlers.indexed_machine),
        ("GET", f"{_INDEXED}/vmRestorePoints", Handlers.indexed_points),
        ("GET POST", _INDEXED_POINT, Handlers.indexed_point),
        ("GET POST", rf"{_INDEXED_POINT}/guestfs(?:/(?P<file>.*))?", Handlers.indexed_file),
        ("GET POST", f"{_POINT}/mounts", Handlers.mounts),
        ("GET DELETE", rf"{_POINT}/mounts/(?P<mount>\d{{1,9}})", Handlers.one_mount),
        ("GET POST", rf"{_POINT}/mounts/(?P<mount>\d{{1,9}})/(?P<file>.+)", Handlers.file),
    )
    for method in methods.split()
]


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    username, colon, password = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _unauthorized("Authorization header is missing or can't be read.")
    return username, password


_READERS: dict[str, Callable[[bytes], Any]] = {
    "application/json": lambda body: json.loads(body).get("OsKind"),
    "application/xml": lambda body: fromstring(body).findtext(f"{{{NAMESPACE}}}OsKind"),
}


def _unauthorized(message: str) -> Refusal:
    return Refusal(HTTPStatus.UNAUTHORIZED, message, _DEMAND)


def _no_session(token: str | None) -> Refusal:
    """Return the refusal of a request without a token, or with that of no session."""
    kind = Missing if token else Refusal
    return kind(HTTPStatus.UNAUTHORIZED, "Session is not found or has expired.", _DEMAND)


def _check(session: Session, right: Right | None) -> None:
    """Raise Refusal for an account whose role lacks a right."""
    account = session.account
    if not account.may(right):
        message = f"Access is denied: {account.username} is a {account.role}."
        raise Refusal(HTTPStatus.FORBIDDEN, message)
