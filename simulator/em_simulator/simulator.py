"""An Enterprise Manager in a thread of this process, for tests."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from em_simulator.accounts import ACCOUNTS
from em_simulator.addresses import Addresses
from em_simulator.backups import BackupWays, Course
from em_simulator.catalogue import NIGHTS, Family, RestorePoint
from em_simulator.certificate import Certificate, ServerCertificate
from em_simulator.faults import Faults
from em_simulator.files import CHANGED, Change, Disk, File
from em_simulator.forms import Answers, Form, JsonLists, JsonNames, JsonNulls, Paths
from em_simulator.habits import Habits, ShownSessions, Unknown
from em_simulator.handlers import Handlers
from em_simulator.index import INDEXED_MACHINES
from em_simulator.journal import Journal, JournalEntry
from em_simulator.manager import IndexWays, Manager, MountNumbers
from em_simulator.restores import Outcome, RestoreResult, RestoreState
from em_simulator.service import Line, Service
from em_simulator.times import parts, utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path
    from typing import Self

    from em_simulator.backups import BackupSession, Job
    from em_simulator.mounts import Mount
    from em_simulator.restores import FileRestore
    from em_simulator.sessions import Session

DEFAULT_IDLE_LIMIT = 900.0
DEFAULT_HREF_HOST = "srv12.tech.local:9398"
_START_SECONDS = 30.0
_CLOSING_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class MountPoint:
    """A mount point that exists now."""

    path: str
    """Below `/api`."""
    mount_id: int
    session_id: str
    restore_point_id: str
    os_kind: str


class Simulator:
    """An HTTPS server on loopback, from `start` to `stop`, or as a `with` block."""

    def __init__(
        self,
        *,
        port: int = 0,
        idle_limit: float = DEFAULT_IDLE_LIMIT,
        mount_seconds: float = 0.0,
        indexed: Collection[str] = INDEXED_MACHINES,
        browse_seconds: float = 0.0,
        browses_with_200: bool = False,
        restore_seconds: float = 0.0,
        latency: float = 0.0,
        bandwidth: float = 0.0,
        seed: int = 1,
        journal: Path | None = None,
        journal_tokens: bool = False,
        href_host: str = DEFAULT_HREF_HOST,
        mount_numbers: MountNumbers = MountNumbers.SESSION,
        restore_points: int = 0,
        nights: int = NIGHTS,
        json_names: str = JsonNames.CAMEL,
        json_nulls: str = JsonNulls.NULL,
        byte_order_mark: bool = False,
        answers: str = Answers.ASKED,
        opaque_tokens: bool = False,
        backup_seconds: float = 0.0,
        lag: float = 0.0,
        links_starts: bool = True,
        links_replicas: bool = True,
        copies_at_once: bool = False,
        exact_names: bool = False,
        never: str | None = None,
        matches_parts: bool = False,
        unknown: str = Unknown.DOCUMENTED,
        shown_sessions: str = ShownSessions.ALL,
        paths: str = Paths.DOCUMENTED,
        json_lists: str = JsonLists.PLURAL,
        needs_mount_body: bool = False,
        two_servers: bool = False,
        lists_unique_ids: bool = False,
        refused_roots: Mapping[str, int] | None = None,
        ranges: bool = False,
        clock: Callable[[], float] = time.monotonic,
        clock_ahead: float = 0.0,
        faults: Faults | None = None,
        certificate: ServerCertificate | None = None,
    ) -> None:
        """Take what differs between servers; `em-simulator --help` says what each switch does.

        What is a word here is one of the enumerations in `forms` and `habits`. Raises ValueError
        for others.
        """
        self._port = port
        self._certificate = certificate or Certificate()
        self._journal_file = journal
        self._journal_tokens = journal_tokens
        self._manager = Manager(
            seed=seed,
            idle_limit=idle_limit,
            mount_seconds=mount_seconds,
            clock=clock,
            mount_numbers=mount_numbers,
            restore_points=restore_points,
            nights=nights,
            index=IndexWays(
                indexed,
                browse_seconds=browse_seconds,
                restore_seconds=restore_seconds,
                answers_200=browses_with_200,
            ),
            opaque_tokens=opaque_tokens,
            clock_ahead=clock_ahead,
            ways=BackupWays(
                backup_seconds=backup_seconds,
                lag=lag,
                links_starts=links_starts,
                links_replicas=links_replicas,
                copies_at_once=copies_at_once,
                exact_names=exact_names,
                matches_parts=matches_parts,
                two_servers=two_servers,
                lists_unique_ids=lists_unique_ids,
                refused_roots=refused_roots or {},
            ),
        )
        self._form = Form(
            JsonNames(json_names),
            JsonNulls(json_nulls),
            JsonLists(json_lists),
            Paths(paths),
            byte_order_mark,
            Answers(answers),
            never,
        )
        habits = Habits(
            Unknown(unknown),
            ShownSessions(shown_sessions),
            needs_mount_body,
            sends_ranges=ranges,
        )
        self._handlers = Handlers(self._manager, Addresses(href_host), habits)
        self._faults = faults or Faults()
        self._line = Line(latency, bandwidth)
        self._journal: Journal
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        listener = socket.create_server(("127.0.0.1", self._port), backlog=256)
        self._port = listener.getsockname()[1]
        self._journal = Journal(self._journal_file, with_tokens=self._journal_tokens)
        service = Service(
            self._manager,
            self._handlers,
            self._faults,
            self._journal,
            self._form,
            line=self._line,
        )
        self._thread.start()
        serving = asyncio.run_coroutine_threadsafe(self._serve(service, listener), self._loop)
        serving.result(_START_SECONDS)

    async def _serve(self, service: Service, listener: socket.socket) -> None:
        application = service.application()
        application.router.add_route("*", "/simulator/{what}", self._control)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.SockSite(self._runner, listener, ssl_context=self._certificate.context())
        await site.start()

    def stop(self) -> None:
        """Stop listening and end the thread."""
        stopping = asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        stopping.result(_START_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._journal.close()

    async def _end(self) -> None:
        if self._runner and self._runner.server:
            for connection in self._runner.server.connections:
                if connection.transport:
                    connection.transport.abort()  # no waiting for the client's good-bye
            await self._runner.cleanup()
        await asyncio.sleep(_CLOSING_SECONDS)  # connections that were cut get closed

    @property
    def url(self) -> str:
        """Address, without `/api`."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the server's certificate, in capitals with colons."""
        return self._certificate.fingerprint

    @property
    def certificate_pem(self) -> str:
        """The server's certificate as PEM text."""
        return self._certificate.pem

    @property
    def journal(self) -> list[JournalEntry]:
        """All requests so far, as they were answered."""
        return list(self._journal.entries)

    @property
    def answering(self) -> list[str]:
        """The requests that are not answered yet, as `METHOD /path`."""
        return list(self._journal.begun.values())

    def mounts(self) -> list[MountPoint]:
        """Return the mount points that exist in any session."""
        with self._manager.lock:
            self._manager.advance()
            return [
                _described(session, mount)
                for session in self._manager.sessions.all()
                for mount in session.mounts.values()
            ]

    def sessions(self) -> list[str]:
        """Return the ids of the logon sessions that exist, the oldest first."""
        with self._manager.lock:
            self._manager.advance()
            return [session.id for session in self._manager.sessions.all()]

    def lost_by_logout(self) -> list[MountPoint]:
        """Return the mount points that went because a client logged their session out."""
        with self._manager.lock:
            return [_described(*lost) for lost in self._manager.sessions.lost_by_logout]

    def log_on(self, username: str, password: str) -> tuple[str, str]:
        """Make a logon session; returns its id and its token. Raises ValueError."""
        with self._manager.lock:
            account = self._manager.authenticate(username, password)
            if account is None:
                raise ValueError("there is no such account")
            session = self._manager.log_on(account)
            return session.id, session.token

    def mount(self, token: str, family: Family, restore_point_id: str) -> MountPoint:
        """Mount at once in the session of that token, as another client would."""
        with self._manager.lock:
            session = self._manager.use(token)
            point = self._manager.catalogue.find(family, restore_point_id)
            if session is None or point is None:
                raise ValueError("there is no such session or restore point")
            task = self._manager.mount(session, point, "Windows")
            task.collected_at = task.finished_at = 0.0
            self._manager.advance()
        return next(
            mount
            for mount in reversed(self.mounts())
            if (mount.session_id, mount.restore_point_id) == (session.id, point.id)
        )

    def file(self, family: Family, restore_point_id: str, path: str) -> bytes:
        """Return the bytes of a file as they were at a restore point. Raises ValueError."""
        with self._manager.lock:
            point = self._manager.catalogue.find(family, restore_point_id)
            found = self._manager.disks.at(point).find(path) if point else None
            if point is None or not isinstance(found, File):
                raise ValueError("there is no such file or restore point")
            return self._manager.disks.content(point, found)

    def add_file(
        self,
        machine: str,
        path: str,
        content: bytes,
        *,
        at: dt.datetime | None = None,
        modified: dt.datetime = CHANGED,
    ) -> None:
        """Put a file on a machine's disk: in all its restore points, or in those made after `at`.

        Raises ValueError for a machine that there is not.
        """
        file = File(path, len(content), "TECH\\administrator", modified, content)
        with self._manager.lock:
            disk = self._disk(machine)
            if at is None:
                disk.put(file)
            else:
                self._manager.disks.change(machine, Change(at, path, file))

    def remove_file(self, machine: str, path: str, *, at: dt.datetime | None = None) -> None:
        """Let a file or folder vanish: from all restore points, or from those made after `at`.

        Raises ValueError for a machine that there is not.
        """
        with self._manager.lock:
            disk = self._disk(machine)
            if at is None:
                disk.remove(path)
            else:
                self._manager.disks.change(machine, Change(at, path, None))

    def forget_index(self, restore_point_id: str) -> None:
        """Take a restore point out of the index, as when its indexing failed."""
        with self._manager.lock:
            self._manager.index.missing.add(restore_point_id)

    def add_twin(self, machine_name: str) -> list[RestorePoint]:
        """Have the second backup server back a VM of the same name up; returns its points."""
        with self._manager.lock:
            catalogue = self._manager.catalogue
            return catalogue.add_twin(catalogue.machine(machine_name))

    def restored(self) -> list[FileRestore]:
        """Return what was restored to its original place, in this order."""
        with self._manager.lock:
            self._manager.advance()
            return list(self._manager.restores.restored)

    def restore_sessions(self) -> list[str]:
        """Return the ids of the restore sessions that were ever begun, the oldest first."""
        with self._manager.lock:
            self._manager.advance()
            return [restore.id for restore in self._manager.restores]

    def set_restore_state(
        self,
        restore_session_id: str,
        state: str,
        result: str = RestoreResult.SUCCESS,
        message: str | None = None,
    ) -> None:
        """Hold a restore session in a state: Starting, Working, Stopping or Stopped.

        The result and its message are seen once it is stopped. Raises ValueError.
        """
        with self._manager.lock:
            restore = self._manager.restores.find(restore_session_id)
            if restore is None:
                raise ValueError("there is no such restore session")
            outcome = Outcome(RestoreResult(result), message)
            self._manager.restores.set_state(restore, RestoreState(state), outcome)

    def vm(self, name: str) -> str:
        """Return the reference of a VM. Raises StopIteration when there is none."""
        items = self._manager.hierarchy
        return next(item.ref for item in items if (item.type, item.name) == ("Vm", name))

    def add_vm(self, name: str) -> str:
        """Let somebody make a VM; returns its reference."""
        with self._manager.lock:
            return self._manager.hierarchy.add(name).ref

    def job(self, name: str) -> Job:
        """Return a job. Raises ValueError when there is none of that name."""
        with self._manager.lock:
            self._manager.advance()
            for job in self._manager.backups.jobs:
                if job.name == name:
                    return job
        raise ValueError(f"there is no job {name!r}")

    def add_job(self, name: str) -> Job:
        """Let somebody make a backup job, with nothing in it yet."""
        with self._manager.lock:
            return self._manager.backups.add_job(name, "Backup", "VMware")

    def objects_in(self, job_name: str) -> list[str]:
        """Return the references of what a job really includes, in its order."""
        return [one.item.ref for one in self.job(job_name).objects if one.is_there]

    def add_to_job(self, job_name: str, ref: str) -> str:
        """Put an object into a job, as somebody else; returns its id there."""
        job = self.job(job_name)
        with self._manager.lock:
            item = self._manager.hierarchy.find(ref)
            if item is None:
                raise ValueError("there is no such object")
            self._manager.backups.include(job, item, 0.0)
            return job.objects[-1].id

    def remove_from_job(self, job_name: str, ref: str) -> None:
        """Take an object out of a job, as somebody else."""
        job = self.job(job_name)
        with self._manager.lock:
            one = job.find(ref)
            if one is None:
                raise ValueError("the job has no such object")
            self._manager.backups.exclude(job, one, 0.0)

    def remove_job(self, name: str) -> None:
        """Let somebody delete a job; what it did stays."""
        job = self.job(name)
        with self._manager.lock:
            self._manager.backups.jobs.remove(job)

    def add_backup(
        self,
        job_name: str,
        machine_name: str,
        began: str,
        result: str = RestoreResult.SUCCESS,
        reason: str = "",
        *,
        is_retry: bool = False,
    ) -> BackupSession:
        """Let a job have processed one VM, from that time on."""
        job, (moment, _) = self.job(job_name), parts(began)
        with self._manager.lock:
            items = self._manager.hierarchy
            item = next(item for item in items if item.name == machine_name)
            course = Course(RestoreResult(result), reason, 60.0)
            return self._manager.backups.remember(job, item, moment, course, is_retry=is_retry)

    def remove_backup(self, session_id: str) -> None:
        """Remove the session of a backup, as when it is too old to be kept."""
        with self._manager.lock:
            self._manager.backups.forget(session_id)

    def finish_backups(self) -> None:
        """Let all backups that run end now."""
        with self._manager.lock:
            self._manager.backups.finish()

    def started_backups(self) -> list[BackupSession]:
        """Return the backups that clients have started, the oldest first."""
        with self._manager.lock:
            self._manager.advance()
            return list(self._manager.backups.started)

    def add_restore_point(
        self, machine_name: str, created_at: str, *, is_complete: bool = True
    ) -> RestorePoint:
        """Add a restore point, made at a time like `2026-11-16T22:00:42.1234567Z`.

        Raises ValueError for a machine or a time that can't be.
        """
        with self._manager.lock:
            catalogue = self._manager.catalogue
            machine = catalogue.machine(machine_name)
            moment, fraction = parts(created_at)
            return catalogue.add(machine, moment, fraction, is_complete=is_complete)

    def remove_restore_point(self, family: Family, restore_point_id: str) -> None:
        """Remove a restore point, as when its retention is over.

        Raises ValueError when there is none, or while it is mounted: a backup in use stays.
        """
        with self._manager.lock:
            point = self._manager.catalogue.find(family, restore_point_id)
            if point is None:
                raise ValueError("there is no such restore point")
            if any(mount.restore_point_id == point.id for mount in self.mounts()):
                raise ValueError("the restore point is mounted")
            self._manager.catalogue.remove(point)

    def add_incomplete_restore_point(self, machine_name: str) -> RestorePoint:
        """Add a restore point that is still being written, newer than all of its machine.

        It has no links to mount or restore it, nor to its backup's file. Raises ValueError.
        """
        with self._manager.lock:
            machine = self._manager.catalogue.machine(machine_name)
            points = self._manager.catalogue.of(machine.family)
            newest = next(point for point in points if point.machine == machine)
            moment = newest.created_at + dt.timedelta(hours=1)
            return self.add_restore_point(machine_name, utc_text(moment), is_complete=False)

    def _disk(self, name: str) -> Disk:
        return self._manager.disks.of(self._manager.catalogue.machine(name))

    def expire_sessions(self) -> None:
        """Let every logon session expire, as after 15 idle minutes."""
        with self._manager.lock:
            self._manager.sessions.drop_all()

    def add_fault(self, name: str, pattern: str, count: int | None = 1, **options: Any) -> None:
        """Switch a fault on for requests whose `METHOD /path` matches. Raises ValueError."""
        with self._manager.lock:
            self._faults.add(name, pattern, count, options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        with self._manager.lock:
            self._faults.clear()

    def restore_points(self, family: Family) -> list[RestorePoint]:
        """Return the restore points of a family, the newest first."""
        return self._manager.catalogue.of(family)

    def description(self) -> dict[str, Any]:
        """Return what somebody needs to try it out."""
        return {
            "url": self.url,
            "fingerprint": self.fingerprint,
            "username": ACCOUNTS[0].username,
            "password": ACCOUNTS[0].password,
            "restore_points": [point.id for point in self.restore_points(Family.VM)[:5]],
        }

    async def _control(self, request: web.Request) -> web.Response:
        """Answer who controls the simulator from another process."""
        match request.method, request.match_info["what"]:
            case "GET", "state":
                mounts = [mount.path for mount in self.mounts()]
                return web.json_response({"mounts": mounts, "sessions": self.sessions()})
            case "POST", "expire" | "restart":
                self.expire_sessions()
            case "POST", "faults":
                wanted = await request.json()
                try:
                    self.add_fault(**wanted)
                except (TypeError, ValueError) as error:
                    return web.json_response({"error": str(error)}, status=400)
            case "DELETE", "faults":
                self.clear_faults()
            case _:
                return web.json_response({"error": "no such control"}, status=404)
        return web.json_response({})


def _described(session: Session, mount: Mount) -> MountPoint:
    point = mount.restore_point
    return MountPoint(
        path=f"/{point.machine.family.collection}/{point.id}/mounts/{mount.id}",
        mount_id=mount.id,
        session_id=session.id,
        restore_point_id=point.id,
        os_kind=mount.os_kind,
    )
