"""Who may log on, and what for.

Follows the table of roles in the vendor's page security_roles_concept.
"""

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto


class Role(StrEnum):
    """Roles of Enterprise Manager; who has none may not use the REST API."""

    ADMINISTRATOR = "Portal Administrator"
    USER = "Portal User"
    VM_RESTORE_OPERATOR = "VM Restore Operator"
    FILE_RESTORE_OPERATOR = "File Restore Operator"
    NONE = "none"


class Right(Enum):
    """What not every role may do. Restore sessions and tasks are open to all."""

    MOUNT = auto()
    """Make, see and delete mount points; restore and download files."""
    READ_FILES = auto()
    """See folders and files of a mount point."""
    READ_POINTS = auto()
    """See restore points of VMs and replicas."""
    READ_AGENT_POINTS = auto()
    """See restore points of agents."""
    READ_SERVERS = auto()
    """See backup servers, their hosts and repositories; look VMs up; see backup sessions."""
    QUICK_BACKUP = auto()
    """Make quick backups."""
    MANAGE_JOBS = auto()
    """See, start and change jobs."""
    END_SESSIONS = auto()
    """End the logon sessions of others."""


_RIGHTS = {
    Role.ADMINISTRATOR: frozenset(Right),
    Role.USER: frozenset(Right) - {Right.MOUNT, Right.MANAGE_JOBS},
    Role.VM_RESTORE_OPERATOR: frozenset({Right.READ_POINTS}),
    Role.FILE_RESTORE_OPERATOR: frozenset({Right.READ_POINTS, Right.MOUNT, Right.READ_FILES}),
    Role.NONE: frozenset[Right](),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A Windows account with its role."""

    username: str
    password: str = field(repr=False)
    role: Role

    @property
    def may_log_on(self) -> bool:
        """Whether the role allows to use the REST API at all."""
        return self.role is not Role.NONE

    def may(self, right: Right | None) -> bool:
        """Return whether the role has a right; None is what everybody may do."""
        return right is None or right in _RIGHTS[self.role]


ADMINISTRATOR = Account(r"TECH\administrator", "Backup#2026 übt", Role.ADMINISTRATOR)
RESTORE_OPERATOR = Account(r"TECH\restore", "Restore:me:2026", Role.FILE_RESTORE_OPERATOR)
VM_RESTORE_OPERATOR = Account(r"TECH\vm-restore", "Machines:2026", Role.VM_RESTORE_OPERATOR)
PORTAL_USER = Account(r"TECH\user", "look-only-2026", Role.USER)
GUEST = Account(r"TECH\guest", "no-role-2026", Role.NONE)

ACCOUNTS = (ADMINISTRATOR, RESTORE_OPERATOR, VM_RESTORE_OPERATOR, PORTAL_USER, GUEST)
