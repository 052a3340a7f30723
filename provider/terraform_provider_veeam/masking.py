"""What leaves this process for people: no secret in it, and nothing that a terminal would obey.

A secret is looked for in the text as it is, and in what is left of it when its escapes are undone,
one layer after the other: so the ways of writing one need not be known beforehand, nor how deep
they are nested.
"""

from __future__ import annotations

import re
import threading
from base64 import b64encode, urlsafe_b64encode

_MASK = "***"
_SHORTEST = 4
_MOST_LAYERS = 8

# What stands for one character, or for none: all octets and units of it. What is not seen is taken
# for a space, as it is shown to people. It is compiled when the first secret is known.
_WRITTEN = r"""
      (?P<octets> %[0-7][\da-f] | %[cd][\da-f]%[89ab][\da-f] | %e[\da-f](?:%[89ab][\da-f]){2}
                | %f[0-4](?:%[89ab][\da-f]){3} | %[\da-f]{2} | \\x[\da-f]{2} )
    | (?P<units> \\ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2} | \\u[\da-f]{4} )
    | &\#(?P<decimal> \d{1,6} );
    | &\#x(?P<hexadecimal> [\da-f]{1,5} );
    | (?P<entity> &[a-z]\w{1,30}; )
    | (?P<letter> \\. )
    | (?P<space> \+ | [\x00-\x1f\x7f-\x9f\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+ )
    | (?P<nothing> \\\Z | \$(?=\$\{) | %(?=%\{) )  # HCL doubles what opens a template
    """
_FLAGS = re.IGNORECASE | re.DOTALL | re.VERBOSE
_BEGINS = "%\\&+$"  # of what is written so, in a text of ASCII that shows as what it is
_LETTERS = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\b": "\b", "\\f": "\f"}


def mask(text: str) -> str:
    """Return the text fit to be shown, whoever wrote parts of it.

    Every secret in it is replaced, also where it is escaped or encoded; then, so that a secret is
    known by what it is, whatever a terminal would obey is escaped. Lines stay lines.
    """
    return printable(hide(text), keep="\n")


def printable(text: str, *, keep: str = "") -> str:
    r"""Return a text that shows as what it is: what a terminal obeys or hides is escaped.

    Control and format characters (colours, the direction of writing), other breaks of lines and
    halves of surrogate pairs become `\x9b`, `\u202e`, … Characters in `keep` are left.
    """
    if text.isprintable():
        return text
    import unicodedata  # noqa: PLC0415 - few texts need it

    return "".join(
        character
        if character.isprintable() or character in keep or unicodedata.category(character) == "Zs"
        else character.encode("unicode_escape").decode()
        for character in text
    )


class Secrets:
    """Hides secrets in texts. Adding one and hiding them cost the same however many there are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._by_start: dict[str, tuple[str, ...]] = {}
        """What is looked for, the longest first, by its first letters."""

    def add(self, secret: str) -> None:
        """Hide a secret from now on, unless it is so short that it would blank ordinary words."""
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
        found = self._find(text)
        for layer, places in _undone(text):
            found += [(places[start], places[end]) for start, end in self._find(layer)]
        parts, shown = [], 0
        for start, end in sorted(found):
            if start >= shown:
                parts += [text[shown:start], _MASK]
            shown = max(shown, end)
        return "".join([*parts, text[shown:]])

    def _find(self, text: str) -> list[tuple[int, int]]:
        """Return where secrets begin and end."""
        found, position = [], 0
        while position <= len(text) - _SHORTEST:
            for form in self._by_start.get(text[position : position + _SHORTEST], ()):
                if text.startswith(form, position):
                    found.append((position, position + len(form)))
                    position += len(form)
                    break
            else:
                position += 1
        return found


known = Secrets()
"""Those of this process."""


def conceal(secret: str) -> None:
    """Have `hide` show `***` in place of a secret from now on."""
    known.add(secret)


def hide(text: str) -> str:
    """Return the text with `***` in place of every secret of this process."""
    return known.hide(text)


def _forms_of(secret: str) -> set[str]:
    """Return what is looked for: the secret, what is left of it without escapes, and base64.

    That is also the middle of a longer text's base64, wherever in it the secret begins.
    """
    octets = secret.encode(errors="surrogatepass")
    forms = {secret}
    for encode in (b64encode, urlsafe_b64encode):
        forms.add(encode(octets).decode().rstrip("="))
        for before in range(3):
            whole = encode(bytes(before) + octets).decode()
            # Six bits a letter: without those that a neighbour has a share in.
            forms.add(whole[-(-8 * before // 6) : 8 * (before + len(octets)) // 6])
    forms |= {layer for form in forms for layer, _ in list(_undone(form))[-1:]}
    return {form for form in forms if len(form) >= _SHORTEST}


def _undone(text: str) -> list[tuple[str, list[int]]]:
    """Return a text with one layer of escapes after the other undone.

    With each layer come the places in the text where its characters begin, and its end.
    """
    layers: list[tuple[str, list[int]]] = []
    if text.isascii() and text.isprintable() and not any(map(text.__contains__, _BEGINS)):
        return layers
    places: list[int] | range = range(len(text) + 1)
    for _ in range(_MOST_LAYERS):
        layer, begins = _undo(text)
        if layer == text:
            break
        places = [places[begin] for begin in begins]
        layers.append((layer, places))
        text = layer
    return layers


def _undo(text: str) -> tuple[str, list[int]]:
    """Return a text without its outermost escapes, and where each of its characters began."""
    parts: list[str] = []
    begins: list[int] = []
    position = 0
    for written in re.finditer(_WRITTEN, text, _FLAGS):
        start, end = written.span()
        parts.append(text[position:start])
        begins += range(position, start)
        if character := _meant(written):
            parts.append(character)
            begins.append(start)
        position = end
    parts.append(text[position:])
    begins += range(position, len(text) + 1)
    return "".join(parts), begins


def _meant(written: re.Match[str]) -> str:
    """Return the character that something stands for; nothing for what is not one."""
    escape = written[0]
    meant = ""
    match written.lastgroup:
        case "octets":
            octets = bytes.fromhex(re.sub(r"%|\\x", "", escape, flags=re.IGNORECASE))
            try:
                meant = octets.decode()
            except UnicodeDecodeError:
                meant = octets.decode("latin-1")
        case "units":
            units = bytes.fromhex(re.sub(r"\\u", "", escape, flags=re.IGNORECASE))
            meant = units.decode("utf-16-be", "surrogatepass")
        case "decimal" | "hexadecimal" as group:
            meant = chr(int(written[group], 10 if group == "decimal" else 16))
        case "entity":
            import html  # noqa: PLC0415 - 10 ms that few texts need

            meant = html.unescape(escape)
            meant = meant if len(meant) == 1 else "&"
        case "letter":
            meant = _LETTERS.get(escape, escape[1:])
        case "space":
            meant = " "
    return meant
