"""What people get to read: no secret in any form, nothing that a terminal obeys."""

import json
import sys
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest

from terraform_provider_veeam.em.http.decoders import clean
from terraform_provider_veeam.masking import Secrets, printable


def test_of_two_that_begin_alike_the_longer_is_hidden_whole() -> None:
    secrets = Secrets()
    secrets.add("pass")
    secrets.add("password")
    assert secrets.hide("password pass passport") == "*** *** ***port"


def test_the_end_and_the_beginning_of_a_text_are_hidden_too() -> None:
    secrets = Secrets()
    secrets.add("token")
    assert secrets.hide("token and token") == "*** and ***"
    assert secrets.hide("tok") == "tok"
    assert secrets.hide("") == ""


def test_a_token_made_from_an_id_is_hidden_with_the_id() -> None:
    secrets, session_id = Secrets(), str(uuid.uuid4())
    secrets.add(session_id)
    token = b64encode(session_id.encode()).decode()
    assert secrets.hide(f"GET /logonSessions/{session_id} with {token}") == (
        "GET /logonSessions/*** with ***"
    )


def test_what_is_too_short_is_left() -> None:
    secrets = Secrets()
    secrets.add("abc")
    assert secrets.hide("abc") == "abc"


def test_thousands_are_hidden() -> None:
    secrets, ids = Secrets(), [str(uuid.UUID(int=number << 64)) for number in range(2000)]
    for session_id in ids:
        secrets.add(session_id)
        secrets.add(session_id)
    assert secrets.hide(" ".join(ids)) == " ".join(["***"] * len(ids))


def test_of_secrets_added_at_once_none_is_lost() -> None:
    """They begin alike, so each replaces what the others have written."""
    secrets, names = Secrets(), [f"same-start-{number}" for number in range(200)]
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(secrets.add, names))
    finally:
        sys.setswitchinterval(switch)
    assert secrets.hide(" ".join(names)) == " ".join(["***"] * len(names))


AWKWARD = "Som\x07mer\\24 \"ä+<'&/${x}%{y}\n#"


def hcl(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return escaped.replace("${", "$${").replace("%{", "%%{")


FORMS: dict[str, Callable[[str], str]] = {
    "json": lambda s: json.dumps(s)[1:-1],
    "json with slashes": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "json of .NET": lambda s: "".join(f"\\u{ord(c):04X}" if c in "\"<'&+\x07" else c for c in s),
    "percent": lambda s: quote(s, safe=""),
    "percent in small letters": lambda s: quote(s.encode()).replace("%C3%A4", "%c3%a4"),
    "form": quote_plus,
    "xml": lambda s: escape(s, {'"': "&quot;", "'": "&apos;", "\x07": "&#x7;"}),
    "html": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "hcl": hcl,
    "python": lambda s: repr(s)[1:-1],
}


@pytest.mark.parametrize("inner", FORMS)
def test_a_secret_is_hidden_in_every_form_and_every_form_of_that(inner: str) -> None:
    secrets = Secrets()
    secrets.add(AWKWARD)
    written = FORMS[inner](AWKWARD)
    assert secrets.hide(f"before {written} after") == "before *** after"
    for outer, write in FORMS.items():
        assert "mer" not in secrets.hide(write(f"x {written} y")), outer


def test_a_secret_is_hidden_when_it_was_cleaned_before() -> None:
    secrets = Secrets()
    secrets.add(AWKWARD)
    assert secrets.hide(f"It is {clean(AWKWARD)}, no?") == "It is ***, no?"


@pytest.mark.parametrize("before", ["", "u:", "DOMAIN\\user:", "x", "\x00é"])
def test_a_secret_is_hidden_within_the_base64_of_more(before: str) -> None:
    secrets, password = Secrets(), "Sommer24#?>~"
    secrets.add(password)
    for encode in (b64encode, urlsafe_b64encode):
        whole = encode(f"{before}{password}\n".encode()).decode()
        hidden = secrets.hide(f"Basic {whole}")
        assert "***" in hidden
        # No more than the letters at the edges, which neighbours have a share in.
        assert len(hidden) - len("Basic ***") <= len(encode(f"{before}\n".encode())) + 2


def test_what_only_looks_like_an_escape_hides_nothing_else() -> None:
    secrets = Secrets()
    secrets.add("Sommer24")
    for text in ("C:\\new %zz &nosuch; \\u12 %", "a\\", "late stop", "$${x} %%{y}", "\\ud800"):
        assert secrets.hide(text) == text


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
