"""Durations as Go writes them (`1h30m`), and as people read them."""

import re

_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # micro sign
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)

MAXIMUM_SECONDS = float(2**63 // 10**9)  # Go counts nanoseconds in 64 bits, 292 years


def parse_duration(text: str) -> float:
    """Return the seconds of a positive Go duration; ValueError tells a person what is wrong."""
    seconds, end = 0.0, 0
    while part := _PART.match(text, end):
        seconds += float(part[1]) * _SECONDS[part[2]]
        end = part.end()
    if not text or end != len(text):
        raise ValueError(
            f'"{text}" is not a duration. Write a number and a unit, like "90s" or "1h30m".'
        )
    if not 0 < seconds <= MAXIMUM_SECONDS:
        raise ValueError(f'"{text}" is out of range: a duration has to be longer than zero.')
    return seconds


def readable_time(seconds: float) -> str:
    """Return a time like `0:51` or `1:20:05`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
