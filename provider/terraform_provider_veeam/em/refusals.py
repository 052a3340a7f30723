"""What is said when Enterprise Manager refuses: its statuses as errors, with what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from terraform_provider_veeam.em.decoding import clean, error_message
from terraform_provider_veeam.em.errors import (
    AccessDenied,
    LogonRefused,
    NotFound,
    RequestFailed,
    RequestRefused,
    SessionExpired,
)
from terraform_provider_veeam.em.retrying import PASSING_STATUSES
from terraform_provider_veeam.em.roles import roles_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from terraform_provider_veeam.em.transport import RawAnswer


def refusal_of(
    tried: str, raw: RawAnswer, headers: Mapping[str, str], base_url: str
) -> RequestRefused:
    """Return the error for an answer whose status is no success."""
    message = error_message(raw.body)
    said = f": {message}" if message else "."
    came = f"{tried} was answered with {raw.status} {phrase(raw.status)}{said}"
    if HTTPStatus(300) <= raw.status < HTTPStatus(400):
        return _redirected(tried, raw)
    if raw.status == HTTPStatus.UNAUTHORIZED:
        if "Authorization" in headers:
            return LogonRefused(
                "Enterprise Manager refuses the logon",
                f"{came}\nCheck username and password (VEEAM_EM_USERNAME, VEEAM_EM_PASSWORD): "
                "the user name usually has the form DOMAIN\\user (in Terraform's language the "
                "backslash is written twice), and the account needs a role in Enterprise "
                f"Manager: {_either(roles_for(''))}. It was tried once only, so that the account "
                "is not locked.",
                status=raw.status,
                attribute="password",
            )
        return SessionExpired(
            "The logon session has ended",
            f"{came}\nEnterprise Manager ends a logon session after 15 idle minutes.",
            status=raw.status,
        )
    if raw.status == HTTPStatus.FORBIDDEN:
        return AccessDenied(
            "The account's role is too low",
            f"{came}\nIt takes the role {_either(roles_for(tried.replace(base_url, '')))} in "
            "Enterprise Manager. Give the account (username) one that does, and put the machine "
            "within the scope of that role.",
            status=raw.status,
            attribute="username",
        )
    if raw.status == HTTPStatus.NOT_FOUND:
        return NotFound("Enterprise Manager does not know it", came, status=raw.status)
    return RequestFailed(
        "Enterprise Manager could not do it", came + _advice(raw.status), status=raw.status
    )


def _either(roles: Sequence[str]) -> str:
    return " or ".join(", ".join(roles).rsplit(", ", 1))


def phrase(status: int) -> str:
    """Return what a status is called."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard status)"


def _advice(status: int) -> str:
    if status in PASSING_STATUSES:
        return (
            "\nIt is overloaded, in maintenance, or not reached through a proxy. Try again later."
        )
    return ""


def _redirected(tried: str, raw: RawAnswer) -> RequestRefused:
    target = urlsplit(raw.headers.get("Location", ""))
    where = clean(f"{target.scheme}://{target.netloc}") if target.netloc else "another path"
    return RequestFailed(
        "Enterprise Manager's answer leads elsewhere",
        f"{tried} was answered with {raw.status}, a redirection to {where}. It is not followed, "
        "because the logon session's token is for the configured address only. If that is where "
        "Enterprise Manager is now, change url.",
        status=raw.status,
        attribute="url",
    )
