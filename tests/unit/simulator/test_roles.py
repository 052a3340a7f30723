"""What each role may do."""

from collections.abc import Iterator

import pytest

from em_simulator import (
    ADMINISTRATOR,
    PORTAL_USER,
    RESTORE_OPERATOR,
    VM_RESTORE_OPERATOR,
    Account,
    Family,
    Simulator,
)
from support.callers import Caller, links

ROLES = {
    "administrator": ADMINISTRATOR,
    "user": PORTAL_USER,
    "vm": VM_RESTORE_OPERATOR,
    "files": RESTORE_OPERATOR,
}
ALL = set(ROLES)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.mark.parametrize("account", ROLES.values(), ids=ROLES)
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "{vm}?format=Entity", ALL),
        ("GET", "{replica}?format=Entity", ALL),
        ("GET", "{agent}?format=Entity", {"administrator", "user"}),
        ("GET", "agents/agentRestorePoints", {"administrator", "user"}),
        ("GET", "query?type=AgentRestorePoint&pageSize=1", {"administrator", "user"}),
        ("GET", "query?type=VmRestorePoint&pageSize=1", ALL),
        ("GET", "query?type=VmReplicaPoint&pageSize=1", ALL),
        ("POST", "{vm}/mounts", {"administrator", "files"}),
        ("POST", "{replica}/mounts", {"administrator", "files"}),
        ("POST", "{agent}/mounts", {"administrator", "files"}),
        ("GET", "{agent}/mounts", {"administrator", "files"}),
        ("GET", "query?type=RestoreSession", ALL),
        ("GET", "restoreSessions", ALL),
        ("GET", "tasks", ALL),
        ("GET", "query?type=Task", ALL),
        ("GET", "backupServers", {"administrator", "user"}),
        ("GET", "query?type=BackupServer", {"administrator", "user"}),
    ],
)
def test_a_role_allows(
    simulator: Simulator, account: Account, method: str, path: str, allowed: set[str]
) -> None:
    points = {
        family.name.lower(): f"{family.collection}/{simulator.restore_points(family)[0].id}"
        for family in Family
    }
    role = next(name for name, candidate in ROLES.items() if candidate is account)
    caller = Caller(simulator, account)
    answered = caller.status(method, path.format(**points))
    assert answered == ((202 if method == "POST" else 200) if role in allowed else 403)


def test_a_refusal_names_the_role(simulator: Simulator) -> None:
    answer = Caller(simulator, RESTORE_OPERATOR).ask("GET", "backupServers")
    assert answer.json()["message"].endswith("is a File Restore Operator.")


@pytest.mark.parametrize("account", ROLES.values(), ids=ROLES)
def test_a_session_links_to_what_its_account_may_see(
    simulator: Simulator, account: Account
) -> None:
    caller = Caller(simulator, account)
    session = caller.get(f"logonSessions/{caller.session_id}")
    downs = links(session, "Down")
    assert {caller.status("GET", href) for href in downs} == {200}
    sees_servers = any("/backupServers" in href for href in downs)
    assert sees_servers == (account in (ADMINISTRATOR, PORTAL_USER))
    assert links(session, "Delete") == [session["href"]]
