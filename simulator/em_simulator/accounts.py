"""Who may log on, and what for."""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Roles of Enterprise Manager; only the first three may use the REST API."""

    ADMINISTRATOR = "Portal Administrator"
    USER = "Portal User"
    RESTORE_OPERATOR = "Restore Operator"
    NONE = "none"


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

    @property
    def may_mount(self) -> bool:
        """Whether the role allows to restore guest files."""
        return self.role in (Role.ADMINISTRATOR, Role.RESTORE_OPERATOR)

    @property
    def may_browse(self) -> bool:
        """Whether the role allows to look at anything but what can be restored."""
        return self.role in (Role.ADMINISTRATOR, Role.USER)


ADMINISTRATOR = Account(r"TECH\administrator", "Backup#2026 übt", Role.ADMINISTRATOR)
RESTORE_OPERATOR = Account(r"TECH\restore", "Restore:me:2026", Role.RESTORE_OPERATOR)
PORTAL_USER = Account(r"TECH\user", "look-only-2026", Role.USER)
GUEST = Account(r"TECH\guest", "no-role-2026", Role.NONE)

ACCOUNTS = (ADMINISTRATOR, RESTORE_OPERATOR, PORTAL_USER, GUEST)
