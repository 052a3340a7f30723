"""Lists that come page by page.

Follows the vendor's page pagesize_and_page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from terraform_provider_veeam.em.http.decoders import integer, links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.http.decoders import Document
    from terraform_provider_veeam.em.models import LogonSession

PAGE_SIZE = 100

Member = TypeVar("Member")


def pages(
    client: Client,
    session: LogonSession,
    address: str,
    deadline: Deadline,
    read: Callable[[Document], list[Member]],
) -> Iterator[Member]:
    """Return what is on the pages of a list, following the links from each to the next.

    `address` is below `/api`; without a query no size of pages is asked for. `read` returns what
    is on a page. It ends when a page repeats the one before.
    """
    target: str | None = f"{address}&page=1" if "?" in address else address
    number, before = 1, None
    while target:
        document = client.request("GET", target, deadline, token=session.token).document
        found = read(document)
        if found == before:
            return
        yield from found
        target = _next(document, address, number, len(found))
        number, before = number + 1, found


def _next(document: Document, address: str, number: int, found: int) -> str | None:
    """Return the address of the page after this one; None when it is the last."""
    paging = document.property("PagingInfo")
    followed = next((link for link in links(paging) if link.is_for("Next")), None)
    following = f"{address}{'&' if '?' in address else '?'}page={number + 1}"
    if not found:
        return None
    if followed:
        same_path = followed.path.casefold() == address.partition("?")[0].casefold()
        usable = followed.query and same_path
        return followed.target if usable else following
    if links(paging):
        return None
    # Without links the number of pages tells, and without that a page that is full.
    count = integer(paging, "PagesCount")
    is_last = number >= count if count is not None else "?" not in address or found < PAGE_SIZE
    return None if is_last else following
