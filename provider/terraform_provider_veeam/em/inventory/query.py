"""Queries: filtered and sorted on the server, read page by page.

Follows the vendor's pages querysvc, query_comparison, query_and_or, optional_query_parameters,
format and pagesize_and_page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import quote

from terraform_provider_veeam.em.http.decoders import (
    Resource,
    integer,
    links,
    member,
    members,
    plural_of,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.http.decoders import Document
    from terraform_provider_veeam.em.models import LogonSession

PAGE_SIZE = 100

Member = TypeVar("Member")

_SAFE = "=;,()<>!:"  # what the page shows as it is


class Comparison(NamedTuple):
    """One condition of a filter, like `VmDisplayName=="app 01"`."""

    parameter: str
    operator: str
    value: str

    def expression(self) -> str:
        """Return it as the API writes it: in quotes, unless it is one plain word."""
        value = self.value
        if not re.fullmatch(r"[A-Za-z0-9_]+", value):
            value = '"' + value.replace('"', '""') + '"'
        return f"{self.parameter}{self.operator}{value}"


def query(
    client: Client,
    session: LogonSession,
    kind: str,
    deadline: Deadline,
    *,
    conditions: Sequence[Comparison] = (),
    sort_desc: str | None = None,
    page_size: int = PAGE_SIZE,
) -> Iterator[Resource]:
    """Return the entities that meet all conditions, asking for a page when it is needed."""
    expression = ";".join(condition.expression() for condition in conditions)
    address = f"/query?type={kind}&format=Entities&pageSize={page_size}"
    if expression:
        address += f"&filter={quote(expression, safe=_SAFE)}"
    if sort_desc:
        address += f"&sortDesc={sort_desc}"
    yield from pages(client, session, address, deadline, lambda page: entities(page, kind))


def pages(
    client: Client,
    session: LogonSession,
    address: str,
    deadline: Deadline,
    read: Callable[[Document], list[Member]],
) -> Iterator[Member]:
    """Return what is on the pages of a list, following the links from each to the next.

    `address` is below `/api`, with a query; `read` returns what is on a page. It ends when a page
    repeats the one before.
    """
    target: str | None = f"{address}&page=1"
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
    followed = next((link for link in links(paging) if link.rel == "Next"), None)
    following = f"{address}&page={number + 1}"
    if not found:
        return None
    if followed:
        usable = followed.query and followed.path == address.partition("?")[0]
        return followed.target if usable else following
    if links(paging):
        return None
    # Without links the number of pages tells, and without that a page that is full.
    count = integer(paging, "PagesCount")
    is_last = number >= count if count is not None else found < PAGE_SIZE
    return None if is_last else following


# The vendor's schema may name the members of a list of replica points like those of VMs.
_ALSO_NAMED = {"VmReplicaPoint": ("VmRestorePoint",)}


def entities(document: Document, kind: str) -> list[Resource]:
    """Return the entities on a page. Raises UnexpectedAnswer when it is no page of a result."""
    wrapper = document.property("Entities")
    is_result = document.has_root("QueryResult") or isinstance(
        document.property("PagingInfo"), dict
    )
    if isinstance(wrapper, list):
        return members(wrapper, kind)
    if isinstance(wrapper, dict):
        return _of_kind(wrapper, kind)
    others = (document.property(name) for name in ("Refs", "Resources"))
    if wrapper is None and is_result and all(other is None for other in others):
        return []
    raise unreadable(f"The query for {kind} was answered, but with no page of a result.")


def _of_kind(wrapper: Mapping[str, object], kind: str) -> list[Resource]:
    """Return the entities of a kind. Raises UnexpectedAnswer when only other kinds are there."""
    for name in (plural_of(kind), kind):
        if name.lower() in wrapper and (
            (found := member(wrapper, name)) is not None or _is_empty(wrapper)
        ):
            return members(found, kind, *_ALSO_NAMED.get(kind, ()))
    if not _is_empty(wrapper):
        raise unreadable(f"The query for {kind} was answered with something else.")
    return []


def _is_empty(wrapper: Mapping[str, object]) -> bool:
    return all(value is None for value in wrapper.values())
