"""MACHINE[@DATE], @ID and dates, as a person writes them in a command. A day is one of UTC."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from terraform_provider_veeam.em.times import Time

_NEWEST = "latest"
_LAST_NANOSECOND = 999_999_900  # to seven digits, which is what Enterprise Manager reads
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ID = re.compile(r"@([0-9a-f-]{4,36})", re.ASCII | re.IGNORECASE)
_LIKE_A_DATE = re.compile(r"\d{4}-\d\d", re.ASCII)


class MachineAt(NamedTuple):
    """A machine, and when: the newest restore point at or before that time is meant.

    Or a restore point by its id, or by how that begins.
    """

    name: str
    time: Time | None
    """None for the newest of all."""
    id: str = ""


def parse_machine_at(text: str) -> MachineAt:
    """Read `MACHINE`, `MACHINE@DATE` or `@ID`; an `@` may also be in a name. Raises ValueError."""
    if of_id := _ID.fullmatch(text):
        return MachineAt("", None, of_id[1].lower())
    name, _, date = text.rpartition("@")
    if name and date == _NEWEST:
        return MachineAt(name, None)
    if name and _LIKE_A_DATE.match(date):
        return MachineAt(name, parse_date(date, is_end=True))
    if not text.strip():
        raise ValueError("The name of the machine is blank.")
    return MachineAt(text, None)


def parse_date(text: str, *, is_end: bool) -> Time:
    """Read a day, or a time as in RFC 3339. Raises ValueError.

    A day means its end or its beginning, and so does a second without a fraction.
    """
    fraction = _LAST_NANOSECOND if is_end else 0
    try:
        if _DAY.fullmatch(text):
            day = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
            rest = dt.timedelta(days=1, seconds=-1) if is_end else dt.timedelta()
            return Time(day + rest, fraction)
        time = Time.parse(text, needs_offset=True)
    except (ValueError, OverflowError):
        raise ValueError(no_date(text)) from None
    return time if "." in text else time._replace(nanosecond=fraction)


def no_date(text: str) -> str:
    """Return what a person is told about a text that is not a date."""
    return (
        f'"{text}" is not a date. Write a day like 2026-11-13, which is one of UTC, a time '
        'like 2026-11-13T22:00:00Z or 2026-11-13T23:00:00+01:00, or, after @, "latest".'
    )


def shown_time(time: str | None) -> str:
    """Return a time of RFC 3339 in UTC to the second, fit to be given back as a DATE."""
    return re.sub(r"\.\d+", "", time or "")
