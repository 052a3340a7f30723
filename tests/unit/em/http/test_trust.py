"""Which certificates are believed, each on a real TLS server."""

import datetime as dt
import hashlib
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from em_simulator import ADMINISTRATOR, Simulator
from terraform_provider_veeam.config import resolve
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import CertificateNotTrusted, NotEnterpriseManager
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import LogonSession

EXPIRED = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


class Issued:
    """A certificate of an authority made for the test, as the simulator takes one."""

    def __init__(
        self, authority: trustme.CA, *names: str, expires: dt.datetime | None = None
    ) -> None:
        self._leaf = authority.issue_cert(*names, not_after=expires)
        self.pem = self._leaf.cert_chain_pems[0].bytes().decode()
        der = ssl.PEM_cert_to_DER_cert(self.pem)
        self.fingerprint = hashlib.sha256(der).digest().hex(":").upper()

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._leaf.configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def log_on(simulator: Simulator, **trust: object) -> LogonSession:
    """Log on with the settings that a provider block with this trust leads to."""
    block = {
        "url": simulator.url,
        "username": ADMINISTRATOR.username,
        "password": ADMINISTRATOR.password,
        "max_retries": 0,
    }
    manager = EnterpriseManager(resolve(block | trust, "test", {}))
    try:
        return manager.session(Deadline(operation="The test", seconds=20, stop=threading.Event()))
    finally:
        manager.close(1)


def pem_of(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


@pytest.mark.parametrize("form", ["text", "path"])
def test_a_certificate_of_the_configured_authority_is_trusted(
    authority: trustme.CA, tmp_path: Path, form: str
) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(pem_of(authority))
    with Simulator(certificate=Issued(authority, "127.0.0.1")) as simulator:
        assert log_on(simulator, ca_certificate=str(file) if form == "path" else pem_of(authority))


def refused(simulator: Simulator, **trust: object) -> CertificateNotTrusted:
    with pytest.raises(CertificateNotTrusted) as caught:
        log_on(simulator, **trust)
    assert simulator.journal == []
    assert simulator.fingerprint in caught.value.detail
    return caught.value


def test_one_of_another_authority_is_refused(authority: trustme.CA) -> None:
    with Simulator(certificate=Issued(trustme.CA(), "127.0.0.1")) as simulator:
        refused(simulator, ca_certificate=pem_of(authority))


def test_an_expired_one_is_refused(authority: trustme.CA) -> None:
    expired = Issued(authority, "127.0.0.1", expires=EXPIRED)
    with Simulator(certificate=expired) as simulator:
        error = refused(simulator, ca_certificate=pem_of(authority))
    assert "expired" in error.detail


def test_one_for_another_host_is_refused(authority: trustme.CA) -> None:
    with Simulator(certificate=Issued(authority, "em.example.com")) as simulator:
        error = refused(simulator, ca_certificate=pem_of(authority))
    assert "127.0.0.1" in error.detail


def test_a_self_signed_one_is_refused_with_three_ways_to_go_on() -> None:
    with Simulator() as simulator:
        error = refused(simulator)
    for way in ("certificate_fingerprint", "ca_certificate", "insecure"):
        assert way in error.detail


def test_the_right_fingerprint_is_enough_whatever_else_is_wrong(authority: trustme.CA) -> None:
    wrong = Issued(authority, "em.example.com", expires=EXPIRED)
    for certificate in (None, wrong):
        with Simulator(certificate=certificate) as simulator:
            assert log_on(simulator, certificate_fingerprint=simulator.fingerprint)


def test_a_wrong_fingerprint_is_refused_even_for_a_trusted_certificate(
    authority: trustme.CA,
) -> None:
    with Simulator(certificate=Issued(authority, "127.0.0.1")) as simulator:
        refused(simulator, ca_certificate=pem_of(authority), certificate_fingerprint="ab" * 32)


def test_insecure_takes_any(authority: trustme.CA) -> None:
    with Simulator(certificate=Issued(authority, "em.example.com", expires=EXPIRED)) as simulator:
        assert log_on(simulator, insecure=True)


def test_a_certificate_that_changes_between_two_requests_is_refused() -> None:
    def ask(manager: EnterpriseManager) -> LogonSession:
        return manager.session(Deadline(operation="x", seconds=20, stop=threading.Event()))

    with Simulator() as first:
        block = {
            "url": first.url,
            "username": ADMINISTRATOR.username,
            "password": ADMINISTRATOR.password,
            "certificate_fingerprint": first.fingerprint,
            "max_retries": 0,
        }
        manager = EnterpriseManager(resolve(block, "test", {}))
        session = ask(manager)
    port = int(first.url.rpartition(":")[2])
    with Simulator(port=port) as second:
        with pytest.raises(CertificateNotTrusted) as caught:
            manager.touch(
                session,
                "/tasks",
                Deadline(operation="x", seconds=20, stop=threading.Event()),
            )
        assert second.fingerprint in caught.value.detail
        assert second.journal == []
    manager.close(1)


def test_an_answer_of_something_else_is_told_apart_from_a_wrong_password() -> None:
    with Simulator() as simulator:
        simulator.add_fault("html", "GET /", count=None)
        with pytest.raises(NotEnterpriseManager):
            log_on(simulator, certificate_fingerprint=simulator.fingerprint)
