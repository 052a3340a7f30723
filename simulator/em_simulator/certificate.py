"""A certificate as Enterprise Manager makes it for itself: self-signed, new for every server."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import ssl
import tempfile
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificate:
    """A self-signed certificate for this machine, or for a host of a name, with its key.

    It is valid for a year from when it `begins`, which is yesterday if nothing is said.
    """

    def __init__(self, host: str = "localhost", begins: dt.datetime | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Veeam Self-Signed Certificate")])
        begin = begins or dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        public = self._key.public_key()
        key_id = x509.SubjectKeyIdentifier.from_public_key(public)
        builder = x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=public,
            serial_number=x509.random_serial_number(),
            not_valid_before=begin,
            not_valid_after=begin + dt.timedelta(days=366),
        )
        for extension, critical in (
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (_KEY_USAGE, True),
            (x509.SubjectAlternativeName(_names(host)), False),
            (key_id, False),
            (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), False),
        ):
            builder = builder.add_extension(extension, critical)
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        """The certificate as PEM text."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in capitals with colons."""
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        return hashlib.sha256(der).digest().hex(":").upper()

    def context(self) -> ssl.SSLContext:
        """Return what a TLS server needs."""
        key = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "server.pem")
            file.touch(0o600)
            file.write_text(key + self.pem, encoding="ascii")
            context.load_cert_chain(file)
        return context


_KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _names(host: str) -> list[x509.GeneralName]:
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return [x509.DNSName(host), loopback]


class ServerCertificate(Protocol):
    """A certificate to serve with."""

    @property
    def pem(self) -> str:
        """The certificate as PEM text."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in capitals with colons."""

    def context(self) -> ssl.SSLContext:
        """Return what a TLS server needs."""
