"""Bodies of answers: JSON, and XML in the same shape. Nothing in them is trusted.

Follows the vendor's pages on representations: properties have the names of the XML elements, XML
attributes become properties, collections have a wrapper of their own or none. Version 13 writes
names in JSON in camelCase, older versions in PascalCase, so names are matched without regard to
case: they are folded here, once, and asked for through the functions below.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.secrets import hide

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Resource = Mapping[str, Any]
"""The properties of a resource by their folded names: ask for one with `member`."""

MAXIMUM_DEPTH = 100
MAXIMUM_PARTS = 300_000  # a page of a hundred has some thousands; each costs time and memory
MAXIMUM_TEXT = 2000  # characters of a server's text that a person is shown
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile("&#(?:x([0-9a-f]{1,8})|([0-9]{1,10}));", re.IGNORECASE)
_DECLARED = re.compile(
    rb"<\?xml[^>]{,99}encoding=.(iso-8859-\d{1,2}|windows-125\d)\b", re.IGNORECASE
)
_INSTEAD = "\ufffd"  # of what is not Unicode
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


class Link(NamedTuple):
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


class Document(NamedTuple):
    """A decoded body: `root` is the XML root element's name, None for JSON."""

    root: str | None
    value: Any

    def has_root(self, name: str) -> bool:
        """Tell whether this is XML with a root element of that name."""
        return self.root is not None and self.root.lower() == name.lower()

    def property(self, name: str) -> Any:
        """Return a property of the root; None when it is missing."""
        return member(self.value, name)

    def collection(self, *names: tuple[str, str]) -> list[Resource] | None:
        """Return the members of a root collection, whose name may be any of (plural, singular).

        None when this is no such collection: an empty one must not be mistaken for another answer.
        """
        if isinstance(self.value, list):
            return members(self.value, names[0][1])
        for plural, singular in names:
            if self.has_root(plural):
                return members(self.value, singular)
            if not isinstance(self.value, Mapping):
                continue
            for name in (plural, singular):
                if name.lower() in self.value:
                    return members(member(self.value, name), singular, plural)
        return None


def unreadable(reason: str) -> UnexpectedAnswer:
    """Return the error for an answer that can't be read, and why."""
    return UnexpectedAnswer("Enterprise Manager's answer can't be understood", reason)


def decode(body: bytes) -> Document:
    """Return what a body says. Its declared type is ignored: proxies and old versions get it wrong.

    Raises UnexpectedAnswer.
    """
    text = _characters(body).lstrip("\ufeff \t\r\n")
    if not text:
        return Document(None, None)
    if sum(map(text.count, "<{[,")) > MAXIMUM_PARTS:
        raise unreadable("It has more parts than any answer needs.")
    if text.startswith("<"):
        return _decode_xml(text)
    try:
        return Document(None, _fold(json.loads(text), 0))
    except (ValueError, RecursionError):
        raise unreadable("It is not JSON.") from None


def _characters(body: bytes) -> str:
    """Return a body as text; U+FFFD stands for what is not Unicode."""
    declared = _DECLARED.match(body)
    encoding = declared[1].decode() if declared else json.detect_encoding(body)
    try:
        return body.decode(encoding, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _fold(value: Any, depth: int) -> Any:
    """Return JSON with folded names; of two names that differ in case, the one with a value."""
    if depth > MAXIMUM_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, list):
        return [_fold(item, depth + 1) for item in value]
    if isinstance(value, str):
        return _SURROGATE.sub(_INSTEAD, value)
    if not isinstance(value, dict):
        return value
    folded: dict[str, Any] = {}
    for spelled, inner in value.items():
        name = _SURROGATE.sub(_INSTEAD, spelled.lower())
        if folded.get(name) is None:
            folded[name] = _fold(inner, depth + 1)
    return folded


def _decode_xml(body: str) -> Document:
    if re.match(r"<!doctype\s+html|<html", body, re.IGNORECASE):
        raise unreadable("It is a web page (HTML).")
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 - 4 ms, and servers send JSON

    from defusedxml import DefusedXmlException  # noqa: PLC0415
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    try:
        plain = _NOT_IN_XML.sub(_INSTEAD, _REFERENCE.sub(_reference, body))
        root = fromstring(plain, forbid_dtd=True)
        return Document(_name(root), _convert(root, 0))
    except DefusedXmlException:
        raise unreadable("It is XML with entities of its own, which is refused.") from None
    except (ParseError, ValueError, LookupError, RecursionError):
        raise unreadable("It is not XML.") from None


