import json
from typing import Any

import pytest

from terraform_provider_veeam import masking
from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.http import refusals
from terraform_provider_veeam.em.http.decoders import (
    api_path,
    boolean,
    clean,
    decode,
    error_message,
    integer,
    links,
    member,
    members,
    message,
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
        (b"<Task><State>Run", "not XML"),
        (b'{"State": "Fin', "not JSON"),
        (b"\x00\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "not JSON"),
        (b"<a>" * 200 + b"</a>" * 200, "not XML"),
        (b"[" * 1200 + b"]" * 1200, "not JSON"),
        (b"<a>" * 1200 + b"</a>" * 1200, "not XML"),
        (b"<a>" + b"<b/>" * 400_000 + b"</a>", "more parts"),
        (b"[" + b"[]," * 400_000 + b"1]", "more parts"),
        (b'{"Progress": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd">%b;]><a/>', "entities"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a>&x;</a>', "entities"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"), "entities"),
    ],
)
def test_what_can_not_be_read_is_malformed(body: bytes, says: str) -> None:
    with pytest.raises(UnexpectedAnswer, match=says):
        decode(body)


def read(value: Any) -> Any:
    """Return a value as it is read from an answer."""
    return decode(json.dumps(value).encode()).value


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (rb'{"Path": "a\ud800b"}', "a\ufffdb"),
        (rb'{"Path": "\udc00\ud800"}', "\ufffd\ufffd"),
        (rb'{"Path": "\ud83d\ude00"}', "\U0001f600"),
        (b'{"Path": "a\xed\xa0\x80b"}', "a\ufffd\ufffd\ufffdb"),
        (b'{"Path": "a\xffb"}', "a\ufffdb"),
        (b"<M><Path>a&#xD800;b</Path></M>", "a\ufffdb"),
        (b"<M><Path>a&#55296;&#x1;&#xFFFFFFFF;b</Path></M>", "a\ufffd\ufffd\ufffdb"),
        (b"<M><Path>a&#x41;&#x1F600;b</Path></M>", "aA\U0001f600b"),
        (b"<M><Path>a\x01b</Path></M>", "a\ufffdb"),
        (b'<M Path="a\xffb"/>', "a\ufffdb"),
        (b'<?xml version="1.0" encoding="utf-8"?><M Path="\xc3\xbc"/>', "\u00fc"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><M Path="\xfc"/>', "\u00fc"),
        (b'<?xml version="1.0" encoding="windows-1252"?><M Path="\x80"/>', "\u20ac"),
        (b'<?xml version="1.0" encoding="klingon"?><M Path="\xc3\xbc"/>', "\u00fc"),
        ('<?xml version="1.0" encoding="utf-16"?><M Path="\u00fc"/>'.encode("utf-16"), "\u00fc"),
        ('{"Path": "\u00fc"}'.encode("utf-16"), "\u00fc"),
    ],
)
def test_what_is_not_unicode_is_replaced_and_the_rest_read(body: bytes, path: str) -> None:
    found = text(decode(body).value, "Path")
    assert found == path
    found.encode()


def test_names_are_unicode_too() -> None:
    assert decode(rb'{"\ud800": [{"\udfff": "\ud800"}]}').value == {
        "\ufffd": [{"\ufffd": "\ufffd"}]
    }


