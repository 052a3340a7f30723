"""Which certificates are believed, each on a real TLS server."""

import datetime as dt
import hashlib
import ssl
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding

from em_simulator import ADMINISTRATOR, Simulator
from support.authorities import Certificate, issue
from support.tls_proxy import TlsProxy
from terraform_provider_veeam.config import resolve
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import CertificateNotTrusted, NotEnterpriseManager
from terraform_provider_veeam.em.http import trust
from terraform_provider_veeam.em.http.trust import describe_certificate
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.masking import hide

LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
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
    em = EnterpriseManager(resolve(block | trust, "test", {}))
    try:
        return em.sessions.browsing(
            Deadline(operation="The test", seconds=20, stop=threading.Event())
        )
    finally:
        em.close(1)


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
    assert "It is for 127.0.0.1, and expired at 2020-01-01T00:00:00Z; this machine" in error.detail


def test_one_for_another_host_is_refused(authority: trustme.CA) -> None:
    with Simulator(certificate=Issued(authority, "em.example.com")) as simulator:
        error = refused(simulator, ca_certificate=pem_of(authority))
    assert "127.0.0.1" in error.detail
    assert "It is for em.example.com, and is valid until" in error.detail


def test_one_that_is_not_valid_yet_is_refused_with_its_first_moment() -> None:
    early = issue("em", host="127.0.0.1", begins=LATER)
    with Simulator(certificate=early) as simulator:
        error = refused(simulator, ca_certificate=early.pem)
    said = "It is for 127.0.0.1, and is not valid before 2100-01-01T00:00:00Z; this machine's time"
    assert said in error.detail


def test_of_many_names_a_few_are_told() -> None:
    names = [f"em{number:02}.example.com" for number in range(12)]
    with Simulator(certificate=Issued(trustme.CA(), *names)) as simulator:
        error = refused(simulator)
    assert f"It is for {', '.join(names[:10])} and 2 more, and is valid until" in error.detail


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        (issue("\x1b[2Jem.example.com"), "It is for no host, and is valid until"),
        (
            issue("em", host="127.0.0.1", names=("em\x1b[2J.example",)),
            "It is for em\\x1b[2J.example, 1",
        ),
    ],
)
def test_what_a_certificate_says_does_not_reach_the_terminal_as_it_is(
    certificate: Certificate, said: str
) -> None:
    described = describe_certificate(certificate.certificate.public_bytes(Encoding.DER))
    assert described.startswith(said)
    assert "\x1b" not in described


def test_a_certificate_that_can_not_be_read_is_told_by_its_fingerprint_alone() -> None:
    assert describe_certificate(b"no certificate") == ""


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
        error = refused(
            simulator, ca_certificate=pem_of(authority), certificate_fingerprint="ab" * 32
        )
    assert "It is for 127.0.0.1, and is valid until" in error.detail, "was it renewed?"


@pytest.mark.parametrize("fingerprint", [None, "ab" * 32])
def test_the_port_of_another_api_is_told_however_the_certificate_is_trusted(
    fingerprint: str | None,
) -> None:
    for port, is_told in ((9419, True), (9398, False)):
        url = f"https://127.0.0.1:{port}/api"
        settings = Settings(base_url=url, certificate_fingerprint=fingerprint)
        told = trust.explain(settings, ssl.SSLError(), 0.1).detail
        port_at = told.find("\nPort 9419 is that of Veeam Backup & Replication's own REST API")
        assert (port_at >= 0) is is_told
        assert port_at < told.find(
            "VEEAM_EM_CERTIFICATE_FINGERPRINT): this"
            if fingerprint is None
            else "If the certificate was renewed"
        ), "before any trust"
        assert "\n\n" not in told


def test_a_variable_that_nobody_reads_is_told_where_a_certificate_is_not_trusted() -> None:
    settings = Settings(base_url="https://127.0.0.1/api", unread_variables="X is not read.")
    error = trust.explain(settings, ssl.SSLError(), 0.1)
    assert error.detail.endswith("\nX is not read.")


def test_insecure_takes_any(authority: trustme.CA) -> None:
    with Simulator(certificate=Issued(authority, "em.example.com", expires=EXPIRED)) as simulator:
        assert log_on(simulator, insecure=True)


def test_a_certificate_that_changes_between_two_requests_is_refused() -> None:
    def ask(em: EnterpriseManager) -> LogonSession:
        return em.sessions.browsing(Deadline(operation="x", seconds=20, stop=threading.Event()))

    with Simulator() as first:
        block = {
            "url": first.url,
            "username": ADMINISTRATOR.username,
            "password": ADMINISTRATOR.password,
            "certificate_fingerprint": first.fingerprint,
            "max_retries": 0,
        }
        em = EnterpriseManager(resolve(block, "test", {}))
        session = ask(em)
    port = int(first.url.rpartition(":")[2])
    with Simulator(port=port) as second:
        with pytest.raises(CertificateNotTrusted) as caught:
            em.mounts.touch(
                session,
                "/tasks",
                Deadline(operation="x", seconds=20, stop=threading.Event()),
            )
        assert second.fingerprint in caught.value.detail
        assert second.journal == []
    em.close(1)


def test_any_trusted_certificate_ends_a_chain_whichever_python_runs() -> None:
    root = issue("Root")
    issuing = issue("Issuing", root)
    leaf = issue("Server", issuing, host="127.0.0.1")
    with Simulator(certificate=leaf) as simulator:
        for anchor in (root, issuing, leaf):
            assert log_on(simulator, ca_certificate=anchor.pem)
    with Simulator(certificate=leaf) as simulator:
        refused(simulator, ca_certificate=issue("Issuing", issue("Root")).pem)


