"""The schema and the identity of the resource `veeam_mount_point`."""

from __future__ import annotations

from terraform_provider_veeam.mount_point_form import inputs, results, timeouts
from terraform_provider_veeam.plugin.interfaces import IdentityAttribute, IdentitySchema
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import Number, String


def mount_point_schema() -> Schema:
    """Return the schema of the resource."""
    return Schema(
        version=0,
        description="Mounts a restore point on its backup server and unmounts it when "
        "destroyed. A mount point lives only inside the logon session that made it, and "
        "Enterprise Manager ends a session after 15 idle minutes.",
        attributes=[
            *inputs(),
            Attribute(
                "keep_alive",
                String(),
                "How long after the apply the logon session is held open, like `4h`. A small "
                "process of this machine reads the mount point at a third of the idle limit; "
                "`terraform-provider-veeam keep-alive list` shows it. Without it the mount point "
                "is gone after 15 idle minutes.",
                optional=True,
            ),
            *results(),
        ],
        block_types=[timeouts()],
    )


def mount_point_identity() -> IdentitySchema:
    """Return the schema of the resource's identity."""
    return IdentitySchema(
        version=0,
        attributes=[
            IdentityAttribute(
                "restore_point_type",
                String(),
                "Family of the restore point: `vm` (default), `replica` or `agent`.",
                optional_for_import=True,
            ),
            IdentityAttribute(
                "restore_point_id",
                String(),
                "UUID of the restore point.",
                required_for_import=True,
            ),
            IdentityAttribute(
                "mount_id",
                Number(),
                "Number of the mount in its logon session.",
                required_for_import=True,
            ),
            IdentityAttribute(
                "session_id",
                String(),
                "Id of the logon session; an import takes the one that `session_token` tells.",
                optional_for_import=True,
            ),
        ],
    )
