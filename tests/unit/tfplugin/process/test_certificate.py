"""The certificate of one start, as a parser and a TLS client of others see it."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from tfplugin.process.certificate import make_certificate, pem

if TYPE_CHECKING:
    from pathlib import Path


def test_the_certificate_is_its_own_authority_for_localhost() -> None:
    _, der = make_certificate()
    parsed = x509.load_der_x509_certificate(der)
    parsed.verify_directly_issued_by(parsed)
    assert parsed.version == x509.Version.v3

    extensions = parsed.extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value.ca
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_cert_sign
    assert not usage.crl_sign
    extended = extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    assert extended == x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    )


def test_it_is_valid_from_before_now_for_the_longest_command() -> None:
    _, der = make_certificate()
    parsed = x509.load_der_x509_certificate(der)
    now = dt.datetime.now(dt.UTC)
    assert parsed.not_valid_before_utc < now - dt.timedelta(hours=1)
    assert parsed.not_valid_after_utc > now + dt.timedelta(days=300)


def test_the_key_is_a_new_p256_key_at_every_start() -> None:
    (key, der), (other_key, other_der) = make_certificate(), make_certificate()
    assert key != other_key
    parsed = x509.load_der_x509_certificate(der)
    other = x509.load_der_x509_certificate(other_der)
    assert parsed.serial_number != other.serial_number

    private = load_pem_private_key(key, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert isinstance(private.curve, ec.SECP256R1)
    assert private.public_key() == parsed.public_key()


def test_openssl_accepts_it_in_a_handshake_that_trusts_nothing_else(tmp_path: Path) -> None:
    key, der = make_certificate()
    certificate = pem("CERTIFICATE", der)
    (tmp_path / "key").write_bytes(key)
    (tmp_path / "certificate").write_bytes(certificate)
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    of_client = ssl.create_default_context(cadata=certificate.decode())

    here, there = socket.socketpair()

    def answer() -> None:
        with of_server.wrap_socket(there, server_side=True) as connection:
            connection.sendall(b"hello")

    server = threading.Thread(target=answer)
    server.start()
    with of_client.wrap_socket(here, server_hostname="localhost") as connection:
        assert connection.recv(5) == b"hello"
    server.join()


def test_random_numbers_of_every_length_are_encoded_well() -> None:
    for _ in range(200):
        _, der = make_certificate()
        parsed = x509.load_der_x509_certificate(der)
        parsed.verify_directly_issued_by(parsed)
