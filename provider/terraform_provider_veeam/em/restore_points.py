"""Looking restore points up.

Follows the vendor's pages get_vmrestorepoints_id, get_vmreplicapoints_id and
get_agents_agentrestorepoints_id.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.decoding import text
from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.models import LogonSession, RestorePoint, RestorePointRef

if TYPE_CHECKING:
    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.waiting import Deadline


def read_restore_point(
    client: Client, session: LogonSession, ref: RestorePointRef, deadline: Deadline
) -> RestorePoint:
    """Return a restore point. Raises NotFound."""
    path = f"{ref.path}?format=Entity"
    answer = client.request("GET", path, deadline, token=session.token)
    found = parse_restore_point(answer.document.value, ref)
    if found is None:
        raise UnexpectedAnswer(
            "Enterprise Manager's answer can't be understood",
            f"GET {path} was answered with {answer.status}, but with no restore point.",
        )
    return found


def parse_restore_point(resource: Any, ref: RestorePointRef) -> RestorePoint | None:
    """Return the restore point that a resource describes; None when it describes none."""
    if not isinstance(resource, dict) or not (text(resource, "UID") or text(resource, "Name")):
        return None
    created = text(resource, "CreationTimeUTC") or text(resource, "CreationTime")
    return RestorePoint(ref, text(resource, "Name"), _utc(created))


def _utc(moment: str | None) -> str | None:
    """Return a time of the API, which is in UTC unless it says otherwise, as RFC 3339."""
    if moment is None:
        return None
    try:
        parsed = dt.datetime.fromisoformat(moment)
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=dt.UTC)
        parsed = parsed.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return parsed.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
