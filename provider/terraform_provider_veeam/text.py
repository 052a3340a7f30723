"""Text that people write, as they meant it, and counts and sizes as they read them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024


def as_meant(value: Any) -> Any:
    """Return a text without a file's byte order mark and last line break; the rest as it is."""
    return value.removeprefix("\ufeff").rstrip("\r\n") if isinstance(value, str) else value


def is_quoted(text: str) -> bool:
    """Tell whether a text begins and ends with the same quotation mark."""
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


def parse_session_token(value: str) -> str:
    """Return a session's token, fit for a header. Raises ValueError, which does not quote it."""
    text: str = as_meant(value).strip()
    if not text:
        raise ValueError("It is blank.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(
            "It has characters that a token of Enterprise Manager never has. Set the value of the "
            "header X-RestSvcSessionId alone, as the logon returned it."
        )
    return text


def whole_number(given: str | float, most: int) -> int:
    """Return a whole number from 1 to `most`. Raises ValueError."""
    with suppress(ValueError):
        number = float(given)
        if 1 <= number <= most and number == int(number):
            return int(number)
    raise ValueError(f"{given} is not a whole number from 1 to {most}.")


def capital(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[0].upper() + text[1:]


def counted(count: int, what: str) -> str:
    """Return a count like `1 file` or `260 files`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def readable_size(size: int) -> str:
    """Return a number of bytes like `311 bytes` or `1.2 GiB`."""
    amount, unit = float(size), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else counted(size, "byte")
