"""The one serialised form of a mount's session."""

import json

import pytest

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.mount_sessions.record import SessionRecord

URL = "https://em.example.com:9398/api"
HREF = "/vmRestorePoints/3f2504e0-4f89-41d3-9a0c-0305e82c3301/mounts/1"
ONE = SessionRecord(URL, LogonSession("one", "token of one"), HREF)
UNTOLD = SessionRecord(URL, LogonSession(None, "token of two", borrowed=True), HREF, imported=True)


@pytest.mark.parametrize("record", [ONE, UNTOLD])
def test_a_record_survives(record: SessionRecord) -> None:
    assert SessionRecord.from_bytes(record.to_bytes()) == record


@pytest.mark.parametrize("token", [None, 7, "", "a\nb", "a\r\nX-Header: b", "tökén"])
def test_a_token_that_no_request_could_carry_is_none(token: object) -> None:
    plain = json.loads(ONE.to_bytes()) | {"token": token}
    assert SessionRecord.from_bytes(json.dumps(plain).encode()) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_url", None),
        ("api_url", ["https://em.example.com:9398/api"]),
        ("api_url", "https://\udcff.example.com/api"),
        ("session_id", 7),
        ("session_id", ["one"]),
        ("session_id", "\ud800"),
        ("session_id", "one\r\nX-Header: b"),
        ("borrowed", "no"),
        ("borrowed", None),
        ("href", None),
        ("href", {}),
        ("href", "/vmRestorePoints/\udc80/mounts/1"),
        ("imported", 1),
        ("imported", []),
    ],
)
def test_a_record_that_holds_something_else_is_none(name: str, value: object) -> None:
    plain = json.loads(ONE.to_bytes())
    assert SessionRecord.from_bytes(json.dumps(plain | {name: value}).encode()) is None
    del plain[name]
    assert SessionRecord.from_bytes(json.dumps(plain).encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        b"", b"x", b"\xff", b"null", b"[]", b"7", b"{}", b'"text"',
        b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe{", b'{"token": NaN}',
    ],
)  # fmt: skip
def test_what_is_no_record_is_none(text: bytes) -> None:
    assert SessionRecord.from_bytes(text) is None