@pytest.mark.parametrize("name", ["TaskId", "taskId", "TASKID", "taskid"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_names_are_read_without_regard_to_case(name: str, start: str) -> None:
    for body in (f'{{"{name}": "task-1"}}', f"<Task><{name}>task-1</{name}></Task>"):
        assert text(decode((start + body).encode()).value, "TaskId") == "task-1"


def test_of_two_names_that_differ_in_case_the_one_with_a_value_counts() -> None:
    assert text(read({"taskId": None, "TaskId": "task-1"}), "TaskId") == "task-1"
    assert text(read({"taskId": "task-1", "TaskId": None}), "TaskId") == "task-1"


@pytest.mark.parametrize("case", [str, str.lower, lambda name: name[0].lower() + name[1:]])
@pytest.mark.parametrize("name", ["DirectoryEntries", "DirectoryEntry", "Roots", "Items", None])
def test_a_list_is_found_bare_and_in_every_wrapper(case: Any, name: str | None) -> None:
    entries = [{"Path": "C:"}, {"Path": "D:"}]
    value = read({"FSRoots": {case(name): entries} if name else entries})
    found = members(member(value, "FSRoots"), "DirectoryEntry")
    assert [text(entry, "Path") for entry in found] == ["C:", "D:"]


@pytest.mark.parametrize("value", [{"DirectoryEntry": {"Path": "C:"}}, {"Path": "C:"}])
def test_a_lone_object_is_a_list_of_one(value: object) -> None:
    assert members(read(value), "DirectoryEntry") == [{"path": "C:"}]


@pytest.mark.parametrize("value", [None, "", [], {}, {"DirectoryEntries": None}, [None]])
def test_an_empty_list_is_written_in_many_ways(value: object) -> None:
    assert members(read(value), "DirectoryEntry") == []


@pytest.mark.parametrize(
    "value",
    [
        *("text", 7, True, [1], ["a"]),
        {"DirectoryEntries": [{"Type": "FileEntry", "Path": "C:"}]},
        {"DirectoryEntries": [], "Others": [{"Type": "FileEntry", "Path": "C:"}]},
    ],
)
def test_what_is_no_such_list_is_an_error_and_never_an_empty_one(value: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        members(read(value), "DirectoryEntry")


JOB, REF = {"Type": "Job", "UID": "1"}, {"Type": "JobReference", "UID": "1"}


@pytest.mark.parametrize(
    "value",
    [
        {"Jobs": [JOB]},
        {"Entries": {"Values": [JOB]}, "PagingInfo": {"PageNum": 1}, "Others": []},
        {"Href": "x", "Type": "JobList", "Whatever": [REF]},
        {"Others": [{"Type": "Backup"}], "Whatever": [JOB]},
        {"Jobs": [{"UID": "1"}], "Notes": [{"Text": "a"}]},
        [{"UID": "1"}],
        {"Items": [{"UID": "1"}]},
        JOB,
    ],
)
def test_a_collection_is_told_by_what_it_holds(value: object) -> None:
    found = decode(json.dumps(value).encode()).collection("Job")
    assert found
    assert [text(one, "UID") for one in found] == ["1"]


@pytest.mark.parametrize(
    "body",
    [
        *("[]", '{"Whatever": []}', '{"Jobs": null}', '{"Jobs": [], "Message": "none"}'),
        *("<Jobs/>", "<EntityReferences/>"),
    ],
)
def test_an_empty_collection_may_have_any_name(body: str) -> None:
    assert decode(body.encode()).collection("Job") == []


@pytest.mark.parametrize(
    "body",
    [
        *("", "null", "{}", '"no"', '{"Message": "none"}', '{"Message": "none", "Errors": []}'),
        *('{"Items": [{"Type": "Task"}]}', '{"Items": [1]}'),
        *("<Error/>", '<Tasks><Task Type="Task"/></Tasks>'),
    ],
)
def test_another_answer_is_no_empty_collection(body: str) -> None:
    assert decode(body.encode()).collection("Job") is None


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("https://srv12.tech.local:9398/api/tasks/task-1", "/tasks/task-1"),
        ("https://localhost:9398/api/tasks/task-1?x=y", "/tasks/task-1"),
        ("/api/tasks/task-1/", "/tasks/task-1"),
        ("https://h/API/Tasks/TASK-1", "/Tasks/TASK-1"),
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


def test_a_property_stays_what_the_server_said_and_a_message_is_cleaned() -> None:
    resource = read({"Name": "vm\u202e\x9b\u00ad1", "Message": "a\x07\r\nb"})
    assert text(resource, "Name") == "vm\u202e\x9b\u00ad1"
    assert message(resource, "Message") == "a b"
    assert message(resource, "Nothing") is None


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), ("true", True), ("False", False), (1, True), (None, None), ("yes", None)],
)
def test_truth_has_the_forms_of_json_and_xml(value: object, truth: bool | None) -> None:
    assert boolean(read({"Success": value}), "Success") is truth


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3), ("3", 3), (" 3 ", 3), (-1, -1), ("3.5", None), (None, None)]
)
def test_a_number_may_come_as_text(value: object, number: int | None) -> None:
    assert integer(read({"Size": value}), "Size") == number


def test_a_property_that_is_no_text_is_none() -> None:
    assert text(read({"Name": {"a": 1}}), "Name") is None
    assert text(None, "Name") is None
    assert text(read({"Name": 7}), "Name") == "7"


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


def test_a_secret_is_hidden_before_a_message_is_cleaned_or_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(masking, "known", masking.Secrets())
    masking.conceal("Som\x07mer24")
    masking.conceal("Winter25-long-enough")
    body = json.dumps({"Message": "The password Som\x07mer24 is wrong"}).encode()
    assert error_message(body) == "The password *** is wrong"
    for before in range(1980, 2000):
        body = json.dumps({"Message": "x" * before + "Winter25-long-enough"}).encode()
        assert "Win" not in (error_message(body) or "")


def test_names_are_compared_and_so_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "known", masking.Secrets())
    masking.conceal("backup")
    assert text({"name": "backup01"}, "Name") == "backup01"
    assert message({"message": "No backup01 here"}, "Message") == "No ***01 here"


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://other.example:1/secret?token=secret", "https://other.example:1"),
        ("https://me:secret@other.example/", "https://other.example"),
        ("https://me:secret24#@other.example/", None),
        ("https://[secret", None),
        ("/secret", None),
    ],
)
def test_of_a_redirection_only_the_host_is_told(location: str, where: str | None) -> None:
    assert refusals._origin(location) == where
