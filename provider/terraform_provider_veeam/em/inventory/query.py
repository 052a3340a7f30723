"""Queries: filtered and sorted on the server.

Follows the vendor's pages querysvc, query_comparison, query_and_or, optional_query_parameters
and format.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.http.pages import PAGE_SIZE, pages

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


def comparisons(*wanted: tuple[str, str, object]) -> list[Comparison]:
    """Return the comparisons among those wanted that have a value."""
    return [Comparison(name, sign, str(value)) for name, sign, value in wanted if value]


def urn(kind: str, uuid: str | None) -> str | None:
    """Return what the API calls a thing; None without a UUID."""
    return uuid and f"urn:veeam:{kind}:{uuid}"


def query(
    client: SessionClient,
    kind: str,
    conditions: Sequence[Comparison] = (),
    sort_desc: str | None = None,
    page_size: int = PAGE_SIZE,
) -> Iterator[decoders.Resource]:
    """Return the entities that meet all conditions, each once, asking for a page when needed."""
    address = query_address(kind, conditions, sort_desc, page_size)
    yield from pages(client, address, partial(entities, kind=kind), key=_key)


def _key(entity: decoders.Resource) -> str:
    return decoders.text(entity, "UID") or repr(entity)


def ignored_filter(kind: str, what: str, condition: str) -> UnexpectedAnswer:
    """Return the error for a result that the server should have left out."""
    return UnexpectedAnswer(
        f"Enterprise Manager answered with a {kind} that was not asked for",
        f"Among the results is {what}, although {condition}. The filter of the query seems to be "
        "ignored, so none of the results is used. Is there a proxy in between that changes "
        "addresses?",
    )


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
    if wrapper == [] or decoders.is_bare(wrapper):
        return []
    has_paging = isinstance(document.property("PagingInfo"), dict)
    others = map(document.property, ("Refs", "Resources"))
    if wrapper is None and (document.has_root("QueryResult") or has_paging) and not any(others):
        return []
    raise decoders.unreadable(
        f"The query for {kind} was answered, but with no page of such a result."
    )
