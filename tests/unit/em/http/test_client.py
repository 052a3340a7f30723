"""Requests: what is tried again, what is not, and what a person is told."""

import ssl
import threading
from collections.abc import Callable

import pytest

from em_simulator import Family, Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
ENTITY = "GET /vmRestorePoints/.*"


@pytest.mark.parametrize(
    "fault", ["status", "reset-before", "reset-after", "cut-body", "garbage", "html"]
)
def test_a_passing_fault_of_a_read_is_tried_again(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    simulator.add_fault(fault, ENTITY, count=2)
    assert em.restore_points.get(restore_point, deadline()).name
    assert len([entry for entry in simulator.journal if entry.fault]) == 2


def test_the_pauses_grow_and_end_after_max_retries(
    simulator: Simulator,
    make_em: MakeEm,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    simulator.add_fault("status", ENTITY, count=None, code=503)
    with pytest.raises(errors.RequestFailed) as caught:
        make_em(max_retries=3).restore_points.get(restore_point, deadline())
    assert clock.waits == [0.5, 1.0, 2.0]
    assert "503" in caught.value.detail


def test_retry_after_is_honoured(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    simulator.add_fault("status", ENTITY, code=429, retry_after=17)
    em.restore_points.get(restore_point, deadline())
    assert clock.waits == [17.0]


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("seconds", [0, 1, -60])
def test_a_pause_is_never_shorter_than_without_retry_after(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
    seconds: int,
    as_date: bool,
) -> None:
    options = {"code": 503, "retry_after": seconds, "as_date": as_date}
    simulator.add_fault("status", ENTITY, count=3, **options)
    em.restore_points.get(restore_point, deadline())
    assert clock.waits == [max(seconds, 0.5), 1.0, 2.0]


@pytest.mark.parametrize("ahead", [-5400.0, 86400.0])
def test_a_date_to_retry_after_is_one_of_the_servers_own_clock(
    make_em: MakeEm, deadline: MakeDeadline, clock: FakeClock, ahead: float
) -> None:
    with Simulator(clock=clock, clock_ahead=ahead) as apart:
        pin = apart.fingerprint.replace(":", "").lower()
        em = make_em(base_url=f"{apart.url}/api", certificate_fingerprint=pin)
        restore_point = RestorePointRef(RestorePointType.VM, apart.restore_points(Family.VM)[0].id)
        apart.add_fault("status", ENTITY, code=503, retry_after=17, as_date=True)
        em.restore_points.get(restore_point, deadline())
    assert clock.waits == [17.0]


def test_a_pause_that_the_deadline_does_not_allow_is_not_begun(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    clock: FakeClock,
) -> None:
    simulator.add_fault("status", ENTITY, code=503, retry_after=3600)
    with pytest.raises(errors.RequestFailed):
        em.restore_points.get(restore_point, deadline(60))
    assert clock.waits == []


@pytest.mark.parametrize("code", [400, 403, 405, 501])
def test_a_fault_that_lasts_is_not_tried_again(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    code: int,
) -> None:
    simulator.add_fault("status", ENTITY, count=None, code=code)
    with pytest.raises(errors.RequestRefused) as caught:
        em.restore_points.get(restore_point, deadline())
    assert caught.value.status == code
    assert len([entry for entry in simulator.journal if entry.fault]) == 1


def test_a_stop_ends_a_pause(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    stop: threading.Event,
) -> None:
    em.sessions.browsing(deadline())
    stop.set()
    with pytest.raises(errors.Stopped):
        em.restore_points.get(restore_point, deadline())


def test_a_redirection_is_not_followed(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("redirect", ENTITY, location="https://evil.example/api/")
    with pytest.raises(errors.Redirected) as caught:
        em.restore_points.get(restore_point, deadline())
    assert "https://evil.example" in caught.value.detail


def test_an_enormous_body_is_not_read_to_its_end(
    simulator: Simulator,
    make_em: MakeEm,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    simulator.add_fault("huge-body", ENTITY, count=None, mebibytes=70)
    with pytest.raises(errors.UnexpectedAnswer, match="too large"):
        make_em(max_retries=0).restore_points.get(restore_point, deadline())


def test_the_user_agent_is_sent(
    simulator: Simulator, make_em: MakeEm, deadline: MakeDeadline
) -> None:
    make_em(user_agent="terraform-provider-veeam/1 (test)").sessions.browsing(deadline())
    agents = {entry.user_agent for entry in simulator.journal}
    assert agents == {"terraform-provider-veeam/1 (test)"}


def test_the_cookie_of_another_logon_is_never_sent(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    """A cookie would beat the header: with two sessions, requests would go to the wrong one."""
    mounted = em.mounts.create(restore_point, None, deadline())
    browsing = em.sessions.browsing(deadline())  # whose logon sets the cookie anew
    assert browsing.token != mounted.session.token
    em.mounts.get(mounted.session, restore_point, mounted.mount_point.href, deadline())
    assert simulator.journal[-1].session_id == mounted.session.session_id
    em.restore_points.get(restore_point, deadline())
    assert simulator.journal[-1].session_id == browsing.session_id


def test_a_certificate_authority_is_trusted_whatever_the_environment_says(
    simulator: Simulator,
    make_em: MakeEm,
    deadline: MakeDeadline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ssl.get_default_verify_paths().openssl_cafile)
    pem = simulator.certificate_pem
    em = make_em(certificate_fingerprint=None, ca_certificate=pem)
    assert em.sessions.browsing(deadline()).session_id
    em.close(1)


def test_another_certificate_than_the_pinned_one_is_refused_before_anything_is_sent(
    simulator: Simulator, make_em: MakeEm, deadline: MakeDeadline
) -> None:
    em = make_em(certificate_fingerprint="0" * 64)
    with pytest.raises(errors.CertificateNotTrusted) as caught:
        em.sessions.browsing(deadline())
    assert simulator.fingerprint in caught.value.detail
    assert simulator.journal == []


def test_an_untrusted_certificate_is_refused_even_if_the_environment_trusts_it(
    simulator: Simulator,
    make_em: MakeEm,
    deadline: MakeDeadline,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bundle = tmp_path_factory.mktemp("ca") / "ca.pem"
    bundle.write_text(simulator.certificate_pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(errors.CertificateNotTrusted) as caught:
        make_em(certificate_fingerprint=None).sessions.browsing(deadline())
    assert simulator.fingerprint in caught.value.detail


def test_the_password_is_sent_once_only_when_it_is_wrong(
    simulator: Simulator, make_em: MakeEm, deadline: MakeDeadline
) -> None:
    em = make_em(password="wrong")
    for _ in range(3):
        with pytest.raises(errors.LogonRefused):
            em.sessions.browsing(deadline())
    assert len([e for e in simulator.journal if e.path == "/sessionMngr/"]) == 1
