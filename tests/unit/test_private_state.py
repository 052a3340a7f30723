"""What private state keeps, and what a plan carries on for a tainted mount."""

import json

import pytest

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.private_state import (
    MountSession,
    ReadSessions,
    carried_session,
)

URL = "https://em.example.com:9398/api"
HREF = "/vmRestorePoints/3f2504e0-4f89-41d3-9a0c-0305e82c3301/mounts/1"
ONE = MountSession(URL, LogonSession("one", "token of one"))
TWO = MountSession(URL, LogonSession("two", "token of two", borrowed=True))
UNTOLD = MountSession(URL, LogonSession(None, "token of somebody", borrowed=True))


def state(session_id: str | None, href: str = HREF) -> dict[str, str | None]:
    return {"session_id": session_id, "href": href}


@pytest.mark.parametrize("kept", [ONE, TWO, UNTOLD])
def test_a_session_survives_private_state(kept: MountSession) -> None:
    assert MountSession.from_private(kept.to_private()) == kept


@pytest.mark.parametrize("token", [None, 7, "", "a\nb", "a\r\nX-Header: b", "tökén"])
def test_a_token_that_no_request_could_carry_is_none(token: object) -> None:
    plain = json.loads(ONE.to_private()) | {"token": token}
    assert MountSession.from_private(json.dumps(plain).encode()) is None


@pytest.mark.parametrize("private", [b"", b"x", b"\xff", b"null", b"[]", b"7", b"{}", b'"text"'])
def test_private_state_of_another_form_is_none(private: bytes) -> None:
    assert MountSession.from_private(private) is None
    assert carried_session(private, state("one")) is None


def test_a_plan_carries_every_session_under_its_id() -> None:
    read = ReadSessions()
    read.add(state("one"), ONE)
    read.add(state("one", HREF.replace("/1", "/2")), ONE)
    read.add(state("two"), TWO)
    private = read.to_private()
    assert carried_session(private, state("one")) == ONE
    assert carried_session(private, state("two")) == TWO
    assert carried_session(private, state("three")) is None
    assert MountSession.from_private(private) is None


def test_a_session_of_no_known_id_is_carried_under_the_path_of_its_mount() -> None:
    read = ReadSessions()
    read.add(state(None), UNTOLD)
    assert carried_session(read.to_private(), state(None)) == UNTOLD
    assert carried_session(read.to_private(), state(None, HREF.replace("/1", "/2"))) is None


def test_which_of_two_sessions_is_meant_is_not_guessed() -> None:
    read = ReadSessions()
    read.add(state(None), UNTOLD)
    read.add(state(None), MountSession(URL, LogonSession(None, "another token")))
    read.add(state(None), UNTOLD)
    assert carried_session(read.to_private(), state(None)) is None


def test_a_plan_carries_nothing_when_nothing_was_read() -> None:
    assert ReadSessions().to_private() == b""
