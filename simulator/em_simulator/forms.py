"""How answers are written: XML, or JSON in the forms that different versions have.

Follows the vendor's pages em_web_api_specifications, representation_collections and
special_symbols, and what was captured of versions 12 and 13.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET  # what is written here is not parsed here

from em_simulator.representations import (
    NAMESPACE,
    Collection,
    Empty,
    Listing,
    Resource,
    plural,
)

_TIMES = ("EndTimeUTC", "NextRun")
"""What has no value for what does not end, or does not run by itself."""
_LEADING_CAPITALS = re.compile(r"^[A-Z]+(?![a-z])|^[A-Z]")


class JsonNames(StrEnum):
    """How JSON answers spell their names."""

    CAMEL = "camel"
    """As version 13: `href`, `taskId`, `uid`, `fsRoots`."""
    PASCAL = "pascal"
    """As versions up to 12: `Href`, `TaskId`, `UID`, `FSRoots`."""


class JsonNulls(StrEnum):
    """What JSON answers do with members that have no value."""

    NULL = "null"
    ABSENT = "absent"


class Answers(StrEnum):
    """The kind of answers."""

    ASKED = "asked"
    """What `Accept` asks for; XML when it does not say."""
    XML = "xml"
    """XML, whatever was asked for."""


class JsonLists(StrEnum):
    """How JSON answers wrap and name their lists: many are documented nowhere."""

    PLURAL = "plural"
    """By the plural of a member's name, as the pages and captures have it."""
    SINGULAR = "singular"
    """By a member's name, as XML."""
    ITEMS = "items"
    """`Items`, whatever is in it."""
    BARE = "bare"
    """Without a wrapper of its own."""


class Paths(StrEnum):
    """How the paths in links are spelled."""

    DOCUMENTED = "documented"
    LOWER = "lower"
    """In small letters: `/vmrestorepoints/…/mounts/1`."""
    UPPER = "upper"
    """Words begin with a capital, UUIDs are in capitals: `/VmRestorePoints/…/Mounts/1`."""

    def spell(self, href: str) -> str:
        """Return an address so; the name of the host, a guest's paths and queries stay."""
        if self is Paths.DOCUMENTED:
            return href
        address, mark, query = href.partition("?")
        found = _OWN_PATH.match(address)
        if found is None:
            return href
        host, own, rest = found.groups()
        return host + (own.lower() if self is Paths.LOWER else _capitals(own)) + rest + mark + query


# What follows the mount point, or the index, are names on a guest's disk: capitals may count.
_OWN_PATH = re.compile(r"(https://[^/]+/api)(/(?:.*?/(?:mounts/\d+|guestfs)|.*))(.*)$", re.DOTALL)


def _capitals(path: str) -> str:
    return "/".join(
        part.upper() if part.count("-") == _DASHES else part[:1].upper() + part[1:]
        for part in path.split("/")
    )


_DASHES = 4  # of a UUID


@dataclass(frozen=True, slots=True)
class Form:
    """How one server writes its answers."""

    json_names: JsonNames = JsonNames.CAMEL
    json_nulls: JsonNulls = JsonNulls.NULL
    json_lists: JsonLists = JsonLists.PLURAL
    paths: Paths = Paths.DOCUMENTED
    byte_order_mark: bool = False
    answers: Answers = Answers.ASKED
    never: str | None = None
    """What is written for times that there are not; None: nothing."""

    def write(self, resource: Resource | Collection, *, as_json: bool) -> tuple[bytes, str]:
        """Return a resource's text and its media type."""
        mark = codecs.BOM_UTF8 if self.byte_order_mark else b""
        if self.never:
            resource = _with_never(resource, self.never)
        if as_json and self.answers is not Answers.XML:
            return mark + self._json(resource), "application/json; charset=utf-8"
        return mark + to_xml(resource, self.paths), "application/xml; charset=utf-8"

    def _json(self, resource: Resource | Collection) -> bytes:
        if isinstance(resource, Collection):
            members = [self._plain(member) for member in resource.members]
            name = resource.json_name or resource.element
            value: Any = self._list(name, name.removesuffix("s"), members)
            if resource.paging:
                value[self._name("PagingInfo")] = self._plain(resource.paging)
        else:
            value = self._plain(resource)
        # A name in Windows may have half a surrogate pair, which only an escape can tell.
        return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace")

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Listing):
            members = [self._plain(member) for member in value.members]
            return self._list(plural(value.element), value.element, members)
        if isinstance(value, Empty):
            return None
        if not isinstance(value, Resource):
            return value
        told: dict[str, Any] = dict(value.attributes)
        if "Href" in value.attributes or value.links:
            links = [self._object(link.attributes()) for link in value.links]
            told["Links"] = links or None
        return self._object(told | dict(value.properties))

    def _list(self, many: str, one: str, members: list[Any]) -> Any:
        match self.json_lists:
            case JsonLists.BARE:
                return members
            case JsonLists.ITEMS:
                return {self._name("Items"): members}
            case JsonLists.SINGULAR:
                return {self._name(one): members}
        return {self._name(many): members}

    def _object(self, members: dict[str, Any]) -> dict[str, Any]:
        if isinstance(href := members.get("Href"), str):
            members = members | {"Href": self.paths.spell(href)}
        plain = {self._name(name): self._plain(value) for name, value in members.items()}
        if self.json_nulls is JsonNulls.NULL:
            return plain
        return {name: value for name, value in plain.items() if value is not None}

    def _name(self, name: str) -> str:
        return camel(name) if self.json_names is JsonNames.CAMEL else name


def _with_never(value: Any, never: str) -> Any:
    """Return a resource whose times that there are not are told."""
    if isinstance(value, Listing | Collection):
        return replace(value, members=[_with_never(member, never) for member in value.members])
    if not isinstance(value, Resource):
        return value
    told = {
        name: never if inner is None and name in _TIMES else _with_never(inner, never)
        for name, inner in value.properties.items()
    }
    return replace(value, properties=told)


@lru_cache(1024)
def camel(name: str) -> str:
    """Return a name in camelCase: the capitals that it begins with become small."""
    return _LEADING_CAPITALS.sub(lambda found: found[0].lower(), name)


def to_xml(resource: Resource | Collection, paths: Paths = Paths.DOCUMENTED) -> bytes:
    """Return the resource as XML."""
    if isinstance(resource, Collection):
        root = ET.Element(resource.element)
        for member in resource.members:
            _append(root, member.element, member)
        if resource.paging:
            _append(root, resource.paging.element, resource.paging)
    else:
        root = _append(ET.Element(""), resource.element, resource)
    for element in root.iter():
        if href := element.get("Href"):
            element.set("Href", paths.spell(href))
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
    _set(element, resource.attributes)
    if resource.links:
        links = ET.SubElement(element, "Links")
        for link in resource.links:
            _set(ET.SubElement(links, "Link"), link.attributes())
    for name, inner in resource.properties.items():
        if inner is not None:
            _append(element, name, inner)


def _set(element: ET.Element, attributes: Any) -> None:
    for name, value in attributes.items():
        if value is not None:
            element.set(name, _text(value))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
