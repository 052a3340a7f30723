"""What was asked and answered, kept in memory and, if wanted, written as JSON lines."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request and how it was answered."""

    number: int
    at: str
    """RFC 3339, UTC."""
    method: str
    path: str
    """Below `/api`, without the query."""
    query: str
    status: int | None
    """None when the connection was cut in place of an answer."""
    session_id: str | None
    """The logon session that it was answered in."""
    token: str | None
    """The token that came with it, or that it made."""
    user_agent: str
    fault: str | None
    """Names of the faults that were played, divided by commas."""


class Journal:
    """Takes entries, many threads reading."""

    def __init__(self, file: Path | None, *, with_tokens: bool) -> None:
        self.entries: list[JournalEntry] = []
        self.begun: dict[int, str] = {}
        """Requests that are not answered yet: `METHOD /path`."""
        self._file = file.open("a", encoding="utf-8") if file else None
        self._with_tokens = with_tokens
        self._number = 0

    def begin(self, method: str, path: str) -> int:
        """Return the number of a request that comes."""
        self._number += 1
        self.begun[self._number] = f"{method} {path}"
        return self._number

    def add(self, entry: JournalEntry) -> None:
        """Take note."""
        self.entries.append(entry)
        self.begun.pop(entry.number, None)
        if self._file:
            line = asdict(entry)
            if not self._with_tokens:
                del line["token"]
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


def now() -> str:
    """Return the time, as entries have it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
