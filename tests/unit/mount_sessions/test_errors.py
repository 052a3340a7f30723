"""A mount's session at another address: who is asked for it, and what a person is told."""

import threading
from typing import Any, cast

import pytest

from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import AccessDenied, SessionOutOfReach
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.mount_sessions.errors import check_server
from terraform_provider_veeam.mount_sessions.record import SessionRecord

DEADLINE = Deadline("Reading", 60, stop=threading.Event())
HREF = "/vmRestorePoints/x/mounts/1"


class Server:
    """An Enterprise Manager at an address, and the logon sessions that it lists."""

    def __init__(self, base_url: str, *listed: str, refuses: bool = False) -> None:
        self.base_url = base_url
        self.listed = listed
        self.refuses = refuses
        self.asked = 0
        self.sessions = self

    def lists(self, session_id: str, deadline: Deadline) -> bool:
        self.asked += 1
        if self.refuses:
            raise AccessDenied("no", "no", status=403)
        return session_id in self.listed


def check(server: Server, session_id: str | None = "id") -> Any:
    record = SessionRecord("https://old:9398/api", LogonSession(session_id, "token"), HREF)
    check_server(cast("EnterpriseManager", server), record, DEADLINE)
    return server


def test_at_its_own_address_nobody_is_asked() -> None:
    assert check(Server("https://old:9398/api")).asked == 0


def test_who_lists_the_session_is_its_server_at_any_address() -> None:
    assert check(Server("https://new:9398/api", "id")).asked == 1


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (Server("https://new:9398/api", "another"), "where its logon session is not listed"),
        (
            Server("https://new:9398/api", "id", refuses=True),
            "where this account may not list logon sessions",
        ),
    ],
)
def test_who_does_not_list_it_is_another(server: Server, why: str) -> None:
    with pytest.raises(SessionOutOfReach, match=why):
        check(server)


def test_a_session_whose_id_is_not_known_stays_where_it_was_made() -> None:
    with pytest.raises(SessionOutOfReach, match="Set url back"):
        check(Server("https://new:9398/api", "id"), session_id=None)
