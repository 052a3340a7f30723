"""Secrets that no text may show, in whichever way they are escaped or encoded."""

from __future__ import annotations

import json
import threading
from base64 import b64encode, urlsafe_b64encode

_MASK = "***"
_SHORTEST = 4


class Secrets:
    """Hides secrets in texts. Adding one and hiding them cost the same however many there are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._by_start: dict[str, tuple[str, ...]] = {}
        """The ways in which secrets may be written, the longest first, by their first letters."""

    def add(self, secret: str) -> None:
        """Hide a secret from now on.

        One that is shorter than 4 characters is not hidden: it would blank ordinary words.
        """
        if len(secret) < _SHORTEST or secret in self._known:
            return
        with self._lock:
            self._known.add(secret)
            for form in _forms_of(secret):
                start = form[:_SHORTEST]
                others = {form, *self._by_start.get(start, ())}
                self._by_start[start] = tuple(sorted(others, key=len, reverse=True))

    def hide(self, text: str) -> str:
        """Return the text with `***` in place of every secret."""
        if not self._by_start:
            return text
        parts, shown, position = [], 0, 0
        while position <= len(text) - _SHORTEST:
            for form in self._by_start.get(text[position : position + _SHORTEST], ()):
                if text.startswith(form, position):
                    parts += [text[shown:position], _MASK]
                    position += len(form)
                    shown = position
                    break
            else:
                position += 1
        return "".join([*parts, text[shown:]])


def _forms_of(secret: str) -> set[str]:
    """Return the ways in which a secret may be written in a log line."""
    from html import escape  # noqa: PLC0415 - 10 ms that only a configured provider needs
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - the same

    octets = secret.encode(errors="surrogatepass")
    forms = {
        secret,
        repr(secret)[1:-1],
        quote(octets),
        quote(octets, safe=""),
        quote_plus(octets),
        escape(secret),
        escape(secret, quote=False),
        b64encode(octets).decode().rstrip("="),
        urlsafe_b64encode(octets).decode().rstrip("="),
    }
    # Twice: a JSON body is quoted in a message, and the message in the line.
    for _ in range(2):
        forms |= {json.dumps(form)[1:-1] for form in forms}
        forms |= {json.dumps(form, ensure_ascii=False)[1:-1] for form in forms}
    return forms