def test_an_authority_without_identifiers_of_its_keys_is_trusted_whichever_python_runs() -> None:
    root = issue("Root", strict=False)
    with Simulator(certificate=issue("Server", root, host="127.0.0.1", strict=False)) as simulator:
        assert log_on(simulator, ca_certificate=root.pem)


def test_how_strictly_is_verified_does_not_depend_on_the_python() -> None:
    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # as from 3.13 on
    trust._fix_strictness(context)
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_what_was_done_already_is_not_advised(authority: trustme.CA) -> None:
    with Simulator(certificate=Issued(trustme.CA(), "127.0.0.1")) as simulator:
        advice = refused(simulator, ca_certificate=pem_of(authority)).detail
    assert "what it holds did not sign this one" in advice
    with Simulator(certificate=Issued(authority, "em.example.com")) as simulator:
        advice = refused(simulator, ca_certificate=pem_of(authority)).detail
    assert "ca_certificate" not in advice
    assert "VEEAM_EM_URL" in advice
    with Simulator(certificate=Issued(authority, "127.0.0.1", expires=EXPIRED)) as simulator:
        advice = refused(simulator, ca_certificate=pem_of(authority)).detail
    assert "ca_certificate" not in advice
    assert "a new certificate" in advice


def test_the_keys_of_a_connection_are_written_nowhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with Simulator() as simulator:
        assert log_on(simulator, ca_certificate=simulator.certificate_pem)
        assert log_on(simulator, certificate_fingerprint=simulator.fingerprint)
    assert list(tmp_path.iterdir()) == []


PROXY_PASSWORD = "proxy-Canary#7"
NAME = "em.example.com:9398"  # only the proxy knows where that is
PINNED = ({"certificate_fingerprint": True}, {"insecure": True})


def through_proxy(
    monkeypatch: pytest.MonkeyPatch, simulator: Simulator, proxy: TlsProxy, scheme: str = "https"
) -> dict[str, object]:
    """Set the environment up for a proxy, and return what the provider block says then."""
    account = f"user:{quote(PROXY_PASSWORD)}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name.lower(), raising=False)
        monkeypatch.setenv(name, f"https://{account}@127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "")
    return {"url": f"{scheme}://{NAME}"}


def pinned(simulator: Simulator, way: dict[str, object]) -> dict[str, object]:
    return (
        {"certificate_fingerprint": simulator.fingerprint}
        if "certificate_fingerprint" in way
        else way
    )


def where(simulator: Simulator) -> tuple[str, int]:
    return "127.0.0.1", int(simulator.url.rpartition(":")[2])


@pytest.mark.parametrize("way", PINNED)
def test_a_proxy_that_nobody_knows_is_told_nothing_however_the_server_is_trusted(
    monkeypatch: pytest.MonkeyPatch, way: dict[str, object]
) -> None:
    stranger = issue("Proxy", issue("Nobody"), host="127.0.0.1")
    with Simulator() as simulator, TlsProxy(stranger, where(simulator)) as proxy:
        block = through_proxy(monkeypatch, simulator, proxy)
        with pytest.raises(CertificateNotTrusted) as caught:
            log_on(simulator, **block, **pinned(simulator, way))
        assert simulator.journal == []
    assert proxy.heard == []
    assert caught.value.summary == "The certificate of the proxy is not trusted"
    assert "SSL_CERT_FILE" in caught.value.detail
    assert "Canary" not in str(caught.value)


def test_a_proxy_that_nobody_knows_is_told_nothing_on_the_way_to_plain_http(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stranger = issue("Proxy", issue("Nobody"), host="127.0.0.1")
    with Simulator() as simulator, TlsProxy(stranger, where(simulator)) as proxy:
        block = through_proxy(monkeypatch, simulator, proxy, "http")
        with pytest.raises(CertificateNotTrusted, match="proxy"):
            log_on(simulator, **block, insecure=True)
    assert proxy.heard == []


@pytest.mark.parametrize("way", PINNED)
def test_a_proxy_that_the_system_trusts_leads_to_a_server_that_is_pinned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: dict[str, object]
) -> None:
    known = issue("Company")
    (tmp_path / "ca.pem").write_text(known.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    of_proxy = issue("Proxy", known, host="127.0.0.1")
    with Simulator() as simulator, TlsProxy(of_proxy, where(simulator)) as proxy:
        block = through_proxy(monkeypatch, simulator, proxy)
        assert log_on(simulator, **block, **pinned(simulator, way))
        assert simulator.journal != []
        if "certificate_fingerprint" in way:
            with pytest.raises(CertificateNotTrusted, match="another fingerprint"):
                log_on(simulator, **block, certificate_fingerprint="ab" * 32)
    assert proxy.heard[0].startswith(f"CONNECT {NAME}")
    assert "Proxy-Authorization: Basic" in proxy.heard[0]


def test_the_password_of_a_proxy_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://us:er@{quote(PROXY_PASSWORD)}@proxy.example:1")
    monkeypatch.setenv("https_proxy", f"http://user:{quote(PROXY_PASSWORD)}@proxy.example:1")
    block = {"url": f"https://{NAME}", "session_token": "x"}
    EnterpriseManager(resolve(block, "test", {}))
    assert hide(f"password {PROXY_PASSWORD}") == "password ***"


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:1", "http://:0"])
def test_no_proxy_is_asked_for_this_machine_itself(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """As Terraform does it, which otherwise reads the same variables."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("NO_PROXY", "")
    with Simulator() as simulator:
        assert log_on(simulator, certificate_fingerprint=simulator.fingerprint)


def test_an_answer_of_something_else_is_told_apart_from_a_wrong_password() -> None:
    with Simulator() as simulator:
        simulator.add_fault("html", "GET /", count=None)
        with pytest.raises(NotEnterpriseManager):
            log_on(simulator, certificate_fingerprint=simulator.fingerprint)
