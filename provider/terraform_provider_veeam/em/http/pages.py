"""Lists that come page by page, and may change. Follows the vendor's page pagesize_and_page."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from terraform_provider_veeam.em.http import decoders
from terraform_provider_veeam.em.http.client import SessionClient

PAGE_SIZE = 100  # what servers have by themselves, and at least when asked for more
_LOOKS = 5  # at a page that is another one each time

Member = TypeVar("Member")
_Page = tuple[str, decoders.Document, dict[object, Member]]  # its address, answer, and members


def pages(
    client: SessionClient,
    address: str,
    read: Callable[[decoders.Document], list[Member]],
    *,
    key: Callable[[Member], object] = repr,
) -> Iterator[Member]:
    """Return what is on the pages of a list, each member once, asking for a page when it is needed.

    `address` is below `/api`; without a query no size of pages is asked for. `read` returns what
    is on a page, `key` tells its members apart. It ends when a page repeats the one before.

    When a member goes, those behind it move up, and one may move from a page that is still to come
    to one that was read: a page is read again after the one that follows it, until it has stayed
    the same. So is the last of several: one that goes and one that comes may hide each other.
    """
    seen: set[object] = set()

    def fetch(target: str, before: _Page[Member] | None = None) -> _Page[Member]:
        document = client.get(target).document
        if before and before[1] == document:
            return before
        return target, document, {key(member): member for member in read(document)}

    page = fetch(f"{address}&page=1" if "?" in address else address)
    number, looks = 1, 1
    while True:
        target, document, found = page
        yield from (member for name, member in found.items() if name not in seen)
        seen |= found.keys()
        following = _next(document, address, number, len(found))
        after = fetch(following) if following else None
        if after is None and number == 1:
            return
        if after and after[2].keys() == found.keys():
            return
        again = fetch(target, page)
        if again[2].keys() != found.keys() and looks < _LOOKS:
            page, looks = again, looks + 1
        elif after:
            page, number, looks = after, number + 1, 1
        else:
            return


def members(
    client: SessionClient,
    address: str,
    kind: str,
    parse: Callable[[decoders.Resource], Member | None],
    *,
    key: Callable[[Member], object] = repr,
) -> Iterator[Member]:
    """Yield a collection's members. Raises UnexpectedAnswer when `parse` returns None."""

    def read(document: decoders.Document) -> list[Member]:
        listed = document.collection(kind)
        found = [parsed for one in listed or () if (parsed := parse(one)) is not None]
        if listed is None or len(found) < len(listed):
            raise decoders.unreadable(f"GET {address} was answered, but with no list of {kind}.")
        return found

    return pages(client, address, read, key=key)


def _next(document: decoders.Document, address: str, number: int, found: int) -> str | None:
    """Return the address of the page after this one; None when it is the last."""
    paging = document.property("PagingInfo")
    followed = next((link for link in decoders.links(paging) if link.is_for("Next")), None)
    following = f"{address}{'&' if '?' in address else '?'}page={number + 1}"
    if not found:
        return None
    if followed:
        same_path = followed.path.casefold() == address.partition("?")[0].casefold()
        usable = followed.query and same_path
        return followed.target if usable else following
    if decoders.links(paging):
        return None
    # Without links the number of pages tells, and without that a page that is full.
    count = decoders.integer(paging, "PagesCount")
    is_last = number >= count if count is not None else "?" not in address or found < PAGE_SIZE
    return None if is_last else following
