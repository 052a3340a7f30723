"""A sealed session: opened with the same credentials, and with no others."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.mount_sessions import sealed_session as module
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.mount_sessions.sealed_session import (
    fingerprint_of,
    parse_sealed,
    seal,
    unseal,
)

URL = "https://em.example.com:9398/api"
PASSWORD = "Canary#7"
RECORD = SessionRecord(URL, LogonSession("one", "token-of-one"), "/vmRestorePoints/x/mounts/1")


@pytest.fixture(autouse=True)
def derived(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The secrets that keys were derived from, at little cost."""
    secrets: list[bytes] = []

    def scrypt(secret: bytes, **rest: Any) -> bytes:
        secrets.append(secret)
        return real(secret, **rest | {"n": 2})

    import hashlib  # noqa: PLC0415 - patched here

    real = hashlib.scrypt
    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    module._key.cache_clear()
    return secrets


def settings(password: str | None = PASSWORD, **rest: Any) -> Settings:
    return Settings(base_url=URL, username="someone", password=password, **rest)


def test_a_session_is_opened_with_the_same_password_alone() -> None:
    text = seal(RECORD, settings())
    assert parse_sealed(f"{text}\n") == text
    assert fingerprint_of(text) == RECORD.fingerprint
    assert unseal(text, settings()) == RECORD
    assert unseal(text, settings("Canary#8")) is None
    for secret in ("token-of-one", PASSWORD, RECORD.href):
        assert secret not in text


def test_where_there_is_no_password_the_session_token_is_the_key() -> None:
    borrowed = settings(None, session_token="abc")
    text = seal(RECORD, borrowed)
    assert unseal(text, borrowed) == RECORD
    assert unseal(text, settings(None, session_token="abd")) is None


def test_no_two_seals_are_alike_and_one_key_is_derived_for_all(derived: list[bytes]) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: seal(RECORD, settings()), range(8)))
    assert len(set(texts)) == len(texts)
    assert {unseal(text, settings()) for text in texts} == {RECORD}
    assert len(derived) == 1


def test_a_changed_seal_is_not_opened() -> None:
    text = seal(RECORD, settings())
    other = text.replace(RECORD.fingerprint, "0123456789abcdef")
    shortened = text[:-8]
    for changed in (other, shortened):
        assert unseal(parse_sealed(changed), settings()) is None


@pytest.mark.parametrize("text", ["", "v1", "v1.a.b", "v2.a." + "A" * 80, "v1.a.é", "token-of-one"])
def test_what_is_no_seal_is_refused_without_a_quote(text: str) -> None:
    with pytest.raises(ValueError, match="It is no sealed session") as caught:
        parse_sealed(text)
    assert not text or text not in str(caught.value)
