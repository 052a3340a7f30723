"""Text that people write in a configuration or a variable, as they meant it."""

from typing import Any


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
