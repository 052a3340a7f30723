"""The server's certificate, new at every start: self-signed, its key only in memory.

`cryptography.x509` would cost Terraform's user 50 ms at every start, `ec` alone costs 8; so the few
structures of a certificate (RFC 5280) and its key (RFC 5915) are encoded here.
"""

import os
import time
from base64 import encodebytes

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

HOST = "localhost"

_VALID_BEFORE_SECONDS = 24 * 3600
_VALID_AFTER_SECONDS = 365 * 24 * 3600

# DER: tags, and values that never change.
_BOOLEAN, _INTEGER, _BITS, _OCTETS, _OID, _UTF8, _TIME = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0C, 0x17
_SEQUENCE, _SET = 0x30, 0x31
_LONG_FORM = 0x80
_PRIME256V1 = bytes.fromhex("06082a8648ce3d030107")
_EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
_ECDSA_WITH_SHA256 = bytes.fromhex("06082a8648ce3d040302")
_COMMON_NAME = bytes.fromhex("0603550403")
_KEY_USAGE, _ALTERNATIVE_NAME, _BASIC_CONSTRAINTS, _EXTENDED_KEY_USAGE = (
    bytes.fromhex(f"0603551d{last}") for last in ("0f", "11", "13", "25")
)
_SERVER_AUTH, _CLIENT_AUTH = (bytes.fromhex(f"06082b060105050703{last}") for last in ("01", "02"))
_SIGNATURE_AND_CERT_SIGN = bytes.fromhex("03020284")  # bits 0 and 5 of 6
_TRUE = b"\x01\x01\xff"


class _EcdsaWithSha256(ec.ECDSA):
    """How it is signed. `ec.ECDSA` loads every cipher there is before it refuses an option."""

    algorithm = SHA256()
    deterministic_signing = False

    def __init__(self) -> None:
        """Take no option."""


def make_certificate() -> tuple[bytes, bytes]:
    """Return the private key as PEM and the certificate, its own authority, as DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_numbers()
    numbers = private.public_numbers
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    signed = _to_be_signed(point)
    signature = key.sign(signed, _EcdsaWithSha256())
    certificate = _der(
        _SEQUENCE, signed, _der(_SEQUENCE, _ECDSA_WITH_SHA256), _der(_BITS, b"\0", signature)
    )
    private_key = _der(
        _SEQUENCE,
        _der(_INTEGER, b"\1"),
        _der(_OCTETS, private.private_value.to_bytes(32, "big")),
        _der(0xA0, _PRIME256V1),
        _der(0xA1, _der(_BITS, b"\0", point)),
    )
    return pem("EC PRIVATE KEY", private_key), certificate


def pem(label: str, der: bytes) -> bytes:
    """Return DER as PEM."""
    return f"-----BEGIN {label}-----\n{encodebytes(der).decode()}-----END {label}-----\n".encode()


def _to_be_signed(point: bytes) -> bytes:
    now = time.time()
    name = _der(_SEQUENCE, _der(_SET, _der(_SEQUENCE, _COMMON_NAME, _der(_UTF8, HOST.encode()))))
    extensions = _der(
        _SEQUENCE,
        _extension(_BASIC_CONSTRAINTS, _der(_SEQUENCE, _TRUE)),
        _extension(_KEY_USAGE, _SIGNATURE_AND_CERT_SIGN),
        _extension(
            _EXTENDED_KEY_USAGE, _der(_SEQUENCE, _SERVER_AUTH, _CLIENT_AUTH), critical=False
        ),
        _extension(_ALTERNATIVE_NAME, _der(_SEQUENCE, _der(0x82, HOST.encode())), critical=False),
    )
    return _der(
        _SEQUENCE,
        _der(0xA0, _der(_INTEGER, b"\2")),  # version 3
        _der(_INTEGER, b"\1" + os.urandom(15)),
        _der(_SEQUENCE, _ECDSA_WITH_SHA256),
        name,
        _der(_SEQUENCE, _moment(now - _VALID_BEFORE_SECONDS), _moment(now + _VALID_AFTER_SECONDS)),
        name,
        _der(_SEQUENCE, _der(_SEQUENCE, _EC_PUBLIC_KEY, _PRIME256V1), _der(_BITS, b"\0", point)),
        _der(0xA3, extensions),
    )


def _extension(oid: bytes, value: bytes, *, critical: bool = True) -> bytes:
    return _der(_SEQUENCE, oid, _TRUE if critical else b"", _der(_OCTETS, value))


def _moment(seconds: float) -> bytes:
    return _der(_TIME, time.strftime("%y%m%d%H%M%SZ", time.gmtime(seconds)).encode())


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, _LONG_FORM | size)) + length.to_bytes(size, "big") + content
