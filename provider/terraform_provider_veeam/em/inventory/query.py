"""Queries: filtered and sorted on the server.

Follows the vendor's pages querysvc, query_comparison, query_and_or, optional_query_parameters
and format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.http.pages import PAGE_SIZE, pages
from terraform_provider_veeam.em.models import LogonSession

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
) -> Iterator[decoders.Resource]:
    """Return the entities that meet all conditions, each once, asking for a page when needed."""
    address = query_address(kind, conditions, sort_desc, page_size)
    read = partial(entities, kind=kind)
    yield from pages(client, session, address, deadline, read, key=_key)


def _key(entity: decoders.Resource) -> str:
    return decoders.text(entity, "UID") or repr(entity)


def query_address(
    kind: str, conditions: Sequence[Comparison], sort_desc: str | None, page_size: int
) -> str:
    """Return the address of a query below `/api`, without the number of a page."""
    expression = ";".join(condition.expression() for condition in conditions)
    address = f"/query?type={kind}&format=Entities&pageSize={page_size}"
    if expression:
        address += f"&filter={quote(expression, safe=_SAFE)}"
    return f"{address}&sortDesc={sort_desc}" if sort_desc else address


# The vendor's schema may call the members of a list of replica points as those of VMs.
_ALSO_CALLED = {"VmReplicaPoint": ("VmRestorePoint",)}


def entities(document: decoders.Document, kind: str) -> list[decoders.Resource]:
    """Return the entities on a page. Raises UnexpectedAnswer when it is not a page of a result."""
    wrapper = document.property("Entities")
    found = decoders.listed(wrapper, kind, *_ALSO_CALLED.get(kind, ()))
    if found is not None:
        return found
    is_result = document.has_root("QueryResult") or isinstance(
        document.property("PagingInfo"), dict
    )
    others = (document.property(name) for name in ("Refs", "Resources"))
    if (
        wrapper == []
        or decoders.is_bare(wrapper)
        or (wrapper is None and is_result and not any(others))
    ):
        return []
    raise decoders.unreadable(
        f"The query for {kind} was answered, but with no page of such a result."
    )
