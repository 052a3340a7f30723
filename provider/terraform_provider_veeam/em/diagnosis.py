"""The steps to Enterprise Manager; each raises what a request would that gets no further."""

import datetime as dt
import socket
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from terraform_provider_veeam.em import errors, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, proxies, refusals, retry, trust
from terraform_provider_veeam.em.http.client import Answer, SessionClient
from terraform_provider_veeam.em.inventory.query import entities, query_address
from terraform_provider_veeam.em.logon import Group, LogonSessions
from terraform_provider_veeam.em.settings import Settings

_SECONDS = 10.0  # for a connection or a handshake
_POINTS = {
    "restore points of VMs": models.RestorePointType.VM,
    "of replicas": models.RestorePointType.REPLICA,
    "of agents": models.RestorePointType.AGENT,
}
_OTHERS = {"backup servers": "BackupServer", "jobs": "Job"}


class Root(NamedTuple):
    """What Enterprise Manager says before a logon."""

    versions: list[str]  # those of the REST API
    ahead: float | None  # seconds of its clock before this machine's; None when it tells no time


class Diagnosis(Group):
    """Steps towards Enterprise Manager, each to be taken when the one before has gone well."""

    def __init__(self, logon: LogonSessions, settings: Settings) -> None:
        super().__init__(logon)
        self._url = settings.base_url

    @cached_property
    def _proxy(self) -> str | None:
        return proxies.proxy_for(self._url)

    def proxy(self) -> str | None:
        """Return which proxy leads there, and which variable names it. Raises CannotConnect."""
        return proxies.described(self._url) if self._proxy else None

    def address(self, deadline: Deadline) -> str:
        """Return the address at which the server, or the proxy before it, takes a connection."""
        parts = urlsplit(self._proxy or self._url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            with socket.create_connection((parts.hostname or "", port), _SECONDS) as connection:
                return str(connection.getpeername()[0])
        except OSError:
            self._logon.check_server(deadline)  # knows what it means
            raise

    def tls(self, deadline: Deadline) -> str:
        """Return which TLS it is and what is in the certificate, once that is trusted."""
        shown = "Only the proxy sees it." if self._proxy else "There is none."
        if self._url.startswith("https:") and not self._proxy:
            try:
                version, der = trust.shake_hands(self._url, _SECONDS)
                shown = f"{version}. {trust.describe_certificate(der)}"
            except (OSError, ValueError):
                self._logon.check_server(deadline)
                raise
        with suppress(errors.RequestRefused, errors.UnexpectedAnswer, errors.NotEnterpriseManager):
            self._logon.check_server(deadline)  # what something else answers, the next step tells
        return shown

    def root(self, deadline: Deadline) -> Root:
        """Return what the server says before a logon."""
        answer = self._logon.check_server(deadline)
        listed = decoders.listed(answer.document.property("SupportedVersions"), "SupportedVersion")
        names = (decoders.text(one, "Name") for one in listed or ())
        told = retry.http_date(answer.headers.get("Date"))
        ahead = (told - dt.datetime.now(dt.UTC)).total_seconds() if told else None
        return Root([name for name in names if name], ahead)

    def log_on(self, deadline: Deadline) -> None:
        """Log on, or use the session whose token is configured."""
        self._logon.browsing(deadline)

    def rights(self, deadline: Deadline) -> dict[str, tuple[str, ...]]:
        """Return what the account may read, or which roles that would take: none if it may."""
        rights: dict[str, tuple[str, ...]] = {}
        mounts: dict[str, tuple[str, ...]] = {}
        for what, family in _POINTS.items():
            rights[what], found = self._try_query(family.entity, deadline)
            if found and not mounts:
                path = models.RestorePointRef(family, found).mounts
                mounts["mount points"] = self._try(path, deadline)[0]
        for what, kind in _OTHERS.items():
            rights[what] = self._try_query(kind, deadline)[0]
        return mounts | rights

    def _try_query(self, kind: str, deadline: Deadline) -> tuple[tuple[str, ...], str]:
        """Return which roles a query would take, and the id of the first that it finds."""
        refused, answer = self._try(query_address(kind, (), None, 1), deadline)
        found = entities(answer.document, kind) if answer else []
        return refused, decoders.uuid(found[0]) if found else ""

    def _try(self, path: str, deadline: Deadline) -> tuple[tuple[str, ...], Answer | None]:
        own = SessionClient(self._logon.client, self._logon.browsing(deadline), deadline)
        try:
            return (), own.get(path)
        except errors.AccessDenied:
            return refusals.roles_for(f"GET {path}"), None
