"""The simulator behaves as the documents say, whoever the client is."""

import base64
from collections.abc import Iterator

import pytest
import requests
from defusedxml.ElementTree import fromstring

from em_simulator import (
    ADMINISTRATOR,
    GUEST,
    Account,
    Family,
    Simulator,
)
from support.clocks import FakeClock

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"
JSON = {"Accept": "application/json"}
Session = requests.Session


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, mount_seconds=10, json_names="pascal") as running:
        yield running


def log_on(simulator: Simulator, http: Session, account: Account = ADMINISTRATOR) -> dict[str, str]:
    """Log on and return the header that every further request needs."""
    pair = base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
    answer = http.post(
        f"{simulator.url}/api/sessionMngr/?v=latest", headers={"Authorization": f"Basic {pair}"}
    )
    http.cookies.clear()
    answer.raise_for_status()
    assert answer.status_code == 201
    return {"X-RestSvcSessionId": answer.headers["X-RestSvcSessionId"]}


def mounts_url(simulator: Simulator, number: int = 0) -> str:
    point = simulator.restore_points(Family.VM)[number]
    return f"{simulator.url}/api/vmRestorePoints/{point.id}/mounts"


def test_the_base_needs_no_logon_and_everything_else_does(
    simulator: Simulator, http: Session
) -> None:
    assert http.get(f"{simulator.url}/api/").json()["SupportedVersions"]
    refused = http.get(f"{simulator.url}/api/tasks")
    assert refused.status_code == 401
    assert refused.json()["StatusCode"] == 401


