"""Answers in all the forms that versions of the product have."""

import base64
import codecs
import json
from typing import Any

import pytest
import requests
from defusedxml.ElementTree import fromstring

from em_simulator import ADMINISTRATOR, Family, Simulator
from em_simulator.forms import camel

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"


def log_on(simulator: Simulator) -> tuple[str, dict[str, str]]:
    session_id, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    return session_id, {"X-RestSvcSessionId": token}


def get(simulator: Simulator, http: requests.Session, path: str) -> requests.Response:
    _, headers = log_on(simulator)
    answer = http.get(f"{simulator.url}/api{path}", headers=headers)
    answer.raise_for_status()
    return answer


@pytest.mark.parametrize(
    ("pascal", "expected"),
    [
        ("Href", "href"),
        ("TaskId", "taskId"),
        ("UID", "uid"),
        ("FSRoots", "fsRoots"),
        ("CreationTimeUTC", "creationTimeUTC"),
        ("href", "href"),
    ],
)
def test_camel_case_lowers_the_capitals_in_front(pascal: str, expected: str) -> None:
    assert camel(pascal) == expected


def test_names_are_camel_case_unless_pascal_case_is_wanted(http: requests.Session) -> None:
    point = "/query?type=VmRestorePoint&format=Entities&pageSize=1"
    with Simulator() as camel_case, Simulator(json_names="pascal") as pascal_case:
        new = get(camel_case, http, point).json()
        old = get(pascal_case, http, point).json()
    (entity,) = new["entities"]["vmRestorePoints"]["vmRestorePoints"]
    assert entity["uid"] == old["Entities"]["VmRestorePoints"]["VmRestorePoints"][0]["UID"]
    assert {"href", "type", "name", "links", "creationTimeUTC"} <= set(entity)


def test_what_has_no_value_is_null_or_absent(http: requests.Session) -> None:
    query = "/query?type=VmRestorePoint&format=Entities&pageSize=1"
    with Simulator() as simulator:
        found = get(simulator, http, query).json()
    entities = found["entities"]
    assert found["refs"] is None
    assert entities["backupJobSessions"] is None
    assert [name for name, value in entities.items() if value] == ["vmRestorePoints"]
    paging: list[dict[str, Any]] = found["pagingInfo"]["links"]
    assert {(link["type"], link["name"]) for link in paging} == {(None, None)}
    with Simulator(json_nulls="absent") as simulator:
        found = get(simulator, http, query).json()
    assert set(found) == {"entities", "pagingInfo"}
    assert set(found["entities"]) == {"vmRestorePoints"}
    assert set(found["pagingInfo"]["links"][0]) == {"rel", "href"}


def test_answers_may_begin_with_a_byte_order_mark(http: requests.Session) -> None:
    with Simulator(byte_order_mark=True) as simulator:
        as_json = http.get(f"{simulator.url}/api/").content
        as_xml = http.get(f"{simulator.url}/api/", headers={"Accept": "*/*"}).content
    for content in (as_json, as_xml):
        assert content.startswith(codecs.BOM_UTF8)
        assert content.count(codecs.BOM_UTF8) == 1
    assert json.loads(as_json.decode("utf-8-sig"))["supportedVersions"]


def test_an_old_server_answers_in_xml_whatever_was_asked_for(http: requests.Session) -> None:
    with Simulator(answers="xml") as simulator:
        answer = http.get(f"{simulator.url}/api/", headers={"Accept": "application/json"})
        refused = http.get(f"{simulator.url}/api/tasks", headers={"Accept": "application/json"})
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert fromstring(answer.content).tag == f"{NAMESPACE}EnterpriseManager"
    assert fromstring(refused.content).get("StatusCode") == "401"


def test_the_root_page_links_to_a_logon_for_each_version(http: requests.Session) -> None:
    with Simulator() as simulator:
        root = http.get(f"{simulator.url}/api/").json()
    assert {link["type"] for link in root["links"]} == {"LogonSessionList", "LogonSession"}
    versions = root["supportedVersions"]["supportedVersions"]
    assert [version["name"] for version in versions] == ["v1_5", "v1_6", "v1_7"]
    for version in versions:
        (link,) = version["links"]
        assert link["href"].endswith(f"/api/sessionMngr/?v={version['name']}")


def test_the_token_is_the_session_id_in_base64(http: requests.Session) -> None:
    with Simulator() as simulator:
        session_id, headers = log_on(simulator)
    assert base64.b64decode(headers["X-RestSvcSessionId"]).decode() == session_id
    with Simulator(opaque_tokens=True) as simulator:
        _, headers = log_on(simulator)
    assert len(base64.b64decode(headers["X-RestSvcSessionId"])) == 16


@pytest.mark.parametrize(("unknown", "status"), [("documented", 500), ("404", 404), ("500", 500)])
def test_an_unknown_task_is_told_with_its_id(
    http: requests.Session, unknown: str, status: int
) -> None:
    with Simulator(unknown=unknown) as simulator:
        _, headers = log_on(simulator)
        answer = http.get(f"{simulator.url}/api/tasks/task-297", headers=headers)
    assert answer.status_code == answer.json()["statusCode"] == status
    assert answer.json()["message"] == (
        "There is no backup task with id [task-297] in current rest session"
    )


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"", 202),
        ({"Content-Type": "application/json"}, b"", 400),
        ({}, b'{"OsKind": "Linux"}', 400),
        ({"Content-Type": "application/json"}, b'{"OsKind": "Linux"}', 400),
    ],
)
def test_an_agents_mount_takes_neither_body_nor_content_type(
    http: requests.Session, headers: dict[str, str], body: bytes, status: int
) -> None:
    with Simulator() as simulator:
        _, token = log_on(simulator)
        point = simulator.restore_points(Family.AGENT)[0]
        answer = http.post(
            f"{simulator.url}/api/{Family.AGENT.collection}/{point.id}/mounts",
            headers=token | headers,
            data=body,
        )
    assert answer.status_code == status
