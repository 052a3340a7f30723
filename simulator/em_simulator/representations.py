"""Resources: what is told, before `forms` writes it as JSON or as XML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "http://www.veeam.com/ent/v1.0"


class Empty:
    """A property without a value that XML writes all the same, as an empty element."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link from one resource to another."""

    rel: str
    href: str
    type: str | None = None
    name: str | None = None

    def attributes(self) -> dict[str, str | None]:
        """Return the link under the names of the API."""
        return {"Rel": self.rel, "Href": self.href, "Type": self.type, "Name": self.name}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list inside a resource; `element` is the name of a member."""

    element: str
    members: list[Resource]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: attributes are such in XML, properties are elements in this order.

    What is None has no value: XML leaves it out, JSON may say null.
    """

    element: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    properties: Mapping[str, Any] = field(default_factory=dict)


def plural(element: str) -> str:
    """Return the plural that lists are named by."""
    return element[:-1] + "ies" if element.endswith("y") else element + "s"


@dataclass(frozen=True, slots=True)
class Collection:
    """A resource that is nothing but a list; XML and JSON name it differently at times."""

    element: str
    members: list[Resource]
    json_name: str | None = None
    """Name of the list in JSON; None: that of the element."""
    paging: Resource | None = None
    """Where in the pages of the list this is; None when it is whole."""
