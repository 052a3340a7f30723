"""Logging on: how often, who may not, and what the sessions are for."""

import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from em_simulator import ADMINISTRATOR, Simulator
from support.raw_server import ROOT, RawServer, answer
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import RestorePointRef
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.masking import hide

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
COUNT = 20


def logons(simulator: Simulator) -> int:
    return len([e for e in simulator.journal if e.path == "/sessionMngr/"])


def bound() -> Deadline:
    return Deadline("The test", 60, stop=threading.Event())


@pytest.fixture
def real(simulator: Simulator, settings: Settings) -> Iterator[Callable[..., EnterpriseManager]]:
    """Managers on the computer's own clock: threads that wait can't share one that is held."""
    made = []

    def make(**changes: object) -> EnterpriseManager:
        made.append(EnterpriseManager(Settings(**{**fields(settings), **changes})))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for em in made:
        em.close(1)


def fields(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__slots__}


def test_a_wrong_password_is_tried_once_however_many_ask(
    simulator: Simulator, real: Callable[..., EnterpriseManager], restore_point: RestorePointRef
) -> None:
    em = real(password="wrong")

    def refused(number: int) -> bool:
        ask: Callable[[], object] = (
            (lambda: em.mounts.create(restore_point, None, bound()))
            if number % 2
            else (lambda: em.restore_points.get(restore_point, bound()))
        )
        with pytest.raises(errors.LogonRefused):
            ask()
        return True

    with ThreadPoolExecutor(COUNT) as threads:
        assert all(threads.map(refused, range(COUNT)))
    assert logons(simulator) == 1


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"password": '"Passw0rd"'}, "The password is in quotation marks"),
        ({"password": "'Passw0rd'"}, "Unless they belong to it, set it without them."),
        ({"username": r"EXAMPLE\\backup"}, r"two backslashes in a row, where DOMAIN\user has one"),
        ({"password": 'Passw"rd', "username": r"EXAMPLE\backup"}, None),
    ],
)
def test_a_refused_logon_names_what_is_odd_in_what_was_written(
    make_em: MakeEm, deadline: MakeDeadline, written: dict[str, str], says: str | None
) -> None:
    with pytest.raises(errors.LogonRefused) as caught:
        make_em(**written).sessions.browsing(deadline())
    told = caught.value.detail
    assert "Passw" not in told
    if says is None:
        assert "quotation" not in told
        assert "in a row" not in told
    else:
        assert says in told


def test_each_mount_logs_on_for_itself_and_looking_up_once_for_all(
    simulator: Simulator, real: Callable[..., EnterpriseManager], restore_point: RestorePointRef
) -> None:
    with Simulator() as quick:
        em = real(
            base_url=f"{quick.url}/api",
            certificate_fingerprint=quick.fingerprint.replace(":", "").lower(),
        )
        ref = restore_point

        def mount(_: int) -> tuple[str | None, str]:
            em.restore_points.get(ref, bound())
            mounted = em.mounts.create(ref, None, bound())
            return mounted.session.session_id, mounted.mount_point.href

        with ThreadPoolExecutor(COUNT) as threads:
            made = set(threads.map(mount, range(COUNT)))
        assert made == {(mount.session_id, mount.path) for mount in quick.mounts()}
        assert len({session for session, _ in made}) == COUNT
        assert logons(quick) == COUNT + 1
        em.close(1)
        assert len(quick.sessions()) == COUNT


@pytest.mark.parametrize("code", [401, 403, 500])
def test_a_logon_refused_after_others_names_the_number_of_sessions(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
    code: int,
) -> None:
    em.sessions.browsing(deadline())
    simulator.add_fault("status", "POST /sessionMngr/", code=code, count=None)
    for _ in range(2):
        with pytest.raises(errors.RequestRefused) as caught:
            em.mounts.create(restore_point, None, deadline())
        assert caught.value.detail.count("Each mount has a logon session of its own") == 1