def _reference(found: re.Match[str]) -> str:
    """Return a reference to a character, to another one if XML does not know it."""
    number = int(found[1], 16) if found[1] else int(found[2])
    is_known = number <= sys.maxunicode and not _NOT_IN_XML.match(chr(number))
    return found[0] if is_known else _INSTEAD


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _convert(element: Element, depth: int) -> Any:
    if depth > MAXIMUM_DEPTH:
        raise ValueError("too deep")
    value: dict[str, Any] = {
        name.rpartition("}")[2].lower(): text for name, text in element.items()
    }
    for child in element:
        name, converted = _name(child).lower(), _convert(child, depth + 1)
        if name not in value:
            value[name] = converted
        elif isinstance(value[name], list):
            value[name].append(converted)
        else:
            value[name] = [value[name], converted]
    if not value:
        # As it is: the name of a file may begin or end with a space.
        return element.text if element.text and element.text.strip() else None
    return value


def member(resource: Any, name: str) -> Any:
    """Return a property, however its name is spelt; None when it is missing."""
    return resource.get(name.lower()) if isinstance(resource, Mapping) else None


def members(value: Any, *names: str) -> list[Resource]:
    """Return the members of a list, bare or in a wrapper that has one of the names.

    A lone object is a list of one. Raises UnexpectedAnswer for anything else: a guess would take
    it for an empty list.
    """
    if isinstance(value, list):
        present = [item for item in value if item is not None]
        if not all(isinstance(item, Mapping) for item in present):
            raise unreadable(f"A list of {names[0]} holds something else.")
        return present
    if isinstance(value, Mapping):
        for name in (n for known in names for n in (known, plural_of(known))):
            if name.lower() in value:
                return members(member(value, name), *names)
        if any(isinstance(inner, str | int | float) for inner in value.values()):
            return [value]
        if any(inner is not None for inner in value.values()):
            raise unreadable(f"A list of {names[0]} has another form than is documented.")
        return []
    if value is None or value == "":
        return []
    raise unreadable(f"In place of a list of {names[0]} there is a plain value.")


def plural_of(name: str) -> str:
    """Return what a list of such elements is called: `Repositories`, `Jobs`."""
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def text(resource: Any, name: str) -> str | None:
    """Return a property as text; None when it is missing, empty or no plain value.

    It is what the server said, so that it can be compared and asked for again; for a person see
    `message`.
    """
    value = member(resource, name)
    if value is None or isinstance(value, Mapping | list):
        return None
    return str(value).strip() or None


def message(resource: Any, name: str) -> str | None:
    """Return what a server says to a person in a property, as `text` does.

    It may repeat a password. Secrets are hidden first: half of one, or one with a character taken
    out, is no longer recognised. Names and the like are left as they are, for they are compared.
    """
    value = member(resource, name)
    if not isinstance(value, str):
        return text(resource, name)
    return clean(hide(value[: 4 * MAXIMUM_TEXT])) or None


def boolean(resource: Any, name: str) -> bool | None:
    """Return a property as a truth value; None when it is missing or something else."""
    value = str(member(resource, name)).strip().lower()
    return {"true": True, "1": True, "false": False, "0": False}.get(value)


def integer(resource: Any, name: str) -> int | None:
    """Return a property as a whole number, also where it comes as text; None for anything else."""
    found = re.fullmatch(r"-?\d{1,18}", str(member(resource, name)).strip(), re.ASCII)
    return int(found[0]) if found else None


def links(resource: Any) -> list[Link]:
    """Return the links of a resource whose address can be used."""
    return [
        Link(
            text(link, "Rel") or "",
            text(link, "Type") or "",
            path,
            text(link, "Name"),
            _query(member(link, "Href")),
        )
        for link in members(member(resource, "Links"), "Link")
        if (path := api_path(member(link, "Href")))
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
    """Return a server's text fit for a terminal: no control characters, bounded in length."""
    value = _CONTROL.sub(" ", value).strip()
    return value if len(value) <= MAXIMUM_TEXT else value[:MAXIMUM_TEXT] + " …"


def error_message(body: bytes) -> str | None:
    """Return the message of an error body, in JSON or XML; None when there is none."""
    try:
        document = decode(body)
    except UnexpectedAnswer:
        return None
    said = document.value
    return message(said, "Message") or message(said, "FirstChanceExceptionMessage")
