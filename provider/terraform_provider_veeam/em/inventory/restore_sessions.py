"""File-level restores on the backup servers. Any logon session sees them, even of lost mounts.

Follows the vendor's pages restoresessions_id and get_query_restoresession.
"""

from collections.abc import Iterator
from typing import NamedTuple

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory import backup_servers, query
from terraform_provider_veeam.em.logon import Group
from terraform_provider_veeam.em.models import RestorePointRef

_NOT_STOPPED = (
    query.Comparison("Type", "==", "FileLevelRestore"),
    query.Comparison("State", "!=", "Stopped"),
)


class RestoreOutcome(NamedTuple):
    """The state of a restore that a task has started, or its end."""

    name: str
    state: str
    result: str | None  # `Success`, `Warning` or `Failed`; counts once it is stopped
    message: str | None
    percent: int | None

    @property
    def is_stopped(self) -> bool:
        """Whether it is over."""
        return self.state == "Stopped"


def read_restore_outcome(client: SessionClient, address: str) -> RestoreOutcome:
    """Return the state of the restore at an address below `/api`. Raises UnexpectedAnswer."""
    resource = client.get(address).document.value
    state = decoders.text(resource, "State")
    if state is None:
        raise decoders.unreadable(f"GET {address} was answered, but with no restore session.")
    return RestoreOutcome(
        name=decoders.text(resource, "Name") or "without a name",
        state=state,
        result=decoders.text(resource, "Result"),
        message=decoders.message(resource, "FailureMessage")
        or decoders.message(resource, "Reason"),
        percent=decoders.integer(resource, "Progress"),
    )


class RestoreSession(NamedTuple):
    """A file-level restore that holds disks; `created_at` is RFC 3339 in UTC."""

    id: str
    name: str
    machine_name: str | None
    created_at: str | None
    backup_server: str | None
    restore_points: tuple[RestorePointRef, ...]  # what it restores from, if its links say so: one


def running_restores(client: SessionClient) -> Iterator[RestoreSession]:
    """Return the file-level restores that have not stopped, the newest first."""
    for entity in query.query(client, "RestoreSession", _NOT_STOPPED, "CreationTime"):
        # Starting, Working and Stopping all hold disks; a server may ignore the filter.
        is_restore = decoders.text(entity, "JobType") in (None, "FileLevelRestore")
        if is_restore and decoders.text(entity, "State") != "Stopped":
            yield parse_restore_session(entity)


def parse_restore_session(entity: decoders.Resource) -> RestoreSession:
    """Return the restore that an entity describes."""
    return RestoreSession(
        id=decoders.uuid(entity),
        name=decoders.text(entity, "Name") or "without a name",
        machine_name=decoders.text(entity, "VmDisplayName"),
        created_at=decoders.time(entity, "CreationTimeUTC", "CreationTime"),
        backup_server=backup_servers.backup_server_name(entity),
        restore_points=tuple(decoders.related_restore_points(entity)),
    )


class RestoreSessions(Group):
    """The restores that backup servers carry out."""

    def running(self, deadline: Deadline) -> list[RestoreSession]:
        """Return the file-level restores that have not stopped, the newest first."""
        return self._browse(lambda own: list(running_restores(own)), deadline)
