"""Times as the API and RFC 3339 write them, with every digit of their fractions of a second."""

import datetime as dt
import re
from typing import NamedTuple, Self

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# "Never" is the year 1 (.NET), 1601 (Windows), 1753 (SQL Server) or 9999, give or take an offset.
_LONG_AGO, _NEVER = 1753, 9999
_SECOND = 10**9  # nanoseconds
_DIGITS = 9  # nanoseconds; the API has up to seven


class Time(NamedTuple):
    """A moment, which can be compared. A datetime would cut off the seventh digit."""

    second: dt.datetime  # in UTC
    nanosecond: int

    @classmethod
    def parse(cls, text: str, *, needs_offset: bool = False) -> Self:
        """Read a time, which is in UTC unless it says otherwise. Raises ValueError."""
        found = _FORM.fullmatch(text.strip())
        if not found or (needs_offset and not found[4]):
            raise ValueError(f"{text!r} is not a time")
        offset = (found[4] or "Z").upper()
        try:
            second = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}{offset}").astimezone(dt.UTC)
        except OverflowError:
            raise ValueError(f"{text!r} is not a time") from None
        return cls(second, int((found[3] or "")[:_DIGITS].ljust(_DIGITS, "0")))

    def is_within(self, after: Self | None, before: Self | None) -> bool:
        """Tell whether it is neither before the one bound nor after the other; None is no bound."""
        return (after is None or self >= after) and (before is None or self <= before)

    def __str__(self) -> str:
        fraction = f"{self.nanosecond:0{_DIGITS}}".rstrip("0")
        whole = self.second.replace(tzinfo=None).isoformat()
        return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def nanoseconds(text: str | None) -> int | None:
    """Return a time as nanoseconds since 1970, as file systems have it; None as for `utc`."""
    time = _known(text)
    if time is None:
        return None
    seconds: int = (time.second - _EPOCH) // dt.timedelta(seconds=1)
    return seconds * _SECOND + time.nanosecond


def utc(text: str | None) -> str | None:
    """Return a time of the API as RFC 3339 in UTC; None for no time and for "never"."""
    time = _known(text)
    return None if time is None else str(time)


def _known(text: str | None) -> Time | None:
    try:
        time = Time.parse(text or "")
    except ValueError:
        return None
    return time if _LONG_AGO < time.second.year < _NEVER else None
