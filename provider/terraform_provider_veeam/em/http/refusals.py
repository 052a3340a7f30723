"""Statuses with which Enterprise Manager refuses, as errors that say what to do.

Follows the vendor's pages security_roles_concept and post_security_accounts.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.http.decoders import clean, error_message
from terraform_provider_veeam.em.http.retry import PASSING_STATUSES, retry_after_seconds
from terraform_provider_veeam.em.http.session import RawRequest

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


def refusal_of(
    request: RawRequest, status: int, headers: Mapping[str, str], body: bytes
) -> errors.RequestRefused:
    """Return the error for an answer whose status is not a success."""
    message = error_message(body)
    said = f": {message}" if message else "."
    detail = f"{request} was answered with {status} {phrase(status)}{said}"
    tried, retry_after = f"{request.method} {request.path}", None
    kind: type[errors.RequestRefused]
    if HTTPStatus(300) <= status < HTTPStatus(400):
        kind, summary = errors.Redirected, "Enterprise Manager's answer leads elsewhere"
        where = _origin(headers.get("Location", "")) or "another address"
        detail = (
            f"{request} was answered with {status}, a redirection to {where}. It is not "
            "followed, because the logon session's token is for the configured address only. If "
            "that is where Enterprise Manager is now, change url (VEEAM_EM_URL)."
        )
    elif status in PASSING_STATUSES:
        kind, summary = errors.ServerBusy, "Enterprise Manager is busy"
        detail += (
            "\nIt is overloaded, in maintenance, or not reached through a proxy. Try again later."
        )
        retry_after = retry_after_seconds(headers.get("Retry-After"), now=headers.get("Date"))
    elif status == HTTPStatus.UNAUTHORIZED and "Authorization" in request.headers:
        kind, summary = errors.LogonRefused, "Enterprise Manager refuses the logon"
        detail += (
            "\nCheck username (VEEAM_EM_USERNAME) and password (VEEAM_EM_PASSWORD): the user name "
            "usually has the form DOMAIN\\user (in Terraform's language the backslash is written "
            "twice), and the account needs a role in Enterprise Manager: "
            f"{_either(_ALL)}. It was tried once only, so that the account is not locked."
        )
    elif status == HTTPStatus.UNAUTHORIZED:
        kind, summary = errors.TokenRefused, "The logon session is refused"
    elif status == HTTPStatus.FORBIDDEN:
        kind, summary = errors.AccessDenied, "The account's role is too low"
        detail += (
            f"\nIt takes the role {_either(roles_for(tried))} in Enterprise Manager. Give the "
            "account one that does, and put the machine within the scope of that role."
        )
        if limits := limits_for(tried):
            detail += f"\n{limits}"
    elif status == HTTPStatus.NOT_FOUND:
        kind, summary = errors.NotFound, "Enterprise Manager does not know it"
    else:
        kind, summary = errors.RequestFailed, "Enterprise Manager could not do it"
    return kind(summary, detail, status=status, message=message, retry_after=retry_after)


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


def _either(roles: Sequence[str]) -> str:
    return " or ".join(", ".join(roles).rsplit(", ", 1))


def phrase(status: int) -> str:
    """Return what a status is called."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard status)"


def _origin(address: str) -> str | None:
    """Return scheme, host and port of an address, which may hold secrets beside them."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    return clean(f"{parts.scheme}://{parts.hostname}{port}") if parts.hostname else None
