"""Values on the wire: what comes back as it was, and what is refused in plain words."""

from typing import Any

import msgpack  # type: ignore[import-untyped]  # there are no stubs
import pytest

from terraform_provider_veeam.plugin.schema import Attribute, Block
from terraform_provider_veeam.plugin.types import List, Number, String, Unknown
from terraform_provider_veeam.plugin.wire import tfplugin6_pb2 as pb
from terraform_provider_veeam.plugin.wire.codec import Encoder, decode
from terraform_provider_veeam.plugin.wire.diagnostics import Unusable

BLOCK = Block(
    attributes=[
        Attribute("count", Number(), optional=True),
        Attribute("names", List(String()), optional=True),
    ]
)


def message(value: Any) -> pb.DynamicValue:
    return pb.DynamicValue(msgpack=msgpack.packb(value))


@pytest.mark.parametrize("count", [0, -7, 0.1, 1e300, 2**63 - 1, 2**70])
def test_numbers_come_back_as_they_were(count: float) -> None:
    encoded = Encoder(may_be_unknown=False).encode(BLOCK, {"count": count, "names": None})
    assert decode(BLOCK, encoded) == {"count": count, "names": None}


def test_what_is_not_known_can_not_be_in_a_state() -> None:
    encoder = Encoder(may_be_unknown=False)
    encoder.encode(BLOCK, {"count": Unknown, "names": ["a"]})
    assert [problem.path for problem in encoder.problems] == [["count"]]
    assert Encoder(may_be_unknown=True).encode(BLOCK, {"count": Unknown, "names": None}).msgpack


@pytest.mark.parametrize(
    "value",
    [
        message([1, 2]),
        message("text"),
        message({"count": "abc"}),
        message({"names": 7}),
        message(msgpack.ExtType(0, b"")),
        pb.DynamicValue(msgpack=b"\xc1"),
        pb.DynamicValue(msgpack=b"\x82\x01"),
        pb.DynamicValue(json=b"{"),
        pb.DynamicValue(json=b"[]"),
    ],
)
def test_what_is_no_such_block_is_refused(value: pb.DynamicValue) -> None:
    with pytest.raises(Unusable):
        decode(BLOCK, value)
