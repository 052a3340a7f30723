"""Text that others wrote, on its way to a terminal."""

import pytest

from terraform_provider_veeam.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ångebot für 東京 🎉", "Ångebot für 東京 🎉"),
        ("Prix\xa0: 5\u3000円", "Prix\xa0: 5\u3000円"),
        ("\x1b[2J\x9b31m", r"\x1b[2J\x9b31m"),
        ("gnp.\u202eexe\u2066", r"gnp.\u202eexe\u2066"),
        ("a\x85b\u2028c\u2029d", r"a\x85b\u2028c\u2029d"),
        ("\u061c\xad\u180e\u206f\ufff9\U000e0041", r"\u061c\xad\u180e\u206f\ufff9\U000e0041"),
        ("a\r\nb\tc\0", r"a\r\nb\tc\x00"),
        ("half \ud800", r"half \ud800"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_lines_can_be_kept() -> None:
    assert printable("one\r\ntwo\u2028three", keep="\n") == "one\\r\ntwo\\u2028three"
