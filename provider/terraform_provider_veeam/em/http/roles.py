"""Which roles of Enterprise Manager allow a request.

Follows the vendor's pages security_roles_concept and post_security_accounts.
"""

from __future__ import annotations

import re

ADMINISTRATOR = "Portal Administrator"
USER = "Portal User"
VM_OPERATOR = "VM Restore Operator"
FILE_OPERATOR = "File Restore Operator"

# The first pattern that is found in `METHOD /path?query` decides.
_ALLOWED = (
    (r" /agents/agentRestorePoints/[^/]+/mounts|/mounts", (ADMINISTRATOR, FILE_OPERATOR)),
    (r"/agents/agentRestorePoints|type=AgentRestorePoint\b", (ADMINISTRATOR, USER)),
    (r" /restorePoints|type=(RestorePoint|Backup)\b", (ADMINISTRATOR, USER)),
    (r" /vmRestorePoints/.*action=restore", (ADMINISTRATOR, VM_OPERATOR)),
    (r" /(agents/)?jobs|type=(Job|ObjectInJob)\b|action=stop", (ADMINISTRATOR,)),
    (
        (
            r" /(backupServers|(backup|replica)(Task)?Sessions|repositories|reports|lookup"
            r"|hierarchyRoots)"
            r"|type=(BackupServer|(Backup|Replica)(Job|Task)Session|Repository|HierarchyRoot)\b"
        ),
        (ADMINISTRATOR, USER),
    ),
)
_ALL = (ADMINISTRATOR, USER, VM_OPERATOR, FILE_OPERATOR)
_OF_A_FILE = re.compile(
    r"/(mounts/[^/]+|guestfs)/.*action=(restore|download)", re.IGNORECASE | re.DOTALL
)


def roles_for(request: str) -> tuple[str, ...]:
    """Return the roles that allow a request, written `METHOD /path?query` below `/api`."""
    return next(
        (roles for pattern, roles in _ALLOWED if re.search(pattern, request, re.IGNORECASE)), _ALL
    )


def limits_for(request: str) -> str:
    """Return what else may keep an account from a request, beside its roles, as a sentence."""
    if not _OF_A_FILE.search(request):
        return ""
    return (
        "An account can also be limited to restores to the original place, and to files of "
        "certain extensions (FlrInplaceOnly and FlrExtentionRestrictions of the account)."
    )