def test_xml_is_the_default(simulator: Simulator, http: Session) -> None:
    answer = http.get(f"{simulator.url}/api/", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert fromstring(answer.content).tag == f"{NAMESPACE}EnterpriseManager"


def test_a_wrong_password_is_401_with_the_scheme(simulator: Simulator, http: Session) -> None:
    answer = http.post(f"{simulator.url}/api/sessionMngr/?v=latest", auth=("TECH\\x", "y"))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Basic Realm=RestSvc"


def test_a_mount_takes_its_time_and_is_linked_by_its_task(
    simulator: Simulator, http: Session, clock: FakeClock
) -> None:
    token = log_on(simulator, http)
    url = mounts_url(simulator)
    made = http.post(url, headers=token, json={"OsKind": "Linux"})
    assert (made.status_code, made.json()["State"]) == (202, "Running")
    task = f"{simulator.url}/api/tasks/{made.json()['TaskId']}"
    told = []
    for _ in range(3):
        told.append(http.get(task, headers=token).json())
        clock.now += 9 if len(told) == 1 else 2
    assert [task["State"] for task in told] == ["Running", "OperationFinished", "Finished"]
    assert told[0]["Result"] is None
    assert (told[1]["Result"]["Success"], len(told[1]["Links"])) == (True, 1)
    done = http.get(task, headers=token).json()
    assert (done["Result"]["Message"], done["Result"]["Success"]) == ("Ok", True)
    (related,) = [link for link in done["Links"] if link["Rel"] == "Related"]
    assert related["Href"].startswith("https://srv12.tech.local:9398/api/vmRestorePoints/")
    mount = http.get(f"{url}/1", headers=token).json()
    assert mount["FSRoots"]["DirectoryEntries"]
    assert http.delete(f"{url}/1", headers=token).status_code == 204
    assert http.get(f"{url}/1", headers=token).status_code == 404


def test_a_deleted_task_mounts_nothing(
    simulator: Simulator, http: Session, clock: FakeClock
) -> None:
    token = log_on(simulator, http)
    made = http.post(mounts_url(simulator), headers=token)
    assert http.delete(f"{simulator.url}/api/tasks/task-1", headers=token).status_code == 204
    clock.now += 60
    assert made.json()["TaskId"] == "task-1"
    assert simulator.mounts() == []


def test_mounts_and_tasks_belong_to_their_session_and_count_from_one_in_each(
    simulator: Simulator, http: Session, clock: FakeClock
) -> None:
    first, second = log_on(simulator, http), log_on(simulator, http)
    for token in (first, second):
        http.post(mounts_url(simulator), headers=token)
    http.post(mounts_url(simulator, 1), headers=first)
    clock.now += 60
    assert [mount.mount_id for mount in simulator.mounts()] == [1, 2, 1]
    assert len({mount.session_id for mount in simulator.mounts()}) == 2
    assert len(http.get(f"{simulator.url}/api/tasks", headers=first).json()["Tasks"]) == 2
    assert len(http.get(f"{simulator.url}/api/tasks", headers=second).json()["Tasks"]) == 1
    http.delete(f"{mounts_url(simulator)}/1", headers=second)
    assert [mount.mount_id for mount in simulator.mounts()] == [1, 2]


def test_a_session_dies_of_idleness_with_its_mounts(
    simulator: Simulator, http: Session, clock: FakeClock
) -> None:
    token = log_on(simulator, http)
    http.post(mounts_url(simulator), headers=token)
    for _ in range(3):
        clock.now += 899
        assert http.get(f"{simulator.url}/api/tasks", headers=token).status_code == 200
    assert len(simulator.mounts()) == 1
    clock.now += 901
    assert http.get(f"{simulator.url}/api/tasks", headers=token).status_code == 401
    assert simulator.mounts() == []
    assert simulator.sessions() == []


def test_a_cookie_beats_the_header(simulator: Simulator, http: Session) -> None:
    token = log_on(simulator, http)
    cookie = {"Cookie": "X-RestSvcSessionId=stale"}
    assert http.get(f"{simulator.url}/api/tasks", headers=token | cookie).status_code == 401


def test_sessions_are_listed_and_ended(simulator: Simulator, http: Session) -> None:
    token, other = log_on(simulator, http), log_on(simulator, http)
    url = f"{simulator.url}/api/logonSessions"
    listed = http.get(url, headers=token).json()["LogonSessions"]
    assert [session["SessionId"] for session in listed] == simulator.sessions()
    ended = listed[1]["SessionId"]
    assert http.delete(f"{url}/{ended}", headers=other).status_code == 204
    assert http.get(f"{url}/{ended}", headers=token).status_code == 404


def test_an_account_without_a_role_can_not_log_on(simulator: Simulator, http: Session) -> None:
    with pytest.raises(requests.HTTPError, match="403"):
        log_on(simulator, http, GUEST)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nodes", 404),
        ("PUT", "/tasks", 405),
        ("GET", "/tasks/task-99", 500),
        ("GET", "/vmRestorePoints/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/logonSessions/00000000-0000-0000-0000-000000000000", 404),
    ],
)
def test_errors_have_the_documented_body(
    simulator: Simulator, http: Session, method: str, path: str, status: int
) -> None:
    token = log_on(simulator, http)
    answer = http.request(method, f"{simulator.url}/api{path}", headers=token)
    assert answer.status_code == answer.json()["StatusCode"] == status
    assert answer.json()["Message"]
    as_xml = http.request(
        method, f"{simulator.url}/api{path}", headers=token | {"Accept": "application/xml"}
    )
    assert fromstring(as_xml.content).get("StatusCode") == str(status)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", '{"OsKind": "Solaris"}', 400),
        ("application/json", "[]", 400),
        ("application/json", "{", 400),
        ("text/plain", "Linux", 400),
        ("application/xml", "<MountSpec><Os", 400),
        ("application/json", "{}", 400),
        ("application/json", '{"osKind": "Linux"}', 400),
        ("application/json", '{"OsKind": "Linux"}', 202),
        ("application/json", "", 202),
        (
            "application/xml",
            '<Spec xmlns="http://www.veeam.com/ent/v1.0"><OsKind>Linux</OsKind></Spec>',
            202,
        ),
    ],
)
def test_the_body_of_a_mount_is_checked(
    simulator: Simulator, http: Session, kind: str, body: str, status: int
) -> None:
    headers = log_on(simulator, http) | {"Content-Type": kind}
    answer = http.post(mounts_url(simulator), headers=headers, data=body.encode())
    assert answer.status_code == status


def test_every_family_has_the_same_verbs(
    simulator: Simulator, http: Session, clock: FakeClock
) -> None:
    token = log_on(simulator, http)
    for number, family in enumerate(Family, start=1):
        point = simulator.restore_points(family)[0]
        url = f"{simulator.url}/api/{family.collection}/{point.id}"
        entity = http.get(f"{url}?format=Entity", headers=token).json()
        assert entity["UID"] == f"urn:veeam:{family.entity}:{point.id}"
        assert http.post(f"{url}/mounts", headers=token).status_code == 202
        clock.now += 20
        listed = http.get(f"{url}/mounts", headers=token).json()[f"{family.entity}Mounts"]
        assert [mount["Type"] for mount in listed] == [f"{family.entity}Mount"]
        assert http.delete(f"{url}/mounts/{number}", headers=token).status_code == 204


def test_the_same_seed_gives_the_same_catalogue() -> None:
    with Simulator(seed=3) as one, Simulator(seed=3) as same, Simulator(seed=4) as other:
        ids = [[p.id for p in s.restore_points(Family.VM)] for s in (one, same, other)]
    assert ids[0] == ids[1] != ids[2]
