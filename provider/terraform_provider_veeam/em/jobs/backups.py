"""Starting jobs and quick backups, and following them to their end.

The task of a start is finished when the job has begun: the outcome is its session's, once that is
stopped. No request that starts something is sent twice.

Follows the vendor's pages post_jobs_id_actionstart, post_backupservers_id_quickbackup,
backupsessions_id and replicasessions_id.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from operator import attrgetter
from typing import NamedTuple, TypeVar

from terraform_provider_veeam.em import errors, models, one_task, tasks, times
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, retry
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory import hierarchy, query
from terraform_provider_veeam.em.jobs import sessions
from terraform_provider_veeam.em.jobs.jobs import Job, job_path
from terraform_provider_veeam.em.logon import Group
from terraform_provider_veeam.em.polling import LONGEST_PAUSE, follow, looks
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import capital

LATE_SECONDS = 120.0  # seconds until a session that was started has to be seen: some come late
_LAST_KNOWN = 10  # sessions from before the start that are told from the new one
_SKEW = dt.timedelta(minutes=5)  # between two servers of a domain: Kerberos allows no more
_PAUSES = (0.0, 1.0, 2.0)  # seconds before each look for a new restore point's link
_WHERE = "History in the console of Veeam Backup & Replication"
Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """What came of a session that did not fail."""

    machines: list[sessions.TaskSession]  # one for each VM; none if not readable
    remarks: list[str]


class Backups(Group):
    """The runs of jobs: those that were, and new ones, each started in a session of its own."""

    def job_sessions(
        self, wanted: sessions.WantedSessions, limit: int, deadline: Deadline
    ) -> list[sessions.JobSession]:
        """Return at most `limit` runs of a job, the newest first. Raises UnexpectedAnswer."""
        return self._browse(
            lambda own: list(islice(sessions.job_sessions(own, wanted), limit)), deadline
        )

    def task_sessions(
        self, wanted: sessions.WantedSessions, limit: int, deadline: Deadline
    ) -> list[sessions.TaskSession]:
        """Return at most `limit` backups of a VM, the newest first. Raises UnexpectedAnswer."""
        return self._browse(
            lambda own: list(islice(sessions.task_sessions(own, wanted), limit)), deadline
        )

    def running(self, job: Job, deadline: Deadline) -> sessions.JobSession | None:
        """Return the session of a job that runs; None when it does not."""
        of_job = sessions.WantedSessions(sessions.SessionType.of(job.type), job.id)
        newest = self._browse(lambda own: next(sessions.job_sessions(own, of_job), None), deadline)
        return newest if newest and not newest.is_stopped else None

    def start(self, job: Job, deadline: Deadline) -> sessions.JobSession:
        """Start a job and return its new session. Raises TaskFailed, BackupOutOfSight."""
        of_job = sessions.WantedSessions(sessions.SessionType.of(job.type), job.id)
        known, wanted = self._before(of_job.type.entity, of_job, deadline)

        def find(own: SessionClient) -> sessions.JobSession | None:
            found = sessions.job_sessions(own, wanted)
            return next((one for one in found if one.id not in known), None)

        path = f"{job_path(job.id)}?action=start"
        return self._send(path, None, f"job {printable(job.name)}", find, deadline)

    def quick_backup(
        self, vm: hierarchy.HierarchyObject, deadline: Deadline
    ) -> sessions.JobSession:
        """Back up a VM; return the session. Raises TaskFailed, BackupOutOfSight."""
        server_id = self._browse(lambda own: hierarchy.backup_server_of(own, vm), deadline)
        of_vm = sessions.WantedSessions(machine_name=vm.name)
        known, wanted = self._before(of_vm.type.task_entity, of_vm, deadline)

        def find(own: SessionClient) -> sessions.JobSession | None:
            for one in sessions.task_sessions(own, wanted):
                is_vm = one.ref is None or vm.has_ref(one.ref)
                if one.id not in known and is_vm and one.session_id:
                    of_one = sessions.session_path(wanted.type, one.session_id)
                    found = sessions.read_job_session(own, of_one)
                    if not found.is_copy:  # of what has just been backed up
                        return found
            return None

        path = f"/backupServers/{server_id}?action=quickbackup"
        what = f"the quick backup of {printable(vm.name)}"
        return self._send(path, {"VmRef": vm.ref}, what, find, deadline)

    def follow(
        self, started: sessions.JobSession, deadline: Deadline
    ) -> Iterator[sessions.JobSession]:
        """Yield the session now and then, at last stopped. A stop ends the waiting alone."""

        def look() -> sessions.JobSession:
            return self._patiently(
                lambda own: sessions.read_job_session(own, started.path), deadline
            )

        try:
            for _, session in follow(started, look, attrgetter("is_stopped"), deadline):
                yield session
        except (errors.Stopped, errors.DeadlinePassed) as error:
            raise error.add(
                f"Only the waiting has ended: the {started.type.noun} goes on. {_WHERE} shows it "
                f"as {printable(started.name)}."
            ) from error
        except errors.EnterpriseManagerError as error:
            raise errors.BackupOutOfSight(
                f"The {started.type.noun} was started, but could not be followed to its end",
                f"{error.detail}\n{_WHERE} shows it as {printable(started.name)}.",
            ) from error

    def outcome(self, session: sessions.JobSession, deadline: Deadline) -> Outcome:
        """Return what came of a session that is stopped. Raises BackupFailed."""
        machines: list[sessions.TaskSession] = []
        try:
            for pause in _PAUSES:
                deadline.wait(pause)
                machines = self._machines(session, deadline)
                late = (one for one in machines if not one.restore_point and one.result != "Failed")
                if machines and not any(late):
                    break
            why = _reasons(session, machines)
        except errors.EnterpriseManagerError as error:
            why = [f"The reasons could not be read: {error.summary}."]
        if session.result not in ("Success", "Warning"):
            listed = "".join(f"\n  {line}" for line in why) or " It gave no reason."
            raise errors.BackupFailed(
                f"The {session.type.noun} {printable(session.name)} failed",
                f"Its session has ended as {session.result or 'without a result'}.{listed}",
            )
        return Outcome(machines, why)

    def reasons(self, session: sessions.JobSession, deadline: Deadline) -> list[str]:
        """Return, line by line, why a stopped session did not succeed without remarks."""
        return _reasons(session, self._machines(session, deadline))

    def _machines(
        self, session: sessions.JobSession, deadline: Deadline
    ) -> list[sessions.TaskSession]:
        of_session = sessions.WantedSessions(session.type, session_id=session.id)
        return self._patiently(lambda own: list(sessions.task_sessions(own, of_session)), deadline)

    def _send(
        self,
        path: str,
        body: dict[str, str] | None,
        what: str,
        find: Callable[[SessionClient], sessions.JobSession | None],
        deadline: Deadline,
    ) -> sessions.JobSession:
        # A session that appears when the answer is lost may be the schedule's, or somebody else's.
        unknown = errors.BackupOutOfSight(
            f"It is not known whether {what} was started",
            "Its task was not found, and it was not asked for again, so that it is not started "
            f"twice. {_WHERE} shows whether it runs.",
        )
        own = self._logon.for_one_task(deadline)
        with one_task.OneTask(self._logon, own, deadline, unknown=unknown) as start:
            start.send(path, body)
            try:
                task = start.wait(deadline)
            except errors.EnterpriseManagerError as error:
                error.add(f"{capital(what)} may yet begin. {_WHERE} shows it then.")
                raise
        if task and not task.success:
            raise errors.TaskFailed(
                f"Enterprise Manager could not start {what}", tasks.failure_of(f"POST {path}", task)
            )
        return self._first_seen(task, what, find, deadline)

    def _first_seen(
        self,
        task: models.Task | None,
        what: str,
        find: Callable[[SessionClient], sessions.JobSession | None],
        deadline: Deadline,
    ) -> sessions.JobSession:
        """Return the session that was started as soon as the server shows it."""
        link = task.job_session if task else None

        def look(own: SessionClient) -> sessions.JobSession | None:
            with suppress(errors.NotFound):
                return sessions.read_job_session(own, link) if link else find(own)
            return None

        try:
            for now in chain((0.0,), looks(deadline)):
                if session := self._patiently(look, deadline):
                    return session
                if now >= LATE_SECONDS:
                    break
        except (errors.Stopped, errors.DeadlinePassed) as error:
            error.add(
                f"Only the waiting has ended: {what} was started and goes on. {_WHERE} shows it."
            )
            raise
        except errors.EnterpriseManagerError as error:
            raise errors.BackupOutOfSight(
                f"{capital(what)} was started, but could not be followed",
                f"{error.detail}\n{_WHERE} shows whether it runs.",
            ) from error
        raise errors.BackupOutOfSight(
            f"{capital(what)} was started, but its session is not to be found",
            f"Enterprise Manager has shown no session of it for {LATE_SECONDS:g} seconds. {_WHERE} "
            "shows whether it runs.",
        )

    def _before(
        self, kind: str, wanted: sessions.WantedSessions, deadline: Deadline
    ) -> tuple[frozenset[str], sessions.WantedSessions]:
        """Return what is known before a start, and what to look for after it.

        The time is by the server's own clock, less what the clock of a backup server may be behind.
        """
        newest = query.query_address(kind, wanted.conditions(), "CreationTime", _LAST_KNOWN)
        answer = self._browse(lambda own: own.get(f"{newest}&page=1"), deadline)
        known = frozenset(map(decoders.own_uuid, query.entities(answer.document, kind)))
        moment = retry.http_date(answer.headers.get("Date"))
        since = times.Time(moment.astimezone(dt.UTC) - _SKEW, 0) if moment else None
        return known, wanted._replace(created_after=since)

    def _patiently(self, look: Callable[[SessionClient], Result], deadline: Deadline) -> Result:
        """Return what a look finds; errors that may pass are put up with for a minute."""
        return retry.persist(
            lambda: self._browse(look, deadline), deadline.part(retry.PATIENCE), LONGEST_PAUSE
        )


def _reasons(session: sessions.JobSession, machines: Sequence[sessions.TaskSession]) -> list[str]:
    told = [session.message] if session.message else []
    for one in machines:
        if one.result != "Success" or one.reason:
            name = printable(one.machine_name or one.name)
            told.append(f"{name}: {one.reason or f'{one.result or one.state}, without a reason'}")
    return told