def test_a_browsing_session_that_idled_away_is_replaced(
    simulator: Simulator,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> None:
    first = em.sessions.browsing(deadline())
    simulator.expire_sessions()
    assert em.restore_points.get(restore_point, deadline()).name
    assert em.sessions.browsing(deadline()) != first
    assert logons(simulator) == 2


def test_the_browsing_session_is_logged_out_at_the_end(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    em.sessions.browsing(deadline())
    em.close(1)
    assert simulator.sessions() == []


@pytest.mark.parametrize("opaque", [False, True])
def test_a_borrowed_session_has_its_id_told_if_it_can_be(
    make_em: MakeEm, deadline: MakeDeadline, opaque: bool
) -> None:
    with Simulator(opaque_tokens=opaque) as simulator:
        session_id, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
        simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
        em = make_em(
            base_url=f"{simulator.url}/api",
            certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
            session_token=token,
            username=None,
            password=None,
        )
        session = em.sessions.browsing(deadline())
        assert session.borrowed
        assert session.session_id == (None if opaque else session_id)
        em.close(1)
        assert len(simulator.sessions()) == 2
        assert logons(simulator) == 0


def test_an_id_that_the_token_seems_to_tell_is_not_believed_unless_the_server_knows_it(
    simulator: Simulator, make_em: MakeEm, deadline: MakeDeadline
) -> None:
    _, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    simulator.add_fault("status", "GET /logonSessions/.+", code=404, count=None)
    em = make_em(session_token=token, username=None, password=None)
    assert em.sessions.browsing(deadline()).session_id is None


def test_a_logon_whose_answer_does_not_tell_the_id_is_not_lost_as_the_token_does(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("wrong-shape", "POST /sessionMngr/")
    assert em.sessions.browsing(deadline()).session_id in simulator.sessions()
    em.close(1)
    assert simulator.sessions() == []


@pytest.mark.parametrize("fault", ["reset-after", "cut-body"])
def test_a_logon_whose_answer_is_lost_is_not_sent_again(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, fault: str
) -> None:
    simulator.add_fault(fault, "POST /sessionMngr/")
    with pytest.raises(errors.AnswerLost):
        em.sessions.browsing(deadline())
    assert logons(simulator) == 1


@pytest.mark.parametrize("fault", ["status", "reset-before"])
def test_a_logon_that_was_not_taken_is_sent_again(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, fault: str
) -> None:
    simulator.add_fault(fault, "POST /sessionMngr/", count=2)
    if fault == "reset-before":
        with pytest.raises(errors.AnswerLost):
            em.sessions.browsing(deadline())
        return
    assert em.sessions.browsing(deadline()).session_id


def test_no_password_is_sent_to_what_is_not_enterprise_manager(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("wrong-shape", "GET /", count=None)
    with pytest.raises(errors.NotEnterpriseManager):
        em.sessions.browsing(deadline())
    assert logons(simulator) == 0


def test_a_name_and_a_password_of_any_letters_are_sent_in_utf_8(make_em: MakeEm) -> None:
    def serve(connection: socket.socket, request: str) -> None:
        connection.sendall(answer(ROOT if "GET" in request else b"{}"))

    user = {"username": "MÜNCHEN\\żółw", "password": "pässwörd"}
    with RawServer(serve) as server:
        em = make_em(base_url=server.url, insecure=True, certificate_fingerprint=None, **user)
        with pytest.raises(errors.EnterpriseManagerError):  # there is no token in the answer
            em.sessions.browsing(bound())
    pair = b64encode("MÜNCHEN\\żółw:pässwörd".encode()).decode()
    assert f"Authorization: Basic {pair}" in server.heads[1].splitlines()


@pytest.mark.parametrize("opaque", [False, True])
def test_secrets_are_hidden_as_soon_as_they_are_known(
    make_em: MakeEm, settings: Settings, deadline: MakeDeadline, opaque: bool
) -> None:
    with Simulator(opaque_tokens=opaque) as simulator:
        em = make_em(
            base_url=f"{simulator.url}/api",
            certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
        )
        session = em.sessions.browsing(deadline())
        em.close(1)
    for secret in (session.token, session.session_id, settings.password):
        assert hide(f"it is {secret}.") == "it is ***."
