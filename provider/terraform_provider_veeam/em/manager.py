"""Enterprise Manager as the provider sees it: what can be asked of it, by many threads at once."""

from __future__ import annotations

import logging
import random as system_random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from itertools import chain, islice
from typing import TypeVar

from terraform_provider_veeam.em import models
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Clock, Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.em.files.listing import Files
from terraform_provider_veeam.em.files.restore import FileRestores
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.index import Index
from terraform_provider_veeam.em.inventory import hierarchy
from terraform_provider_veeam.em.inventory.backup_servers import BackupServer, backup_servers
from terraform_provider_veeam.em.inventory.machines import FoundMachines, find_machines
from terraform_provider_veeam.em.inventory.near_misses import near_misses
from terraform_provider_veeam.em.inventory.repositories import Repository, repositories
from terraform_provider_veeam.em.inventory.restore_points import (
    FoundRestorePoint,
    Wanted,
    find_restore_points,
    read_restore_point,
)
from terraform_provider_veeam.em.inventory.restore_sessions import (
    RestoreSession,
    running_restores,
)
from terraform_provider_veeam.em.jobs import sessions
from terraform_provider_veeam.em.jobs.jobs import (
    Job,
    JobObject,
    WantedJobs,
    find_jobs,
    objects_in_job,
    read_job,
)
from terraform_provider_veeam.em.jobs.objects import JobObjects
from terraform_provider_veeam.em.jobs.starts import JobStarts
from terraform_provider_veeam.em.logon import Logon, conceal_session
from terraform_provider_veeam.em.mounts.create import create_mount
from terraform_provider_veeam.em.mounts.existing import MountPoints
from terraform_provider_veeam.em.patterns import similar_names
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.em.tasks import Tasks, looks
from terraform_provider_veeam.masking import printable

