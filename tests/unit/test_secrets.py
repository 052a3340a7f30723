"""Hiding secrets: in every form, the longest first, and as quickly with many as with few."""

import sys
import uuid
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

from terraform_provider_veeam.secrets import Secrets


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
    secrets, ids = Secrets(), [str(uuid.UUID(int=number << 64)) for number in range(3000)]
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
