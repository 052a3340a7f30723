"""Queries: filtered and sorted on the server, read page by page.

Follows the vendor's pages query_comparison, query_and_or, format and pagesize_and_page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from terraform_provider_veeam.em.decoding import links, text
from terraform_provider_veeam.em.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.decoding import Document
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.em.waiting import Deadline

PAGE_SIZE = 100
_SAFE = "=;,()<>!:"  # what the page shows as it is
_UNQUOTABLE = '"'


class Comparison(NamedTuple):
    """One condition of a filter, like `VmDisplayName==oracle03`."""

    parameter: str
    operator: str
    value: str

    def expression(self) -> str:
        """Return it as the API writes it. Raises ValueError for what can't be written."""
        if _UNQUOTABLE in self.value:
            raise ValueError(
                f"{self.value} has a double quote, which Enterprise Manager's queries can't have."
            )
        plain = self.value.replace("-", "").replace("_", "").replace(".", "").replace(":", "")
        value = self.value if plain.isalnum() else f'"{self.value}"'
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
) -> Iterator[Mapping[str, Any]]:
    """Return the entities that meet all conditions, asking for a page when it is needed."""
    expression = ";".join(condition.expression() for condition in conditions)
    base = f"/query?type={kind}&format=Entities&pageSize={page_size}"
    if expression:
        base += f"&filter={quote(expression, safe=_SAFE)}"
    if sort_desc:
        base += f"&sortDesc={sort_desc}"
    page, before = 1, None
    while True:
        answer = client.request("GET", f"{base}&page={page}", deadline, token=session.token)
        found = entities(answer.document, kind)
        if found == before:
            return  # the same page again
        yield from found
        if not has_next(answer.document, page, found, before):
            return
        page, before = page + 1, found


def entities(document: Document, kind: str) -> list[Mapping[str, Any]]:
    """Return the entities on a page. Raises UnexpectedAnswer when it is no page of a result."""
    wrapper = document.property("Entities")
    for _ in range(3):  # JSON names the list twice, XML once
        if isinstance(wrapper, list):
            return [member for member in wrapper if isinstance(member, dict)]
        if not isinstance(wrapper, dict):
            break
        inner = wrapper.get(f"{kind}s", wrapper.get(kind))
        if inner is None:
            return [wrapper] if wrapper.get("Type") == kind else []
        wrapper = inner
    if wrapper is None and (
        document.property("PagingInfo") is not None or document.root == "QueryResult"
    ):
        return []
    raise UnexpectedAnswer(
        "Enterprise Manager's answer can't be understood",
        f"The query for {kind} was answered, but with no page of a result.",
    )


def has_next(document: Document, page: int, found: list[Any], before: list[Any] | None) -> bool:
    """Tell whether there is a page after this one; a server that lies ends at an empty page."""
    if not found or found == before:
        return False
    paging = document.property("PagingInfo")
    count = text(paging, "PagesCount")
    if count and count.isascii() and count.isdigit():
        return page < int(count[:9])
    if any(link.rel == "Next" for link in links(paging)):
        return True
    return len(found) >= PAGE_SIZE