LOGOUT_SECONDS = 5.0
ADVICE_SECONDS = 20.0
"""How long it may take to find out what a person may have meant."""

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class EnterpriseManager:
    """One Enterprise Manager. Errors are those of `errors`, ready to be shown.

    Every secret is concealed the moment it is known.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = SYSTEM_CLOCK,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        self.settings = settings
        """Its settings: where Enterprise Manager is, and how to reach it."""
        self._clock = clock
        self._client = Client(settings, random=random)
        self._logon = Logon(self._client, settings)
        self.index = Index(self._client, self._logon)
        """The index of guest files."""
        self._passing: dict[str, models.Mounted] = {}
        """Mounts that must not outlive this process, by session and path."""

    @property
    def base_url(self) -> str:
        """Where Enterprise Manager is: `https://HOST:PORT/api`."""
        return self.settings.base_url

    @property
    def session_is_borrowed(self) -> bool:
        """Whether an existing session's token was configured, in place of a user name."""
        return self.settings.session_token is not None

    def session(self, deadline: Deadline) -> models.LogonSession:
        """Return the browsing session, logging on if there is none yet."""
        return self._logon.browsing(deadline)

    def lists_session(self, session_id: str, deadline: Deadline) -> bool:
        """Tell whether the server lists that logon session; nothing of it is sent."""
        return self._logon.lists(session_id, deadline)

    # What is looked up in the browsing session

    def restore_point(self, ref: models.RestorePointRef, deadline: Deadline) -> models.RestorePoint:
        """Return a restore point. Raises RestorePointGone, AccessDenied."""
        return self._logon.browse(
            lambda session: read_restore_point(self._client, session, ref, deadline), deadline
        )

    def restore_points(
        self, wanted: Wanted, limit: int, deadline: Deadline
    ) -> list[FoundRestorePoint]:
        """Return at most `limit` restore points, the newest first; no further page is read."""
        return self._logon.browse(
            lambda session: list(
                islice(find_restore_points(self._client, session, wanted, deadline), limit)
            ),
            deadline,
        )

    def latest_restore_point(self, wanted: Wanted, deadline: Deadline) -> FoundRestorePoint | None:
        """Return the newest restore point that has been written; None when there is none."""

        def find(session: models.LogonSession) -> FoundRestorePoint | None:
            for found in find_restore_points(self._client, session, wanted, deadline):
                if found.is_complete:
                    return found
                log.info("passing over %s, which is still being written", found.name)
            return None

        return self._logon.browse(find, deadline)

    def machines(
        self,
        wanted: Wanted,
        deadline: Deadline,
        families: Sequence[models.RestorePointType] = tuple(models.RestorePointType),
    ) -> FoundMachines:
        """Return the machines that have restore points like those wanted, of any type."""
        return self._logon.browse(
            lambda session: find_machines(self._client, session, wanted, families, deadline),
            deadline,
        )

    def running_restores(self, deadline: Deadline) -> list[RestoreSession]:
        """Return the file-level restores that have not stopped, the newest first."""
        return self._logon.browse(
            lambda session: list(running_restores(self._client, session, deadline)), deadline
        )

    def backup_servers(self, deadline: Deadline) -> list[BackupServer]:
        """Return the backup servers."""
        return self._logon.browse(
            lambda session: list(backup_servers(self._client, session, deadline)), deadline
        )

    def hierarchy_roots(self, deadline: Deadline) -> list[hierarchy.HierarchyRoot]:
        """Return the hosts that the backup servers know."""
        return self._logon.browse(
            lambda session: list(hierarchy.hierarchy_roots(self._client, session, deadline)),
            deadline,
        )

    def hierarchy_objects(
        self,
        roots: Sequence[hierarchy.HierarchyRoot],
        name: str,
        kind: str,
        deadline: Deadline,
        *,
        patience: float = 0.0,
    ) -> hierarchy.FoundObjects:
        """Return the VMs, or the objects of another type, that those hosts have of a name.

        While there is none, it looks again for as many seconds as `patience` says.
        """
        for so_far in chain((0.0,), looks(deadline)):
            found = self._find_objects(roots, name, kind, deadline)
            if found.objects or so_far >= patience:
                break
        return found

    def _find_objects(
        self,
        roots: Sequence[hierarchy.HierarchyRoot],
        name: str | None,
        kind: str,
        deadline: Deadline,
    ) -> hierarchy.FoundObjects:
        return self._logon.browse(
            lambda session: hierarchy.find_objects(
                self._client, session, roots, deadline, name=name, kind=kind
            ),
            deadline,
        )

    def hierarchy_object(self, ref: str, deadline: Deadline) -> hierarchy.HierarchyObject | None:
        """Return the object that a reference leads to; None when there is none."""
        return self._logon.browse(
            lambda session: hierarchy.read_object(self._client, session, ref, deadline), deadline
        )

    def repositories(self, deadline: Deadline) -> list[Repository]:
        """Return the backup repositories."""
        return self._logon.browse(
            lambda session: list(repositories(self._client, session, deadline)), deadline
        )

    def jobs(self, wanted: WantedJobs, deadline: Deadline) -> list[Job]:
        """Return the jobs that are wanted."""
        return self._logon.browse(
            lambda session: list(find_jobs(self._client, session, wanted, deadline)), deadline
        )

    def job(self, job_id: str, deadline: Deadline) -> Job:
        """Return a job. Raises JobGone, AccessDenied."""
        return self._logon.browse(
            lambda session: read_job(self._client, session, job_id, deadline), deadline
        )

    def objects_in_job(self, job_id: str, deadline: Deadline) -> list[JobObject]:
        """Return what a job includes. Raises JobGone, AccessDenied."""
        return self._logon.browse(
            lambda session: objects_in_job(self._client, session, job_id, deadline), deadline
        )

    def job_sessions(
        self, wanted: sessions.WantedSessions, limit: int, deadline: Deadline
    ) -> list[sessions.JobSession]:
        """Return at most `limit` runs of a job, the newest first. Raises UnexpectedAnswer."""

        def find(session: models.LogonSession) -> list[sessions.JobSession]:
            return list(
                islice(sessions.job_sessions(self._client, session, wanted, deadline), limit)
            )

        return self._logon.browse(find, deadline)

    def task_sessions(
        self, wanted: sessions.WantedSessions, limit: int, deadline: Deadline
    ) -> list[sessions.TaskSession]:
        """Return at most `limit` backups of a VM, the newest first. Raises UnexpectedAnswer."""

        def find(session: models.LogonSession) -> list[sessions.TaskSession]:
            return list(
                islice(sessions.task_sessions(self._client, session, wanted, deadline), limit)
            )

        return self._logon.browse(find, deadline)

    def mounted_restore_points(self, deadline: Deadline) -> Iterator[models.RestorePointRef]:
        """Return the restore points of which the session may have mount points, each once.

        Those of its tasks come first, then those that the backup servers show as being restored:
        how long a finished task stays listed is not documented.
        """
        session = self._logon.browsing(deadline)
        seen = set()
        for task in Tasks(self._client, self._logon, session).all(deadline):
            ref = models.restore_point_at(task.mount_href or "")
            if ref and ref not in seen:
                seen.add(ref)
                yield ref
        for restore in running_restores(self._client, session, deadline):
            for ref in restore.restore_points:
                if ref not in seen:
                    seen.add(ref)
                    yield ref

    # What a person may have meant who found nothing; all of it may fail without another error

    def near_misses(
        self, wanted: Wanted, deadline: Deadline, known: FoundMachines | None = None
    ) -> str:
        """Return which machines come near to what was wanted in vain, or which job; raises nothing.

        `known` are all machines, where somebody has looked already.
        """
        part = deadline.part(ADVICE_SECONDS)
        said = _advice(lambda: near_misses(wanted, known or self.machines(Wanted(), part))) or ""
        for job in self._jobs_called(wanted.machine_name, part):
            found = _advice(partial(self.objects_in_job, job.id, part)) or ()
            names = ", ".join(sorted(printable(one.name) for one in found if one.name))
            inside = f" In it are: {names}." if names else ""
            said += f"\n{printable(job.name)} is the name of a job, not of a machine.{inside}"
        return said

    def _jobs_called(self, name: str | None, deadline: Deadline) -> list[Job]:
        if name is None or "*" in name:
            return []
        return _advice(lambda: self.jobs(WantedJobs(name=name), deadline)) or []

    def similar_objects(
        self, roots: Sequence[hierarchy.HierarchyRoot], name: str, kind: str, deadline: Deadline
    ) -> list[str]:
        """Return the names of objects like one that was not found, the likeliest first.

        Raises nothing.
        """
        part = deadline.part(ADVICE_SECONDS)
        found = _advice(lambda: self._find_objects(roots, None, kind, part))
        return similar_names(name, {one.name for one in found.objects}) if found else []

    def in_another_family(
        self, ref: models.RestorePointRef, deadline: Deadline
    ) -> models.RestorePoint | None:
        """Return the restore point of that UUID that is of another type; raises nothing."""
        part = deadline.part(ADVICE_SECONDS)
        others = (
            ref._replace(type=kind) for kind in models.RestorePointType if kind is not ref.type
        )
        looks = (_advice(partial(self.restore_point, other, part)) for other in others)
        return next((found for found in looks if found), None)

    def mounted_instead(
        self, session: models.LogonSession, restore_point_id: str, deadline: Deadline
    ) -> list[models.MountPoint]:
        """Return all mount points of a restore point, of any type; raises nothing."""
        part = deadline.part(ADVICE_SECONDS)
        refs = (models.RestorePointRef(kind, restore_point_id) for kind in models.RestorePointType)
        looks = (_advice(partial(self.mount_points, session, ref, part)) for ref in refs)
        return [found for look in looks for found in look or ()]

    # What is done in a mount's own session

    def mount(
        self,
        ref: models.RestorePointRef,
        os_kind: str | None,
        deadline: Deadline,
        *,
        outlives: bool = True,
    ) -> models.Mounted:
        """Mount a restore point in a session of its own, and return it when its disks are there.

        With `outlives` false it is removed when this process ends. Raises as create_mount does.
        """
        mounted = create_mount(self._client, self._logon, ref, os_kind, deadline)
        if not outlives:
            self._passing[_key(mounted.session, mounted.mount_point.href)] = mounted
        return mounted

    def mount_point(
        self,
        session: models.LogonSession,
        ref: models.RestorePointRef,
        href: str,
        deadline: Deadline,
    ) -> models.MountPoint:
        """Return a mount point of that session. Raises MountGone, SessionGone."""
        return self._mount_points(session).read(ref, href, deadline)

    def mount_points(
        self, session: models.LogonSession, ref: models.RestorePointRef, deadline: Deadline
    ) -> list[models.MountPoint]:
        """Return the mount points of a restore point in that session, by number.

        Raises SessionGone.
        """
        return self._mount_points(session).list(ref, deadline)

    def unmount(self, session: models.LogonSession, href: str, deadline: Deadline) -> None:
        """Unmount in that session and end it, unless somebody else made it.

        A mount point that is gone already is no error. Raises SessionGone, TaskFailed.
        """
        self._mount_points(session).unmount(href, deadline)
        self._passing.pop(_key(session, href), None)
        log.info("unmounted: %s of %s", href, session)
        try:
            # Nobody would come back to it: a stop waits that long.
            self._logon.end(session, deadline.unstoppable("Logging out", LOGOUT_SECONDS))
        except EnterpriseManagerError as error:
            log.info("%s is left to expire: %s", session, error)

    def files(self, session: models.LogonSession, href: str) -> tuple[Files, FileRestores]:
        """Return the file system of a mount point of that session, and what restores its files."""
        conceal_session(session)
        files = Files(self._client, session, href)
        return files, FileRestores(self._client, self._logon, session)

    # What is done once, in a session of its own

    @cached_property
    def job_objects(self) -> JobObjects:
        """What puts objects into jobs and takes them out."""
        return JobObjects(self._client, self._logon)

    @property
    def job_starts(self) -> JobStarts:
        """What starts jobs and follows them."""
        return JobStarts(self._client, self._logon)

    def quick_backup(
        self, vm: hierarchy.HierarchyObject, deadline: Deadline
    ) -> sessions.JobSession:
        """Start a quick backup on the backup server that knows the VM, and return its session.

        Raises UnexpectedAnswer, TaskFailed, BackupOutOfSight.
        """
        server_id = self._logon.browse(
            lambda session: hierarchy.backup_server_of(self._client, session, vm, deadline),
            deadline,
        )
        return self.job_starts.quick_backup(vm, server_id, deadline)

    def touch(self, session: models.LogonSession, href: str, deadline: Deadline) -> None:
        """Use that session, by reading its mount point, or its tasks where it has none.

        Raises MountGone, SessionGone.
        """
        if ref := models.restore_point_at(href):
            self._mount_points(session).read(ref, href, deadline)
        else:
            Tasks(self._client, self._logon, session).all(deadline)

    def end(self, session: models.LogonSession, deadline: Deadline) -> None:
        """End a session that has no mount point left, unless somebody else made it."""
        conceal_session(session)
        self._logon.end(session, deadline)

    def close(self, seconds: float, whole: Deadline | None = None) -> None:
        """End what must not outlive this process, within that many seconds. Raises nothing.

        A stop of `whole`, of which this is the last part, ends it once the server is silent.
        """
        whole = whole or Deadline("", seconds, stop=threading.Event(), clock=self._clock)
        bound = whole.unstoppable("Logging out", seconds)
        for session, mount_point in list(self._passing.values()):
            with suppress(EnterpriseManagerError):
                self._mount_points(session).unmount(mount_point.href, bound)
            with suppress(EnterpriseManagerError):
                self._logon.end(session, bound)
        with suppress(EnterpriseManagerError):
            self._logon.close(bound)
        self._client.close()

    def _mount_points(self, session: models.LogonSession) -> MountPoints:
        conceal_session(session)
        return MountPoints(self._client, self._logon, session)


def _advice(look_up: Callable[[], Result]) -> Result | None:
    """Return what is looked up; None when that fails: an error is being told already."""
    try:
        return look_up()
    except EnterpriseManagerError as error:
        log.info("there is no advice: %s", error)
        return None


def _key(session: models.LogonSession, href: str) -> str:
    return f"{session.fingerprint} {href}"
