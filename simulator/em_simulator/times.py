"""Times as they stand on the wire: UTC, ISO 8601, with 0 to 7 digits of a second's fraction."""

from __future__ import annotations

import datetime as dt
import re

_DIGITS = 7
_A_SECOND = 10_000_000  # in ticks
_TEXT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,7}))?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?",
    re.IGNORECASE,
)


def utc_text(moment: dt.datetime, fraction: str | None = None) -> str:
    """Return a time as answers have it; the fraction's last zeros are left out."""
    digits = (f"{moment.microsecond:06}" if fraction is None else fraction).rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{digits}" if digits else "") + "Z"


def name_text(moment: dt.datetime, *, is_exact: bool) -> str:
    """Return a time as names have it: to the second, or with its fraction."""
    digits = f"{moment:.%f}".rstrip("0.") if is_exact else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{digits}"


def ticks(text: str) -> int:
    """Return a time in units of 100 ns, to compare. Raises ValueError for what is no time."""
    moment, fraction = parts(text)
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * _A_SECOND + int(fraction.ljust(_DIGITS, "0"))


def parts(text: str) -> tuple[dt.datetime, str]:
    """Return a time, and the digits of its second's fraction. Raises ValueError."""
    found = _TEXT.fullmatch(text.strip())
    if not found:
        raise ValueError(f"[{text}] is not a time.")
    zone = (found["zone"] or "Z").upper().replace("Z", "+00:00")
    moment = dt.datetime.fromisoformat(f"{found['day']}T{found['clock'] or '00:00'}{zone}")
    fraction = found["fraction"] or ""
    microsecond = int(fraction[:6].ljust(6, "0"))
    return moment.astimezone(dt.UTC).replace(microsecond=microsecond), fraction
