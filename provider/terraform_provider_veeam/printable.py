"""Text that others wrote, a server or the one who named a file, made fit for a terminal."""

from __future__ import annotations


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
