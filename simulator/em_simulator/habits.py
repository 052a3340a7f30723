"""What servers do differently, where no page and no capture says which is right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from em_simulator.messages import Missing, Reply


class Unknown(StrEnum):
    """How a mount point, a task, a job, a logon session … that does not exist is answered."""

    DOCUMENTED = "documented"
    """404, as the pages say; 500 for a task, as was captured; 401 for the token of a session."""
    NOT_FOUND = "404"
    """404, for a session's token too."""
    EMPTY = "404-empty"
    """404 without a body."""
    PROBLEM = "404-problem"
    """404 with problem details, as ASP.NET Core gives them."""
    FAILED = "500"
    """500 with a text."""
    PAGE = "html"
    """404 with a web page."""

    def reply(self, missing: Missing) -> Reply:
        """Return the answer for what is missing."""
        match self:
            case Unknown.DOCUMENTED:
                return missing.reply()
            case Unknown.FAILED:
                return Missing(HTTPStatus.INTERNAL_SERVER_ERROR, missing.message).reply()
            case Unknown.NOT_FOUND:
                return Missing(HTTPStatus.NOT_FOUND, missing.message).reply()
            case Unknown.EMPTY:
                return Reply(HTTPStatus.NOT_FOUND)
            case Unknown.PROBLEM:
                return Reply(
                    HTTPStatus.NOT_FOUND,
                    content=json.dumps(_PROBLEM).encode(),
                    content_type="application/problem+json; charset=utf-8",
                )
            case Unknown.PAGE:
                return Reply(
                    HTTPStatus.NOT_FOUND, content=_PAGE, content_type="text/html; charset=utf-8"
                )


_PROBLEM = {
    "type": "https://tools.ietf.org/html/rfc9110#section-15.5.5",
    "title": "Not Found",
    "status": 404,
    "traceId": "00-5a0c6a2a3e1fd0cf9f0c4f7a1f7b3a52-1b6f2d0c9a4e8b37-00",
}
_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>404 - File or directory not found.</title></head>"
    b"<body><h1>Server Error</h1></body></html>"
)


class ShownSessions(StrEnum):
    """Which logon sessions an account is shown."""

    ALL = "all"
    OWN = "own"
    """The one that asks."""
    NONE = "none"
    """None but itself: the list is refused with 403."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What one server does."""

    unknown: Unknown = Unknown.DOCUMENTED
    shown_sessions: ShownSessions = ShownSessions.ALL
    needs_mount_body: bool = False
    """Whether a mount's request without a body is refused with 400."""
    session_page: int = 0
    """How many logon sessions a page of their list has; 0 for all."""
    sends_ranges: bool = False
    """Whether a part of a download is sent when one is asked for."""
