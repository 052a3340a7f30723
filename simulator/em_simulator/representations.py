"""Resources, written as JSON or as XML.

Follows the vendor's pages em_web_api_specifications, representation_collections and
special_symbols.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET  # what is written here is not parsed here

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "http://www.veeam.com/ent/v1.0"


class Empty:
    """A property without a value that is written all the same: null, or an empty element."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link from one resource to another."""

    rel: str
    href: str
    type: str | None = None
    name: str | None = None

    def attributes(self) -> dict[str, str]:
        """Return what is known of the link, under the names of the API."""
        known = {"Rel": self.rel, "Href": self.href, "Name": self.name, "Type": self.type}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list inside a resource; `element` is the name of a member."""

    element: str
    members: list[Resource]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: attributes are such in XML, properties are elements in this order."""

    element: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collection:
    """A resource that is nothing but a list; `element` is its own name."""

    element: str
    members: list[Resource]


def plural(element: str) -> str:
    """Return the plural that JSON names a list by."""
    return element[:-1] + "ies" if element.endswith("y") else element + "s"


def to_json(resource: Resource | Collection) -> bytes:
    """Return the resource as JSON."""
    if isinstance(resource, Collection):
        value: Any = {resource.element: [_plain(member) for member in resource.members]}
    else:
        value = _plain(resource)
    return json.dumps(value, ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Listing):
        return {plural(value.element): [_plain(member) for member in value.members]}
    if isinstance(value, Empty):
        return None
    if not isinstance(value, Resource):
        return value
    properties = {name: _plain(inner) for name, inner in value.properties.items()}
    if "Href" in value.attributes or value.links:
        properties["Links"] = [link.attributes() for link in value.links] or None
    return properties | dict(value.attributes)


def to_xml(resource: Resource | Collection) -> bytes:
    """Return the resource as XML."""
    if isinstance(resource, Collection):
        root = ET.Element(resource.element)
        for member in resource.members:
            _append(root, member.element, member)
    else:
        root = _append(ET.Element(""), resource.element, resource)
    root.set("xmlns", NAMESPACE)
    declaration = b'<?xml version="1.0" encoding="utf-8"?>\n'
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=False)
    return declaration + text


def _append(parent: ET.Element, name: str, value: Any) -> ET.Element:
    element = ET.SubElement(parent, name)
    if isinstance(value, Listing):
        for member in value.members:
            _append(element, value.element, member)
    elif isinstance(value, Resource):
        _fill(element, value)
    elif not isinstance(value, Empty):
        element.text = _text(value)
    return element


def _fill(element: ET.Element, resource: Resource) -> None:
    for name, attribute in resource.attributes.items():
        if attribute is not None:
            element.set(name, _text(attribute))
    if resource.links:
        links = ET.SubElement(element, "Links")
        for link in resource.links:
            ET.SubElement(links, "Link", link.attributes())
    for name, inner in resource.properties.items():
        if inner is not None:
            _append(element, name, inner)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
