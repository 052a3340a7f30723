"""Enterprise Manager as the provider sees it: what can be asked of it, by many threads at once."""

import random as system_random
import threading
from collections.abc import Callable
from contextlib import suppress

from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Clock, Deadline
from terraform_provider_veeam.em.diagnosis import Diagnosis
from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.em.files import listing, restore
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.index import Index
from terraform_provider_veeam.em.inventory.backup_servers import BackupServers
from terraform_provider_veeam.em.inventory.hierarchy import Hierarchy
from terraform_provider_veeam.em.inventory.machines import Machines
from terraform_provider_veeam.em.inventory.repositories import Repositories
from terraform_provider_veeam.em.inventory.restore_points import RestorePoints
from terraform_provider_veeam.em.inventory.restore_sessions import RestoreSessions
from terraform_provider_veeam.em.jobs import backups, jobs
from terraform_provider_veeam.em.logon import LogonSessions, conceal_session
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.mounts.mounts import Mounts
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.em.suggestions import Suggestions


class EnterpriseManager:
    """One Enterprise Manager, in groups that are named for what is asked for."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = SYSTEM_CLOCK,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        self.settings = settings  # where Enterprise Manager is, and how to reach it
        self._clock = clock
        self._client = client = Client(settings, random=random)
        self.sessions = logon = LogonSessions(client, settings)
        self.restore_points = RestorePoints(logon)
        self.machines = Machines(logon)
        self.restore_sessions = RestoreSessions(logon)
        self.backup_servers = BackupServers(logon)
        self.repositories = Repositories(logon)
        self.hierarchy = Hierarchy(logon)
        self.jobs = jobs.Jobs(logon)
        self.job_objects = jobs.JobObjects(logon)
        self.backups = backups.Backups(logon)
        self.mounts = Mounts(logon)
        self.index = Index(logon)
        self.suggestions = Suggestions(logon)
        self.diagnosis = Diagnosis(logon, settings)

    @property
    def base_url(self) -> str:
        """Where Enterprise Manager is: `https://HOST:PORT/api`."""
        return self.settings.base_url

    @property
    def account(self) -> str:
        """Which Enterprise Manager is asked as whom, in letters that tell neither."""
        import hashlib  # noqa: PLC0415 - few need it

        settings = self.settings
        who = f"{settings.base_url} {settings.username or settings.session_token}"
        return hashlib.sha256(who.encode()).hexdigest()

    @property
    def session_is_borrowed(self) -> bool:
        """Whether an existing session's token was configured, in place of a user name."""
        return self.settings.session_token is not None

    def files(self, session: LogonSession, href: str) -> tuple[listing.Files, restore.FileRestores]:
        """Return the file system of a mount point of that session, and what restores its files."""
        conceal_session(session)
        files = listing.Files(self._client, session, href)
        return files, restore.FileRestores(self.sessions, session)

    def close(self, seconds: float, whole: Deadline | None = None) -> None:
        """End what must not outlive this process, within that many seconds. Raises nothing."""
        whole = whole or Deadline("", seconds, stop=threading.Event(), clock=self._clock)
        bound = whole.unstoppable("Logging out", seconds)
        self.mounts.close(bound)
        with suppress(EnterpriseManagerError):
            self.sessions.close(bound)
        self._client.close()
