"""Bodies of answers: JSON, and XML in the same shape. Nothing in them is trusted.

Follows the vendor's pages on representations: properties have the names of the XML elements, XML
attributes become properties, collections have a wrapper of their own or none. Version 13 writes
names in JSON in camelCase, older versions in PascalCase, so names are matched without regard to
case: they are folded here, once, and asked for through the functions below. Lists are told by what
they hold, not by their own names, which nobody has documented for every resource.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from terraform_provider_veeam.em import errors, models, times
from terraform_provider_veeam.masking import hide

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Resource = Mapping[str, Any]  # properties by their folded names: ask for one with `member`

MAXIMUM_DEPTH = 100
MAXIMUM_PARTS = 300_000  # a page of a hundred has some thousands; each costs time and memory
_DEEPEST_LIST = 3  # wrappers: `Entities.BackupJobSessions.BackupJobSessions`
_NO_LISTS = ("links", "paginginfo")
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
    """A link of a resource: `path` is below `/api`. Ask the methods: servers differ in capitals."""

    rel: str
    type: str
    path: str
    name: str | None = None
    query: str = ""

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def is_for(self, rel: str) -> bool:
        """Tell whether the link has a relation, like `Related`."""
        return self.rel.casefold() == rel.casefold()

    def is_below(self, *collections: str) -> bool:
        """Tell whether it leads to a member of one of those collections, like `/tasks`."""
        return any(
            models.rest_below(self.path, collection) is not None for collection in collections
        )


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

    def collection(self, *kinds: str) -> list[Resource] | None:
        """Return the members of a root collection of those kinds; None for another answer."""
        if self.root is not None and not self.value:
            is_list = self.has_root("EntityReferences") or _may_be_called(self.root, kinds)
            return [] if is_list else None
        if self.value and is_bare(self.value):
            return []
        is_list = not (isinstance(self.value, Mapping) and _has_own_values(self.value))
        return _chosen(_lists(self.value, "", kinds, 0), kinds, is_list=is_list)


def unreadable(reason: str) -> errors.UnexpectedAnswer:
    """Return the error for an answer that can't be read, and why."""
    return errors.UnexpectedAnswer("Enterprise Manager's answer can't be understood", reason)


def decode(body: bytes) -> Document:
    """Return what a body says, whatever type it declares. Raises UnexpectedAnswer."""
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
        return value if value.isascii() else _SURROGATE.sub(_INSTEAD, value)
    if not isinstance(value, dict):
        return value
    folded: dict[str, Any] = {}
    for spelled, inner in value.items():
        name = _folded_name(spelled)
        if folded.get(name) is None:
            folded[name] = _fold(inner, depth + 1)
    return folded


@lru_cache(1024)
def _folded_name(spelled: str) -> str:
    return _SURROGATE.sub(_INSTEAD, spelled.lower())


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


def members(value: Any, *kinds: str) -> list[Resource]:
    """Return the resources of those kinds in a property. Raises UnexpectedAnswer for others."""
    if value in (None, "") or is_bare(value):
        return []
    found = _chosen(_lists(value, "", kinds, 1), kinds, is_list=True)
    if found is None:
        kind = kinds[0] if kinds else "links"
        raise unreadable(f"Something else came where a list of {kind} should be.")
    return found


def listed(value: Any, *kinds: str) -> list[Resource] | None:
    """Return the resources of those kinds that a resource lists; None when it lists none.

    A kind is how `Type` ends, `Reference` apart; without a `Type` the name of the list tells.
    """
    return _chosen(_lists(value, "", kinds, 0), kinds, is_list=False)


def _chosen(
    lists: Iterable[tuple[str, list[Any]]], kinds: tuple[str, ...], *, is_list: bool
) -> list[Resource] | None:
    """Return what is in the lists of those kinds; None when there is none."""
    every = list(lists)
    is_only = is_list and len(every) == 1
    known = [inner for name, inner in every if _is_of(name, inner, kinds, is_only=is_only)]
    if not any(known) and (not known or any(inner for _, inner in every)):
        return None
    return [one for inner in known for one in inner]


