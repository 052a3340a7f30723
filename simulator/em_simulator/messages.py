"""What a handler is asked and what it answers, without HTTP's own machinery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from em_simulator.faults import DueFaults
from em_simulator.representations import Collection, Empty, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http import HTTPStatus

    from em_simulator.forms import Form
    from em_simulator.sessions import Session


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a path below `/api`."""

    method: str
    path: str
    parameters: list[tuple[str, str]]
    """Those of the query, as they came."""
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes
    faults: DueFaults = field(default_factory=DueFaults)

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query by their names in lower case."""
        return {
            name.lower(): value
            for name, value in self.parameters
            if not (name.lower() == "filter" and "ignore-filter" in self.faults)
        }

    @property
    def wants_entities(self) -> bool:
        """Whether the client asks for entities; references are the default."""
        return self.query.get("format", "").lower() in ("entity", "entities")

    @property
    def wants_json(self) -> bool:
        """Whether the client asks for JSON; XML is the default."""
        accepted = self.headers.get("Accept", "").lower()
        kinds = [part.split(";")[0].strip() for part in accepted.split(",")]
        return "application/json" in kinds

    @property
    def token(self) -> str | None:
        """The session token; that of a cookie beats that of the header."""
        name = "X-RestSvcSessionId"
        return self.cookies.get(name) or self.headers.get(name)


@dataclass(slots=True)
class Reply:
    """The answer: a status and perhaps a resource."""

    status: HTTPStatus
    resource: Resource | Collection | None = None
    headers: dict[str, str] = field(default_factory=dict)
    session: Session | None = None
    """The session that it was answered in."""
    content: bytes | None = None
    """What is sent in place of a resource."""
    content_type: str = "application/octet-stream"

    def body(self, form: Form, *, as_json: bool) -> tuple[bytes, str]:
        """Return the body, in a server's form, and its type."""
        if self.content is not None:
            return self.content, self.content_type
        if self.resource is None:
            return b"", ""
        return form.write(self.resource, as_json=as_json)


class Refusal(Exception):
    """An error that the client is told."""

    def __init__(
        self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def reply(self) -> Reply:
        """Return the answer with the documented error body."""
        attributes = {"Message": self.message, "StatusCode": int(self.status), "Status": None}
        properties = {"FirstChanceExceptionMessage": Empty(), "StackTrace": Empty()}
        error = Resource("Error", attributes, properties=properties)
        return Reply(self.status, error, self.headers)


class Missing(Refusal):
    """There is no such mount point, task or logon session: servers tell that in many ways."""
