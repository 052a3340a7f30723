"""Which roles of Enterprise Manager allow a request.

Follows the vendor's page security_roles_concept.
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


def roles_for(request: str) -> tuple[str, ...]:
    """Return the roles that allow a request, written `METHOD /path?query` below `/api`."""
    return next(
        (roles for pattern, roles in _ALLOWED if re.search(pattern, request, re.IGNORECASE)), _ALL
    )