def _lists(
    value: Any, name: str, kinds: tuple[str, ...], depth: int
) -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists in a value, each with its names. A lone resource is a list of one."""
    if isinstance(value, list):
        yield name, [item for item in value if item is not None]
    elif isinstance(value, Mapping):
        if _has_own_values(value) and (depth or _is_kind(value, kinds)):
            yield name, [value]
        elif depth < _DEEPEST_LIST:
            for key, inner in value.items():
                if key not in _NO_LISTS:
                    yield from _lists(inner, f"{name} {key}", kinds, depth + 1)


def _is_of(name: str, inner: list[Any], kinds: tuple[str, ...], *, is_only: bool) -> bool:
    """Tell whether a list is one of resources of those kinds."""
    if not all(isinstance(one, Mapping) for one in inner):
        return False
    typed = [one for one in inner if text(one, "Type")]
    if typed:
        return all(_is_kind(one, kinds) for one in typed)
    return is_only or _may_be_called(name, kinds)


def _is_kind(resource: Resource, kinds: tuple[str, ...]) -> bool:
    kind = (text(resource, "Type") or "").casefold().removesuffix("reference")
    return not kinds or any(kind.endswith(known.casefold()) for known in kinds)


def _may_be_called(name: str, kinds: tuple[str, ...]) -> bool:
    """Tell whether a list of such resources may have a name: `Repositories`, `ObjectInJobs`."""
    return any(known.casefold().removesuffix("y") in name.casefold() for known in kinds)


def _has_own_values(value: Mapping[str, Any]) -> bool:
    return any(isinstance(inner, str | int | float) for inner in value.values())


def is_bare(value: Any) -> bool:
    """Tell whether there is nothing but names in a value."""
    return isinstance(value, Mapping) and all(
        inner is None or is_bare(inner) for inner in value.values()
    )


def text(resource: Any, *names: str) -> str | None:
    """Return the first of the properties that has text, as the server spells it."""
    for name in names:
        value = member(resource, name)
        if value is not None and not isinstance(value, Mapping | list) and str(value).strip():
            return str(value).strip()
    return None


def time(resource: Any, *names: str) -> str | None:
    """Return the first of the properties that has text as a time: RFC 3339 in UTC, see `utc`."""
    return times.utc(text(resource, *names))


def uuid(resource: Any, name: str = "UID") -> str:
    """Return the UUID at the end of a property's URN, or what stands there; empty for nothing."""
    return (text(resource, name) or "").rpartition(":")[2].lower()


def message(resource: Any, name: str) -> str | None:
    """Return what a server says to a person in a property, fit for a terminal.

    Secrets are hidden first: half of one, or one with a character taken out, is not recognised.
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


def size(resource: Any, name: str) -> int | None:
    """Return a number of bytes; the API writes -1 where there is no limit, or none is known."""
    number = integer(resource, name)
    return None if number is None or number < 0 else number


def links(resource: Any) -> list[Link]:
    """Return the links of a resource whose address can be used."""
    found = []
    for link in members(member(resource, "Links")):
        if path := path_of(link):
            rel, kind = text(link, "Rel") or "", text(link, "Type") or ""
            found.append(Link(rel, kind, path, text(link, "Name"), _query(member(link, "Href"))))
    return found


def link_below(resource: Any, collection: str) -> Link | None:
    """Return the first link of a resource to a member of a collection."""
    return next((link for link in links(resource) if link.is_below(collection)), None)


def path_of(resource: Any) -> str:
    """Return the path of a resource below `/api`; empty when it names none that can be used."""
    return api_path(member(resource, "Href")) or ""


def own_uuid(resource: Any) -> str:
    """Return the UUID of a resource, by its URN or its path; empty when it tells none."""
    return uuid(resource) or path_of(resource).rpartition("/")[2].lower()


def related_restore_points(resource: Any) -> list[models.RestorePointRef]:
    """Return the restore points that a resource is related to."""
    related = (link.path for link in links(resource) if link.is_for("Related"))
    return [ref for ref in map(models.restore_point_at, related) if ref]


def api_path(href: Any) -> str | None:
    """Return the path below `/api` of an Href, whatever its host; None when it can't be used."""
    if not isinstance(href, str):
        return None
    try:
        path = urlsplit(href.strip()).path
    except ValueError:
        return None
    rest = models.rest_below(path, "/api")
    if rest is None:
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
    except errors.UnexpectedAnswer:
        return None
    said = document.value
    return message(said, "Message") or message(said, "FirstChanceExceptionMessage")
