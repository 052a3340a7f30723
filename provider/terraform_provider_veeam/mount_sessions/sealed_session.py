"""A mount's logon session, sealed for whoever has the same credentials.

Terraform carries it through states and plans to processes on other machines. See docs/adr/0012.
"""

from __future__ import annotations

import os
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.mount_sessions.record import SessionRecord

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "v1"
_SALT, _NONCE = 16, 12  # bytes
_COST, _BLOCK, _PARALLEL = 2**15, 8, 3  # of scrypt, as OWASP has it for 32 MiB
_deriving = threading.Lock()


def seal(record: SessionRecord, settings: Settings) -> str:
    """Return a session as text that tells nothing but its fingerprint."""
    salt, nonce = _own_salt(), os.urandom(_NONCE)
    head = f"{_VERSION}.{record.fingerprint}"
    sealed = _cipher(settings, salt).encrypt(nonce, record.to_bytes(), head.encode())
    return f"{head}.{urlsafe_b64encode(salt + nonce + sealed).decode()}"


def unseal(text: str, settings: Settings) -> SessionRecord | None:
    """Return the session that was sealed; None when it was with other credentials."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - few need it

    head, _, body = text.rpartition(".")
    whole = urlsafe_b64decode(body)
    salt, nonce = whole[:_SALT], whole[_SALT : _SALT + _NONCE]
    try:
        plain = _cipher(settings, salt).decrypt(nonce, whole[_SALT + _NONCE :], head.encode())
    except InvalidTag:
        return None
    return SessionRecord.from_bytes(plain)


def parse_sealed(text: str) -> str:
    """Return the text that `seal` returned. Raises ValueError, which does not quote it."""
    try:
        version, _, body = text.strip().split(".")
        if version == _VERSION and len(urlsafe_b64decode(body)) > _SALT + _NONCE:
            return text.strip()
    except ValueError:
        pass
    raise ValueError("It is no sealed session: write sealed_session of a veeam_mount_point.")


def fingerprint_of(text: str) -> str:
    """Return the fingerprint of the session in what `parse_sealed` returned."""
    return text.split(".")[1]


@cache
def _own_salt() -> bytes:
    """Return the salt of this process: its mounts can be opened again with one key."""
    return os.urandom(_SALT)


def _cipher(settings: Settings, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - few need it

    with _deriving:  # once for all threads
        return AESGCM(_key(settings.password or settings.session_token or "", salt))


@cache
def _key(secret: str, salt: bytes) -> bytes:
    from hashlib import scrypt  # noqa: PLC0415 - few need it

    memory = 2 * 128 * _COST * _BLOCK
    return scrypt(
        secret.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=memory, dklen=32
    )
