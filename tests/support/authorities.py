"""Certificate authorities as companies have them: in two steps, and not by the book."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Certificate:
    """A certificate and its key; what it signs is served together with `chain`."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[Certificate, ...] = ()

    @property
    def is_root(self) -> bool:
        return self.certificate.issuer == self.certificate.subject

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(SHA256()).hex(":").upper()

    def context(self) -> ssl.SSLContext:
        """Return how a server shows it, with what it was signed by but the root."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        key = self.key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        ).decode()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "chain.pem")
            file.write_text(key + self.pem + "".join(one.pem for one in self.chain))
            context.load_cert_chain(file)
        return context


def issue(
    name: str,
    issuer: Certificate | None = None,
    *,
    host: str | None = None,
    names: Sequence[str] = (),
    begins: dt.datetime | None = None,
    strict: bool = True,
) -> Certificate:
    """Return a certificate: of a host, or else of an authority; of itself without an issuer.

    Without `strict` it lacks what RFC 5280 demands and old tools leave out: the keys' identifiers.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begin = begins or dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=strict)
    )
    if strict:
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        ).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    if host:
        builder = builder.add_extension(
            x509.SubjectAlternativeName(
                [*map(x509.DNSName, names), x509.IPAddress(ipaddress.ip_address(host))]
            ),
            critical=False,
        )
    chain = (issuer, *issuer.chain) if issuer and not issuer.is_root else ()
    return Certificate(builder.sign(signer, SHA256()), key, chain)
