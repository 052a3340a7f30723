"""What private state keeps, and what a plan carries on for a tainted mount."""

import json

import pytest

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.sessions.record import (
    MountSession,
    ReadSessions,
    carried_session,
)

URL = "https://em.example.com:9398/api"
HREF = "/vmRestorePoints/3f2504e0-4f89-41d3-9a0c-0305e82c3301/mounts/1"
ONE = MountSession(URL, LogonSession("one", "token of one"))
TWO = MountSession(URL, LogonSession("two", "token of two", borrowed=True))
UNTOLD = MountSession(URL, LogonSession(None, "token of somebody", borrowed=True))


def state(kept: MountSession) -> dict[str, str]:
    return {"session_fingerprint": kept.session.fingerprint, "href": HREF}


@pytest.mark.parametrize("kept", [ONE, TWO, UNTOLD, TWO._replace(imported=True)])
def test_a_session_survives_private_state(kept: MountSession) -> None:
    assert MountSession.from_private(kept.to_private()) == kept


@pytest.mark.parametrize("token", [None, 7, "", "a\nb", "a\r\nX-Header: b", "tökén"])
def test_a_token_that_no_request_could_carry_is_none(token: object) -> None:
    plain = json.loads(ONE.to_private()) | {"token": token}
    assert MountSession.from_private(json.dumps(plain).encode()) is None


@pytest.mark.parametrize("private", [b"", b"x", b"\xff", b"null", b"[]", b"7", b"{}", b'"text"'])
def test_private_state_of_another_form_is_none(private: bytes) -> None:
    assert MountSession.from_private(private) is None
    assert carried_session(private, state(ONE)) is None


def test_a_plan_carries_every_session_under_its_fingerprint() -> None:
    read = ReadSessions()
    for kept in (ONE, TWO):
        read.add(kept)
    private = read.to_private()
    assert carried_session(private, state(ONE)) == ONE
    assert carried_session(private, state(TWO)) == TWO
    assert carried_session(private, state(UNTOLD)) is None
    assert MountSession.from_private(private) is None


def test_a_plan_carries_nothing_when_nothing_was_read() -> None:
    assert ReadSessions().to_private() == b""
