"""No input makes a parser raise anything but its own error."""

import json
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from fuzz.targets import TARGETS, parse_answer

COUNT = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

NAMES = st.sampled_from(
    [
        *("Tasks", "Task", "TaskId", "State", "Result", "Success", "Message", "Links", "Link"),
        *("Rel", "Href", "Type", "Name", "FSRoots", "DirectoryEntries", "DirectoryEntry", "Path"),
        *("Entities", "RestoreSessions", "RestoreSession", "Refs", "Ref", "UID", "SessionId"),
        *("CreationTimeUTC", "LogonSessions", "VmRestorePointMounts", "StatusCode", "PagingInfo"),
        *("Files", "FileEntries", "FileEntry", "Directories", "Size", "ModifiedDateUTC"),
    ]
)
HREFS = st.sampled_from(
    [
        "https://h/api/tasks/task-1",
        "https://h/api/vmRestorePoints/x/mounts/1",
        "https://[::1/api/x",
        "//api/../..",
        "https://h/api/%00",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | HREFS
)


def nested(leaves: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.lists(leaves, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), leaves)


JSON = st.recursive(LEAVES, nested, max_leaves=25).map(lambda value: json.dumps(value).encode())
TEXT = st.text(alphabet=string.printable, max_size=30)


def element(children: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.builds(
        lambda name, attribute, value, inner: (
            f'<{name} {attribute}="{value}">{"".join(inner)}</{name}>'
        ),
        NAMES,
        NAMES,
        HREFS | st.sampled_from(["true", "", "&amp;", "&#x2F;", "&bad;"]),
        st.lists(children, max_size=4),
    )


XML = st.recursive(TEXT, element, max_leaves=15).map(str.encode)


@COUNT
@given(JSON | XML | st.binary(max_size=200))
@example(b"9" * 5000)
@example(b'{"State": 1e999, "TaskId": NaN}')
@example(b"[" * 5000)
@example(b'{"CreationTimeUTC": "9999-12-31T23:59:59-23:59", "Name": "x"}')
@example(b"<?xml version='1.0' encoding='bogus'?><a/>")
@example(b"<a" + b" x='1'" * 3 + b"/>")
@example("<a>\u0000</a>".encode("utf-16"))
def test_answers(body: bytes) -> None:
    parse_answer(body)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__)
@COUNT
@given(data=st.binary(max_size=100) | st.text(max_size=60).map(lambda t: t.encode()))
@example(data=b"9" * 5000)
@example(data=b"1h" * 500)
@example(data=b"\xff\xfe")
@example(data="٣h".encode())
def test_what_users_and_files_hold(target: Callable[[bytes], None], data: bytes) -> None:
    target(data)
