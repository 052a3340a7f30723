import pytest

from terraform_provider_veeam.em.decoding import (
    Malformed,
    api_path,
    boolean,
    clean,
    decode,
    error_message,
    items,
    links,
    text,
)

BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<Task><TaskId>&b;</TaskId></Task>"""


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html><body>503</body></html>", "web page"),
        (b"<!DOCTYPE html>\n<p>", "web page"),
        (BOMB, "entities"),
        (b"<Task><State>Run", "no XML"),
        (b'{"State": "Fin', "no JSON"),
        (b"\x00\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"<a>" * 200 + b"</a>" * 200, "no XML"),
    ],
)
def test_what_can_not_be_read_is_malformed(body: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        decode(body)


@pytest.mark.parametrize(
    "value",
    [
        {"DirectoryEntries": [{"Path": "C:"}, {"Path": "D:"}]},
        {"DirectoryEntry": [{"Path": "C:"}, {"Path": "D:"}]},
        [{"Path": "C:"}, {"Path": "D:"}],
        {"DirectoryEntrys": [{"Path": "C:"}, {"Path": "D:"}]},
    ],
)
def test_a_list_is_found_with_its_wrapper_and_without(value: object) -> None:
    assert [entry["Path"] for entry in items(value, "DirectoryEntry")] == ["C:", "D:"]


@pytest.mark.parametrize("value", [None, "", "text", 7, True, [1, "a", None]])
def test_what_is_no_list_has_no_members(value: object) -> None:
    assert items(value, "Link") == []


def test_one_member_needs_no_list() -> None:
    assert items({"DirectoryEntry": {"Path": "C:"}}, "DirectoryEntry") == [{"Path": "C:"}]


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("https://srv12.tech.local:9398/api/tasks/task-1", "/tasks/task-1"),
        ("https://localhost:9398/api/tasks/task-1?x=y", "/tasks/task-1"),
        ("/api/tasks/task-1/", "/tasks/task-1"),
        (
            "https://h/api/vmRestorePoints/x/mounts/1/C:/a%20b",
            "/vmRestorePoints/x/mounts/1/C:/a%20b",
        ),
        ("https://h/other/tasks/task-1", None),
        ("https://h/api/../secret", None),
        ("https://h/api/%2e%2e/secret", None),
        ("https://h/api/a/..%2fb", None),
        ("https://h/api/a\r\nX: y", None),
        ("https://h/api/a b", None),
        ("https://[h/api/a", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_only_a_path_below_api_is_taken_from_a_link(href: object, path: str | None) -> None:
    assert api_path(href) == path


def test_entities_in_an_xml_link_are_resolved() -> None:
    document = decode(
        b'<Task><Links><Link Rel="Up" Href="https:&#x2F;&#x2F;h/api/a&amp;b"/></Links></Task>'
    )
    assert links(document.value)[0].path == "/a&b"


def test_a_servers_text_is_fit_for_a_terminal() -> None:
    assert clean("a\x1b[31mred\x07\u202egnp\r\nend") == "a [31mred gnp end"
    assert len(clean("x" * 100_000)) < 3000


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), ("true", True), ("False", False), (None, None), ("yes", None)],
)
def test_truth_has_the_forms_of_json_and_xml(value: object, truth: bool | None) -> None:
    assert boolean({"Success": value}, "Success") is truth


def test_a_property_that_is_no_text_is_none() -> None:
    assert text({"Name": {"a": 1}}, "Name") is None
    assert text(None, "Name") is None
    assert text({"Name": 7}, "Name") == "7"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"Message":"Node [root] does not exist.","StatusCode":400}',
            "Node [root] does not exist.",
        ),
        (b'<Error Message="Access is denied." StatusCode="403"/>', "Access is denied."),
        (b"", None),
        (b"<html>", None),
    ],
)
def test_the_message_of_an_error_is_found(body: bytes, message: str | None) -> None:
    assert error_message(body) == message
