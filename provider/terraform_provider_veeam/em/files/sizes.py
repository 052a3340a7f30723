"""Counts, sizes and times as people read them."""

from __future__ import annotations

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024


def counted(count: int, what: str) -> str:
    """Return a count like `1 file` or `260 files`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def readable_size(size: int) -> str:
    """Return a number of bytes like `311 bytes` or `1.2 GiB`."""
    amount, unit = float(size), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else counted(size, "byte")


def readable_time(seconds: float) -> str:
    """Return a time like `0:51` or `1:20:05`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
