"""Bodies of answers: JSON, and XML brought into the same shape. Nothing here is trusted.

Follows the vendor's pages on representations: properties have the names of the XML elements, XML
attributes become properties, collections have a wrapper of their own or none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAXIMUM_DEPTH = 100
MAXIMUM_TEXT = 2000  # characters of a server's text that a person is shown
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


class Malformed(ValueError):
    """A body that is neither JSON nor XML, or not of the shape expected."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a resource: `path` is below `/api`."""

    rel: str
    type: str
    path: str
    name: str | None = None
    query: str = ""

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Document:
    """A decoded body: `root` is the XML root element's name, None for JSON."""

    root: str | None
    value: Any

    def property(self, name: str) -> Any:
        """Return a property of the root; None when it is missing."""
        return self.value.get(name) if isinstance(self.value, Mapping) else None

    def collection(self, *names: tuple[str, str]) -> list[Mapping[str, Any]] | None:
        """Return the members of a root collection, whose name may be any of (plural, singular).

        None when this is no such collection: an empty one must not be mistaken for another answer.
        """
        if isinstance(self.value, list):
            members = [member for member in self.value if isinstance(member, Mapping)]
            return members if len(members) == len(self.value) else None
        for plural, singular in names:
            if self.root == plural:
                return items(self.value, singular)
            if isinstance(self.value, Mapping) and self.root is None and plural in self.value:
                return items(self.value[plural], singular)
            if isinstance(self.value, Mapping) and singular in self.value:
                return items(self.value[singular], singular)
        return None


def decode(body: bytes) -> Document:
    """Return what a body says. The declared type is not asked: proxies and old versions lie.

    Raises Malformed.
    """
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text:
        return Document(None, None)
    if text.startswith(b"<"):
        return _decode_xml(text)
    try:
        return Document(None, json.loads(text))
    except (ValueError, RecursionError):
        raise Malformed("It is no JSON.") from None


def _decode_xml(body: bytes) -> Document:
    if re.match(rb"<!doctype\s+html|<html", body[:200], re.IGNORECASE):
        raise Malformed("It is a web page (HTML).")
    try:
        root = fromstring(body, forbid_dtd=True)
        return Document(_name(root), _convert(root, 0))
    except DefusedXmlException:
        raise Malformed("It is XML with entities of its own, which is refused.") from None
    except (ParseError, ValueError, LookupError, RecursionError):
        raise Malformed("It is no XML.") from None


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _convert(element: Element, depth: int) -> Any:
    if depth > MAXIMUM_DEPTH:
        raise ValueError("too deep")
    value: dict[str, Any] = {name.rpartition("}")[2]: text for name, text in element.items()}
    for child in element:
        name, converted = _name(child), _convert(child, depth + 1)
        if name not in value:
            value[name] = converted
        elif isinstance(value[name], list):
            value[name].append(converted)
        else:
            value[name] = [value[name], converted]
    if not value:
        return element.text.strip() if element.text and element.text.strip() else None
    return value


def items(value: Any, singular: str) -> list[Mapping[str, Any]]:
    """Return the members of a list inside a resource, with its wrapper or without."""
    if isinstance(value, Mapping):
        for name in (singular, f"{singular}s", _plural(singular)):
            if name in value:
                return items(value[name], singular)
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    return [member for member in value if isinstance(member, Mapping) and member]


def _plural(singular: str) -> str:
    return singular[:-1] + "ies" if singular.endswith("y") else f"{singular}s"


def text(resource: Any, name: str) -> str | None:
    """Return a property as text, cleaned; None when it is missing, empty or no plain value."""
    value = resource.get(name) if isinstance(resource, Mapping) else None
    if value is None or isinstance(value, Mapping | list):
        return None
    return clean(str(value)) or None


def boolean(resource: Any, name: str) -> bool | None:
    """Return a property as a truth value; None when it is missing or something else."""
    value = resource.get(name) if isinstance(resource, Mapping) else None
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def links(resource: Any) -> list[Link]:
    """Return the links of a resource whose address can be used."""
    value = resource.get("Links") if isinstance(resource, Mapping) else None
    return [
        Link(
            text(link, "Rel") or "",
            text(link, "Type") or "",
            path,
            text(link, "Name"),
            _query(link["Href"]),
        )
        for link in items(value, "Link")
        if (path := api_path(link.get("Href")))
    ]


def api_path(href: Any) -> str | None:
    """Return the path below `/api` of an Href, without its query; None when it can't be used.

    The Href may name any host: the path alone is taken, and it must stay below `/api`.
    """
    if not isinstance(href, str):
        return None
    try:
        path = urlsplit(href.strip()).path
    except ValueError:
        return None
    head, separator, rest = path.partition("/api/")
    if head or not separator:
        return None
    plain = unquote(rest)
    if any(part in (".", "..") for part in plain.split("/")) or "\\" in plain:
        return None
    if _CONTROL.search(plain) or re.search(r"\s", rest):
        return None
    return f"/{rest}".rstrip("/") or None


def _query(href: str) -> str:
    """Return the query of an Href whose path can be used."""
    query = urlsplit(href.strip()).query
    return "" if _CONTROL.search(query) or re.search(r"\s", query) else query


def clean(value: str) -> str:
    """Return a server's text fit for a terminal: no control characters, not endless."""
    value = _CONTROL.sub(" ", value).strip()
    return value if len(value) <= MAXIMUM_TEXT else value[:MAXIMUM_TEXT] + " …"


def error_message(body: bytes) -> str | None:
    """Return the message of an error body, in JSON or XML; None when there is none."""
    try:
        document = decode(body)
    except Malformed:
        return None
    return text(document.value, "Message") or text(document.value, "FirstChanceExceptionMessage")
