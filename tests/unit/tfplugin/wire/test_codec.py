"""Values on the wire: what comes back as it was, and what is refused in plain words."""

from decimal import Decimal
from typing import Any

import msgpack  # type: ignore[import-untyped]  # there are no stubs
import pytest

from support.toy_objects import message, plain
from tfplugin.attribute import (
    Attribute,
    NestedAttribute,
    NestedBlock,
)
from tfplugin.types import Bool, List, Number, String, Unknown
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.codec import (
    Encoder,
    decode,
)
from tfplugin.wire.diagnostics import Unusable, path_to_text

BLOCK = [
    Attribute("count", Number(), optional=True),
    Attribute("names", List(String()), optional=True),
    Attribute("on", Bool(), optional=True),
    NestedAttribute("files", [Attribute("size", Number())], is_list=True, computed=True),
    NestedBlock("timeouts", "Bounds.", Attribute("create", String(), optional=True)),
]
EMPTY: dict[str, Any] = {
    "count": None, "names": None, "on": None, "files": None, "timeouts": None,
}  # fmt: skip


def encode(state: dict[str, Any], *, may_be_unknown: bool = False) -> tuple[Any, list[str]]:
    """Return what goes over the wire, and where there were problems."""
    encoder = Encoder(may_be_unknown=may_be_unknown)
    value = encoder.encode(BLOCK, state)
    return plain(value), [path_to_text(problem.path) for problem in encoder.problems]


@pytest.mark.parametrize("count", [0, -7, 0.1, 1e300, 2**63 - 1, -(2**63), 2**70, 0.5, 7.0])
def test_numbers_come_back_as_they_were(count: float) -> None:
    encoded = Encoder(may_be_unknown=False).encode(BLOCK, {"count": count})
    assert decode(BLOCK, encoded) == EMPTY | {"count": count}


def test_a_fraction_goes_as_text_since_terraform_reads_floats_bit_by_bit() -> None:
    assert encode({"count": 0.1})[0]["count"] == "0.1"
    assert encode({"count": 2**64})[0]["count"] == "18446744073709551616"


def test_a_number_that_a_float_would_change_is_exact() -> None:
    text = "0.12345678901234567890123"
    state = decode(BLOCK, message({"count": text}))
    assert state
    assert state["count"] == Decimal(text)
    assert encode(state) == (EMPTY | {"count": text}, [])
    assert decode(BLOCK, pb.DynamicValue(json=b'{"count": %s}' % text.encode())) == state


@pytest.mark.parametrize("code", [0, 12])
def test_what_is_unknown_is_decoded_wherever_it_is(code: int) -> None:
    unknown = msgpack.ExtType(code, b"\x00")
    sent = {"count": unknown, "names": ["a", unknown], "timeouts": unknown}
    state = decode(BLOCK, pb.DynamicValue(msgpack=msgpack.packb(sent)))
    assert state == EMPTY | {"count": Unknown, "names": ["a", Unknown], "timeouts": Unknown}


def test_json_is_read_as_msgpack_is() -> None:
    text = b'{"count": 0.25, "names": ["a"], "files": [{"size": 3}], "timeouts": {"create": "1h"}}'
    assert decode(BLOCK, pb.DynamicValue(json=text)) == EMPTY | {
        "count": 0.25, "names": ["a"], "files": [{"size": 3}], "timeouts": {"create": "1h"},
    }  # fmt: skip


def test_keys_that_the_schema_does_not_have_are_dropped_and_missing_ones_null() -> None:
    assert decode(BLOCK, message({"old": 1, "timeouts": {"old": 1}})) == EMPTY | {
        "timeouts": {"create": None}
    }
    assert encode({"old": 1, "timeouts": {}}) == (EMPTY | {"timeouts": {"create": None}}, [])


def test_what_is_not_known_can_not_be_in_a_state() -> None:
    state = {"count": Unknown, "names": ["a", Unknown], "timeouts": Unknown}
    sent, problems = encode(state)
    assert problems == ["count", "names[1]", "timeouts"]
    assert sent == EMPTY | {"names": ["a", None]}
    assert encode(state, may_be_unknown=True) == (EMPTY | state, [])


@pytest.mark.parametrize(
    ("state", "where"),
    [
        ({"count": "7"}, "count"),
        ({"count": True}, "count"),
        ({"count": float("nan")}, "count"),
        ({"names": ["a", 7]}, "names[1]"),
        ({"names": 7}, "names"),
        ({"on": "true"}, "on"),
        ({"timeouts": {"create": 5}}, "timeouts.create"),
        ({"files": [7]}, "files"),
    ],
)
def test_a_value_of_another_type_is_one_problem_and_the_rest_is_sent(
    state: dict[str, Any], where: str
) -> None:
    sent, problems = encode({"on": True} | state)
    assert problems == [where]
    assert sent["on"] is (None if where == "on" else True)


@pytest.mark.parametrize(
    "value",
    [
        message([1, 2]),
        message("text"),
        message({"count": "abc"}),
        message({"names": 7}),
        message({"names": ["a", 7]}),
        message({"on": "true"}),
        message({"files": [7]}),
        message({"files": [{"size": True}]}),
        message({"timeouts": ["1h"]}),
        message(Unknown),
        pb.DynamicValue(msgpack=msgpack.packb({"count": msgpack.ExtType(7, b"")})),
        pb.DynamicValue(msgpack=b"\xc1"),
        pb.DynamicValue(msgpack=b"\x82\x01"),
        pb.DynamicValue(json=b"{"),
        pb.DynamicValue(json=b"[]"),
    ],
)
def test_what_is_no_such_block_is_refused(value: pb.DynamicValue) -> None:
    with pytest.raises(Unusable):
        decode(BLOCK, value)


def test_the_refusal_says_where_it_is() -> None:
    with pytest.raises(Unusable) as refused:
        decode(BLOCK, message({"timeouts": 3}))
    assert refused.value.path == ["timeouts"]
