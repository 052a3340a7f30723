"""What a person is told of the certificate that a server shows."""

from __future__ import annotations

import datetime as dt
import hashlib
import socket
import ssl
from urllib.parse import urlsplit

from terraform_provider_veeam.masking import printable

_MOST_NAMES = 10
_LONGEST_NAME = 100


def fetch_certificate(url: str, timeout: float) -> bytes | None:
    """Return the certificate that a server shows, as DER; None when it shows none in TLS."""
    try:
        return shake_hands(url, timeout)[1]
    except (OSError, ValueError):
        return None


def shake_hands(url: str, timeout: float) -> tuple[str, bytes]:
    """Return which TLS a server speaks, and its certificate. Raises OSError, ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, port = _place(url)
    with (
        socket.create_connection((host, port), timeout) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        return connection.version() or "TLS", connection.getpeercert(binary_form=True) or b""


def speaks_plain_http(url: str, timeout: float) -> bool:
    """Tell whether a server answers in HTTP to what is not encrypted."""
    host, port = _place(url)
    asked = f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(asked.encode())
            return connection.recv(5) == b"HTTP/"
    except (OSError, ValueError):
        return False


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 443


def fingerprint_of(certificate: bytes) -> str:
    """Return its SHA-256 fingerprint, as common tools print it."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def describe_certificate(certificate: bytes) -> str:
    """Return a sentence about whom a certificate is for, and until when; empty for a broken one."""
    try:
        names, begin, end = _read(certificate)
    except Exception:  # noqa: BLE001 - a certificate that is refused may have anything in it
        return ""
    now = dt.datetime.now(dt.UTC)
    if begin <= now <= end:
        when = f"is valid until {_written(end)}"
    else:
        wrong = "is not valid before" if now < begin else "expired at"
        bound = begin if now < begin else end
        when = f"{wrong} {_written(bound)}; this machine's time is {_written(now)}"
    shown = [printable(name[:_LONGEST_NAME]) for name in names[:_MOST_NAMES]]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"It is for {', '.join(shown) or 'no host'}{more}, and {when}."


def _read(certificate: bytes) -> tuple[list[str], dt.datetime, dt.datetime]:
    """Return the hosts that a certificate names, and from when to when it is valid."""
    from cryptography import x509  # noqa: PLC0415 - only for an error

    read = x509.load_der_x509_certificate(certificate)
    try:
        named = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = []  # a common name alone does not count
    else:
        addresses = map(str, named.get_values_for_type(x509.IPAddress))
        names = [*named.get_values_for_type(x509.DNSName), *addresses]
    return names, read.not_valid_before_utc, read.not_valid_after_utc


def _written(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
