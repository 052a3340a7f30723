"""Statuses with which Enterprise Manager refuses, as errors that say what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TypedDict
from urllib.parse import urlsplit

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.http.decoders import clean, error_message
from terraform_provider_veeam.em.http.retry import PASSING_STATUSES, retry_after_seconds
from terraform_provider_veeam.em.http.roles import limits_for, roles_for
from terraform_provider_veeam.em.http.session import RawRequest


def refusal_of(
    request: RawRequest, status: int, headers: Mapping[str, str], body: bytes
) -> errors.RequestRefused:
    """Return the error for an answer whose status is not a success."""
    message = error_message(body)
    facts: _Facts = {"status": status, "message": message}
    said = f": {message}" if message else "."
    came = f"{request} was answered with {status} {phrase(status)}{said}"
    if HTTPStatus(300) <= status < HTTPStatus(400):
        return _redirected(str(request), headers.get("Location", ""), facts)
    if status in PASSING_STATUSES:
        return errors.ServerBusy(
            "Enterprise Manager is busy",
            f"{came}\nIt is overloaded, in maintenance, or not reached through a proxy. "
            "Try again later.",
            retry_after=retry_after_seconds(headers.get("Retry-After"), now=headers.get("Date")),
            **facts,
        )
    refusal: errors.RequestRefused
    match status:
        case HTTPStatus.UNAUTHORIZED if "Authorization" in request.headers:
            refusal = errors.LogonRefused(
                "Enterprise Manager refuses the logon",
                f"{came}\nCheck username (VEEAM_EM_USERNAME) and password (VEEAM_EM_PASSWORD): "
                "the user name usually has the form DOMAIN\\user (in Terraform's language the "
                "backslash is written twice), and the account needs a role in Enterprise "
                f"Manager: {_either(roles_for(''))}. It was tried once only, so that the account "
                "is not locked.",
                **facts,
            )
        case HTTPStatus.UNAUTHORIZED:
            refusal = errors.TokenRefused("The logon session is refused", came, **facts)
        case HTTPStatus.FORBIDDEN:
            tried = f"{request.method} {request.path}"
            roles = _either(roles_for(tried))
            refusal = errors.AccessDenied(
                "The account's role is too low",
                f"{came}\nIt takes the role {roles} in Enterprise Manager. Give the account "
                f"one that does, and put the machine within the scope of that role.",
                **facts,
            )
            if limits := limits_for(tried):
                refusal.add(limits)
        case HTTPStatus.NOT_FOUND:
            refusal = errors.NotFound("Enterprise Manager does not know it", came, **facts)
        case _:
            refusal = errors.RequestFailed("Enterprise Manager could not do it", came, **facts)
    return refusal


class _Facts(TypedDict):
    """What every refusal carries."""

    status: int
    message: str | None


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


def _redirected(tried: str, location: str, facts: _Facts) -> errors.Redirected:
    where = _origin(location) or "another address"
    return errors.Redirected(
        "Enterprise Manager's answer leads elsewhere",
        f"{tried} was answered with {facts['status']}, a redirection to {where}. It is not "
        "followed, because the logon session's token is for the configured address only. If that "
        "is where Enterprise Manager is now, change url (VEEAM_EM_URL).",
        **facts,
    )
