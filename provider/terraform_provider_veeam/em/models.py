"""What Enterprise Manager knows: restore points, mount points, tasks, logon sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class RestorePointType(StrEnum):
    """The three families of restore points that can be mounted."""

    VM = "vm"
    REPLICA = "replica"
    AGENT = "agent"

    @property
    def collection(self) -> str:
        """Path of the family below `/api`."""
        return {
            RestorePointType.VM: "/vmRestorePoints",
            RestorePointType.REPLICA: "/vmReplicaPoints",
            RestorePointType.AGENT: "/agents/agentRestorePoints",
        }[self]

    @property
    def entity(self) -> str:
        """Name of the API's type, as in `urn:veeam:VmRestorePoint:UUID`."""
        return {
            RestorePointType.VM: "VmRestorePoint",
            RestorePointType.REPLICA: "VmReplicaPoint",
            RestorePointType.AGENT: "AgentRestorePoint",
        }[self]


@dataclass(frozen=True, slots=True)
class RestorePointRef:
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


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """A restore point; `created_at` is RFC 3339 in UTC."""

    ref: RestorePointRef
    name: str | None
    created_at: str | None


@dataclass(frozen=True, slots=True)
class LogonSession:
    """A logon session; `borrowed` when somebody else made it, who alone may end it."""

    session_id: str | None
    token: str = field(repr=False)
    borrowed: bool = False


@dataclass(frozen=True, slots=True)
class MountPoint:
    """A mount point; `href` is its path below `/api`."""

    restore_point: RestorePointRef
    mount_id: int
    href: str
    file_system_roots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mounted:
    """A mount point, and the logon session without which it can't be reached."""

    session: LogonSession
    mount_point: MountPoint


@dataclass(frozen=True, slots=True)
class Task:
    """A task. `success` is None until the server tells a result; `mount_href` as in MountPoint."""

    task_id: str
    state: str | None
    operation: str | None = None
    success: bool | None = None
    message: str | None = None
    mount_href: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will come: `OperationFinished` is not yet the end."""
        return self.state == "Finished"
