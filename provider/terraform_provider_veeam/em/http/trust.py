"""TLS: which certificate is believed, and what a person is told about one that is not."""

from __future__ import annotations

import contextlib
import hashlib
import os
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import certifi
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from terraform_provider_veeam.em.errors import CertificateNotTrusted
from terraform_provider_veeam.em.http.connection import POOLS

if TYPE_CHECKING:
    from requests import PreparedRequest

    from terraform_provider_veeam.em.settings import Settings

# Where distributions keep the certificates of authorities, as Go looks for them.
_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
POOL_SIZE = 64  # connections kept open: as many calls come at once


class TrustingAdapter(HTTPAdapter):
    """Connections that trust what the settings say, whatever the environment says.

    `requests` itself would let REQUESTS_CA_BUNDLE beat `Session.verify`.
    """

    def __init__(self, settings: Settings) -> None:
        self._tls: dict[str, Any] = {"ssl_context": _context(settings)}
        if settings.certificate_fingerprint:
            # Compared right after the handshake, before anything is sent.
            self._tls["assert_fingerprint"] = settings.certificate_fingerprint
        elif settings.insecure:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        super().__init__(pool_maxsize=POOL_SIZE)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002 - as requests calls it
        **kwargs: Any,
    ) -> None:
        """Make the pool of direct connections."""
        super().init_poolmanager(connections, maxsize, block, **kwargs, **self._tls)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pool of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs, **self._tls)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Return where to connect to, without any say of the request about certificates."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"cert_reqs": self._tls["ssl_context"].verify_mode}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the connection as it is."""


def _context(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=settings.ca_certificate)
    if settings.certificate_fingerprint or settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not settings.ca_certificate and not _default_store_exists():
        context.load_verify_locations(_system_store() or certifi.where())
    return context


def _default_store_exists() -> bool:
    """Tell whether OpenSSL finds the certificates of the system, or of SSL_CERT_FILE, by itself."""
    if sys.platform == "win32":
        return True  # Windows has no files
    paths = ssl.get_default_verify_paths()  # None for what does not exist
    return bool(paths.cafile) or any(Path(paths.capath or os.devnull).glob("*.0"))


def _system_store() -> str | None:
    """Return the file of the system's certificates; None when there is none.

    A package brings its own OpenSSL, which knows the place of the system it was built on only.
    """
    return next((place for place in _STORES if Path(place).is_file()), None)


def explain(settings: Settings, failure: BaseException, timeout: float) -> CertificateNotTrusted:
    """Return the error for a certificate that was refused, with its fingerprint.

    Asks the server for its certificate once more, and sends nothing else.
    """
    parts = urlsplit(settings.base_url)
    fingerprint = None
    # Past a proxy it might be another certificate than the one that was refused.
    with contextlib.suppress(OSError, ValueError):
        if get_environ_proxies(settings.base_url, no_proxy=None):
            raise ValueError("a proxy is in between")
        pem = ssl.get_server_certificate((parts.hostname or "", parts.port or 443), timeout=timeout)
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
        fingerprint = ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
    shown = fingerprint or (
        "could not be read; try: openssl s_client -connect "
        f"{parts.netloc} </dev/null | openssl x509 -noout -fingerprint -sha256"
    )
    if settings.certificate_fingerprint:
        return CertificateNotTrusted(
            "The certificate of Enterprise Manager has another fingerprint",
            f"{settings.base_url} does not show the certificate that certificate_fingerprint "
            f"names, so nothing was sent.\nFingerprint of the certificate it shows (SHA-256):\n"
            f"{shown}\nIf the certificate was renewed, set certificate_fingerprint to this value, "
            "after comparing it on the server. If not, somebody may be in between.",
        )
    return CertificateNotTrusted(
        "The certificate of Enterprise Manager is not trusted",
        f"{settings.base_url} shows a certificate that can't be verified "
        f"({_reason(failure)}), so nothing was sent.\nIts fingerprint (SHA-256):\n{shown}\n"
        "Compare it with the certificate on the server, then go on in one of three ways, in the "
        "provider block or by environment variable:\n"
        "  certificate_fingerprint (VEEAM_EM_CERTIFICATE_FINGERPRINT): this fingerprint\n"
        "  ca_certificate (VEEAM_EM_CA_CERTIFICATE): the authority that signed it, as PEM text or "
        "the path of a file\n"
        "  insecure = true (VEEAM_EM_INSECURE): no check at all, for a test only",
    )


def _reason(failure: BaseException) -> str:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return failure.verify_message or "certificate verify failed"
    return "certificate verify failed"
