"""What Enterprise Manager knows: restore points, mount points, tasks, logon sessions.

Named tuples, not dataclasses: those compile code at import, and Terraform's user waits for that.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

DEFAULT_OS_KIND = "Windows"  # what Enterprise Manager assumes for a mount when none is named
IDLE_LIMIT = "15 minutes (unless the server is set otherwise)"  # of a logon session, for people


class RestorePointType(StrEnum):
    """The three families of restore points that can be mounted."""

    VM = "vm"
    REPLICA = "replica"
    AGENT = "agent"

    @property
    def collection(self) -> str:
        """Path of the family below `/api`."""
        return _FAMILIES[self.value][0]

    @property
    def entity(self) -> str:
        """Name of the API's type, as in `urn:veeam:VmRestorePoint:UUID`."""
        return _FAMILIES[self.value][1]


_FAMILIES = {
    "vm": ("/vmRestorePoints", "VmRestorePoint"),
    "replica": ("/vmReplicaPoints", "VmReplicaPoint"),
    "agent": ("/agents/agentRestorePoints", "AgentRestorePoint"),
}


class RestorePointRef(NamedTuple):
    """Which restore point: its family, and its UUID in lower case."""

    type: RestorePointType
    id: str

    @property
    def path(self) -> str:
        """Path below `/api`."""
        return f"{self.type.collection}/{self.id}"

    @property
    def mounts(self) -> str:
        """Path of its mount points below `/api`."""
        return f"{self.path}/mounts"


class RestorePoint(NamedTuple):
    """A restore point; `created_at` is RFC 3339 in UTC."""

    ref: RestorePointRef
    name: str | None = None
    machine_names: tuple[str, ...] = ()  # the display name first, if there is one
    created_at: str | None = None
    point_type: str | None = None  # `Full`, `Increment` or `ReverseIncrement`
    backup_server: str | None = None
    is_complete: bool = True  # False while no link leads to a mount, a restore, or a file

    @property
    def machine_name(self) -> str | None:
        """The name of its machine, if it is known."""
        return self.machine_names[0] if self.machine_names else None


class LogonSession(NamedTuple):
    """A logon session; `borrowed` when somebody else made it, and so may not be ended here.

    Its id is as secret as its token: public scripts make the token from the id. People tell
    sessions apart by the `fingerprint`.
    """

    session_id: str | None
    token: str
    borrowed: bool = False

    @property
    def fingerprint(self) -> str:
        """Tells it from other sessions and gives no access: 16 hexadecimal digits."""
        return _fingerprint(self.token)

    def __repr__(self) -> str:
        return f"LogonSession({self.fingerprint!r})"

    def __str__(self) -> str:
        return f"logon session {self.fingerprint}"


@lru_cache(4096)  # a mount's is asked for dozens of times
def _fingerprint(token: str) -> str:
    import hashlib  # noqa: PLC0415 - no validation needs it

    return hashlib.sha256(token.encode()).hexdigest()[:16]


class MountPoint(NamedTuple):
    """A mount point; `href` is its path below `/api`."""

    restore_point: RestorePointRef
    mount_id: int
    href: str
    file_system_roots: tuple[str, ...] = ()


class Mounted(NamedTuple):
    """A mount point, and the logon session without which it can't be reached."""

    session: LogonSession
    mount_point: MountPoint


class Task(NamedTuple):
    """A task. `success` is None until the server gives a result; `mount_href` is a path."""

    task_id: str
    state: str | None
    operation: str | None = None
    success: bool | None = None
    message: str | None = None
    mount_href: str | None = None
    downloads: tuple[str, ...] = ()  # addresses below `/api`, with query, of files that are ready
    restore_session: str | None = None  # address of the one that it has only started
    job_session: str | None = None  # path of the job's or quick backup's that it has only started
    guest_files: str | None = None  # path of the files that the index shows once it has browsed
    credentials_needed: bool | None = None  # whether the account made it fail, if that is told

    @property
    def finished(self) -> bool:
        """Whether nothing more will come: `OperationFinished` is not yet the end."""
        return self.state == "Finished"


UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def rest_below(path: str, collection: str) -> str | None:
    """Return what follows a collection in a path, in any capitals; None elsewhere."""
    begin = f"{collection}/"
    return path[len(begin) :] if path.casefold().startswith(begin.casefold()) else None


def mount_id_of(href: str) -> int | None:
    """Return the number of the mount point at a path; None when it is no mount point's path."""
    found = re.search(r"/mounts/([1-9]\d{0,18})$", href, re.ASCII | re.IGNORECASE)
    return int(found[1]) if found else None


def mount_href(restore_point: RestorePointRef, mount_id: int, told: str | None) -> str:
    """Return the path of a mount point: the one that the server gave, else the documented one."""
    if told and told.startswith("/") and mount_id_of(told) == mount_id and ".." not in told:
        return told
    return f"{restore_point.mounts}/{mount_id}"


def restore_point_at(path: str) -> RestorePointRef | None:
    """Return the restore point that a path leads to or through; None for any other path."""
    for kind in RestorePointType:
        rest = rest_below(path, kind.collection)
        uuid = (rest or "").partition("/")[0].lower()
        if re.fullmatch(UUID, uuid):
            return RestorePointRef(kind, uuid)
    return None
