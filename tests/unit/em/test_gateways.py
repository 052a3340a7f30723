"""Somebody else who answers in place of Enterprise Manager: nothing is concluded from it."""

import socket
from collections.abc import Callable, Iterator

import pytest

from support.clocks import FakeClock
from support.raw_server import ROOT, RawServer, answer
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import LogonSession, RestorePointRef, RestorePointType
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.em.tasks import Tasks
from terraform_provider_veeam.keep_alive.holder import Ending, Holder
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.mount_sessions.record import SessionRecord

MakeDeadline = Callable[..., Deadline]
POINT = RestorePointRef(RestorePointType.VM, "710c0a5f-2783-4222-b669-0da996b09b97")
HREF = f"{POINT.mounts}/1"
SESSION = LogonSession("57db451a-a2c4-4b7d-8771-627b13d12496", "token")
OWN = b'{"FirstChanceExceptionMessage":null,"Message":"No.","StackTrace":null,"StatusCode":404}'
OWN_XML = b'<Error xmlns="http://www.veeam.com/ent/v1.0" Message="No." StatusCode="404"/>'
FOREIGN = {
    "no body": b"",
    "JSON": b'{"message": "no route"}',
    "more JSON": b'{"error": {"message": "no", "statusCode": 404}}',
    "a list": b'["Message", "StatusCode"]',
    "XML": b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>",
    "other XML": b'<Fault Message="no" StatusCode="404"/>',
    "HTML": b"<!DOCTYPE html><html><body>404</body></html>",
    "garbage": b"\x00\xff",
}
NOT_FOUND = "404 Not Found"
UNAUTHORIZED = "401 Unauthorized"


class Gateway:
    """Answers GET / as Enterprise Manager, and everything else like that, in turn."""

    def __init__(self, *answers: bytes, root: bytes = answer(ROOT)) -> None:
        self._answers = list(answers)
        self._root = root
        self.server = RawServer(self._serve)

    def _serve(self, connection: socket.socket, line: str) -> None:
        if line == "GET /api/":
            connection.sendall(self._root)
        else:
            connection.sendall(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])

    @property
    def asked(self) -> list[str]:
        """The requests, but for those of the root."""
        lines = (request.partition(" ")[2] for request in self.server.requests)
        return [line for line in lines if line != "GET /api/"]


@pytest.fixture
def behind(clock: FakeClock) -> Iterator[Callable[..., tuple[Gateway, EnterpriseManager]]]:
    """A gateway that answers like that, and a em behind it."""
    made = []

    def make(*answers: bytes, root: bytes = answer(ROOT)) -> tuple[Gateway, EnterpriseManager]:
        gateway = Gateway(*answers, root=root)
        gateway.server.__enter__()
        settings = Settings(base_url=gateway.server.url, username="u", password="p", max_retries=1)
        em = EnterpriseManager(settings, clock=clock, random=lambda: 1.0)
        made.append((gateway, em))
        return gateway, em

    yield make
    for gateway, em in made:
        em._client.close()
        gateway.server.__exit__()


Behind = Callable[..., tuple[Gateway, EnterpriseManager]]


@pytest.mark.parametrize("status", [NOT_FOUND, UNAUTHORIZED, "500 Error"])
@pytest.mark.parametrize("body", [*FOREIGN.values(), OWN, OWN_XML], ids=[*FOREIGN, "own", "XML"])
def test_a_refusal_of_everything_ends_no_mount(
    behind: Behind, deadline: MakeDeadline, body: bytes, status: str
) -> None:
    gateway, em = behind(answer(body, status))
    undecided = (errors.Unsettled, errors.LogonRefused)
    with pytest.raises(undecided):
        em.mounts.get(SESSION, POINT, HREF, deadline())
    with pytest.raises(undecided):
        em.mounts.unmount(SESSION, HREF, deadline())
    with pytest.raises(undecided):
        em.mounts.list(SESSION, POINT, deadline())
    with pytest.raises(undecided):
        em.sessions.end(SESSION, deadline())
    with pytest.raises(undecided):
        Tasks(em.sessions, SESSION).get("task-1", deadline())
    assert gateway.asked.count(f"DELETE /api{HREF}") == 1


def test_a_refusal_says_what_was_asked_and_what_it_said(
    behind: Behind, deadline: MakeDeadline
) -> None:
    _, em = behind(answer(b"<html>", NOT_FOUND))
    with pytest.raises(errors.Unsettled) as caught:
        em.mounts.get(SESSION, POINT, HREF, deadline())
    assert f"GET {em.base_url}{HREF} was answered with 404 Not Found." in caught.value.detail
    assert f"GET {em.base_url}{POINT.mounts} was answered with 404" in caught.value.detail


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"ok", b'{"message": "ok"}', b""])
def test_a_200_to_everything_unmounts_nothing(
    behind: Behind, deadline: MakeDeadline, body: bytes
) -> None:
    gateway, em = behind(answer(body))
    with pytest.raises(errors.EnterpriseManagerError):
        em.mounts.unmount(SESSION, HREF, deadline(30))
    assert not any("logonSessions" in line for line in gateway.asked)


@pytest.mark.parametrize("status", [NOT_FOUND, UNAUTHORIZED, "403 Forbidden"])
@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_anothers_refusal_does_not_end_the_holding(
    behind: Behind, clock: FakeClock, body: bytes, status: str
) -> None:
    there = answer(b'{"Type": "VmRestorePointMount"}')
    _, em = behind(answer(body, status), answer(body, status), there)
    told: list[object] = []
    holder = Holder(clock=clock, report=lambda _, what: told.append(what))
    record = SessionRecord(em.base_url, SESSION, HREF)
    holder.hold(Order(em.settings, record, 900, 1000), em.mounts.touch)
    holder.run()
    assert told[-2:] == [None, Ending.TIME_OVER]


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_a_busy_server_is_asked_again_and_called_busy(
    behind: Behind, deadline: MakeDeadline, body: bytes, status: str
) -> None:
    gateway, em = behind(answer(b"{}"), root=answer(body, status))
    with pytest.raises(errors.ServerBusy, match="busy"):
        em.sessions.browsing(deadline())
    assert gateway.asked == []
    assert len(gateway.server.requests) == 2


@pytest.mark.parametrize("status", [NOT_FOUND, UNAUTHORIZED, "403 Forbidden", "200 OK"])
@pytest.mark.parametrize("body", [*FOREIGN.values(), OWN], ids=[*FOREIGN, "its own"])
def test_what_is_not_enterprise_manager_is_sent_no_password(
    behind: Behind, deadline: MakeDeadline, body: bytes, status: str
) -> None:
    gateway, em = behind(answer(b"{}"), root=answer(body, status))
    with pytest.raises(errors.NotEnterpriseManager):
        em.sessions.browsing(deadline())
    assert gateway.asked == []
    assert not any("Authorization" in head for head in gateway.server.heads)


def test_what_is_not_unicode_does_not_keep_a_mount_from_being_read(
    behind: Behind, deadline: MakeDeadline
) -> None:
    body = rb'{"Type": "VmRestorePointMount", "FSRoots": [{"Path": "C:\ud800"}]}'
    _, em = behind(answer(body))
    mount_point = em.mounts.get(SESSION, POINT, HREF, deadline())
    assert mount_point.file_system_roots == ("C:\ufffd",)
