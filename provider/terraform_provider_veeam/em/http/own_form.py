"""What tells Enterprise Manager's own answers from those that others give in its place.

Follows the vendor's pages http_authentication and http_response_codes, and its schema's ErrorType.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.http.decoders import Document, decode, links, text

if TYPE_CHECKING:
    from terraform_provider_veeam.em.http.transport import RawAnswer


def is_own_refusal(raw: RawAnswer) -> bool:
    """Tell whether a refusal has the form that Enterprise Manager gives it.

    That is an `Error` with a message and a status, or the demand for a logon to its service.
    """
    if raw.status == HTTPStatus.UNAUTHORIZED and "realm=restsvc" in _demand(raw):
        return True
    try:
        document = decode(raw.body)
    except UnexpectedAnswer:
        return False
    is_error = document.root is None or document.has_root("Error")
    value = document.value if isinstance(document.value, Mapping) else {}
    return is_error and {"message", "statuscode"} <= set(value)


def is_enterprise_manager(document: Document) -> bool:
    """Tell whether it is the root page of Enterprise Manager's API."""
    if document.has_root("EnterpriseManager") or document.property("SupportedVersions"):
        return True
    kind = text(document.value, "Type") or ""
    return kind.startswith("EnterpriseManager") or any(
        link.path.startswith("/sessionMngr") for link in links(document.value)
    )


def _demand(raw: RawAnswer) -> str:
    demand = str(raw.headers.get("WWW-Authenticate") or "")
    return demand.lower().replace(" ", "").replace('"', "")
