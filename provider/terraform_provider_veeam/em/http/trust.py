"""TLS: which certificate is trusted, and what a person is told about one."""

import datetime as dt
import hashlib
import os
import socket
import ssl
import sys
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import certifi

from terraform_provider_veeam.em.errors import CertificateNotTrusted
from terraform_provider_veeam.em.http import proxies
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.masking import printable

# Where distributions keep the certificates of authorities, as Go looks for them.
_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
_MOST_NAMES = 10
_LONGEST_NAME = 100
_OTHER_NAME = (62, 64)  # OpenSSL's codes: of a host's name, of an address
_OUT_OF_DATE = (9, 10)
_PORT_OF_BACKUP_AND_REPLICATION = 9419
_NOT_THAT_PORT = (
    "Port 9419 is that of Veeam Backup & Replication's own REST API: Enterprise Manager's is "
    "9398. Check url (VEEAM_EM_URL).\n"
)
_COMMAND = (
    "could not be read; try: openssl s_client -connect {host} </dev/null | openssl x509 -noout "
    "-fingerprint -sha256"
)


class ProxyContext(ssl.SSLContext):
    """Trusts what the system trusts.

    Some versions of urllib3 ask of a proxy's certificate no more than of one that is pinned.
    """

    def __new__(cls) -> Self:
        """Make one for a client, which verifies."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self) -> None:
        _trust_system(self)

    @property
    def verify_mode(self) -> ssl.VerifyMode:
        """What is asked of a certificate: it is required, and verified."""
        return ssl.CERT_REQUIRED

    @verify_mode.setter
    def verify_mode(self, value: int) -> None:
        pass


def verification(settings: Settings) -> dict[str, Any]:
    """Return how a connection verifies the server; a pin counts before anything is sent."""
    if fingerprint := settings.certificate_fingerprint:
        return {"ssl_context": _context(settings), "assert_fingerprint": fingerprint}
    return {"ssl_context": _context(settings)}


def _context(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.certificate_fingerprint or settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.ca_certificate:
        _fix_strictness(context)
        context.load_verify_locations(cadata=settings.ca_certificate)
    else:
        _trust_system(context)
    return context


def _trust_system(context: ssl.SSLContext) -> None:
    _fix_strictness(context)
    context.load_default_certs()
    if not _default_store_exists():
        context.load_verify_locations(_system_store() or certifi.where())


def _fix_strictness(context: ssl.SSLContext) -> None:
    """Have every Python believe the same: `ssl.create_default_context` changes with its version.

    Any trusted certificate ends a chain; one without a key's identifier is taken, as by browsers.
    """
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_TRUSTED_FIRST
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT


def _default_store_exists() -> bool:
    """Tell whether OpenSSL finds the certificates of the system, or of SSL_CERT_FILE, by itself."""
    if sys.platform == "win32":
        return True  # Windows has no files
    paths = ssl.get_default_verify_paths()  # None for what does not exist
    return bool(paths.cafile) or any(Path(paths.capath or os.devnull).glob("*.0"))


def _system_store() -> str | None:
    """Return the file of the system's certificates; a package's OpenSSL looks elsewhere."""
    return next((place for place in _STORES if Path(place).is_file()), None)


def explain(settings: Settings, failure: BaseException, timeout: float) -> CertificateNotTrusted:
    """Return the error for a refused certificate; the server is asked to show it once more."""
    parts = urlsplit(settings.base_url)
    shown, about, fingerprint = _COMMAND.format(host=parts.netloc), "", None
    # Past a proxy it might be another certificate than the one that was refused.
    is_direct = proxies.proxy_for(settings.base_url) is None
    if is_direct and (found := fetch_certificate(settings.base_url, timeout)):
        shown = fingerprint = fingerprint_of(found)
        about = f"\n{describe_certificate(found)}".rstrip()
    port = _NOT_THAT_PORT if parts.port == _PORT_OF_BACKUP_AND_REPLICATION else ""
    if settings.certificate_fingerprint:
        return CertificateNotTrusted(
            "The certificate of Enterprise Manager has another fingerprint",
            f"{settings.base_url} does not show the certificate that {settings.pin_name} "
            f"names, so nothing was sent.{about}\nFingerprint of the certificate that it shows "
            f"(SHA-256):\n{shown}\n"
            f"{port}If the certificate was renewed, set {settings.pin_name} to this value, after "
            "comparing it on the server. If not, somebody may be in between.",
            fingerprint=fingerprint,
            about=about.strip(),
        )
    return CertificateNotTrusted(
        "The certificate of Enterprise Manager is not trusted",
        f"{settings.base_url} shows a certificate that can't be verified "
        f"({_reason(failure)}), so nothing was sent.{about}\nIts fingerprint (SHA-256):\n{shown}\n"
        f"{port}Compare it with the certificate on the server, then go on in one of these ways:\n"
        f"  {settings.pin_name}: this fingerprint\n"
        f"  {_other_way(settings, failure)}\n"
        "  insecure = true (VEEAM_EM_INSECURE): no check at all, for a test only\n"
        f"{settings.unread_variables}".rstrip(),
        fingerprint=fingerprint,
        about=about.strip(),
    )


def explain_proxy(failure: BaseException) -> CertificateNotTrusted:
    """Return the error for a proxy's certificate that was refused."""
    return CertificateNotTrusted(
        "The certificate of the proxy is not trusted",
        "The proxy of the environment (HTTPS_PROXY) shows a certificate that can't be verified "
        f"({_reason(failure)}), so nothing was sent, and no password of the proxy. The settings of "
        "certificates are about Enterprise Manager alone: put the authority that signed the "
        "proxy's into the system's store, or name a file with it in SSL_CERT_FILE. If Enterprise "
        "Manager is reached without the proxy, name its host in NO_PROXY.",
    )


def _other_way(settings: Settings, failure: BaseException) -> str:
    """Return what else helps, by what is wrong with the certificate."""
    code = getattr(failure, "verify_code", None)
    if code in _OTHER_NAME:
        return "url (VEEAM_EM_URL): with a name that the certificate is for"
    if code in _OUT_OF_DATE:
        return "on the server: a new certificate, or on one of both machines: the right time"
    if settings.ca_certificate:
        return (
            "ca_certificate (VEEAM_EM_CA_CERTIFICATE): what it holds did not sign this one; the "
            "authority that did, or this certificate itself"
        )
    return (
        "ca_certificate (VEEAM_EM_CA_CERTIFICATE): the authority that signed it, or this "
        "certificate itself, as PEM text or the path of a file"
    )


def _reason(failure: BaseException) -> str:
    return getattr(failure, "verify_message", "") or "certificate verify failed"


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
