"""The messages that tell Terraform what the provider's objects look like."""

from support.toy_objects import Join, Thing, schema
from tfplugin.attribute import Attribute, NestedAttribute, computed
from tfplugin.schema import Schema
from tfplugin.types import Object, String
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.schemas import (
    function_to_pb,
    identity_schema_to_pb,
    schema_to_pb,
)


def test_a_schema_is_told_with_everything_in_it() -> None:
    message = schema_to_pb(schema())
    assert message.version == 2
    assert (message.block.description, message.block.description_kind) == ("A thing.", pb.MARKDOWN)
    name, size, kind, word, id_, parts = message.block.attributes
    assert name == pb.Schema.Attribute(
        name="name",
        type=b'"string"',
        description="Its name.",
        description_kind=pb.MARKDOWN,
        required=True,
    )
    assert (size.type, size.optional, size.computed) == (b'"number"', True, False)
    assert (kind.optional, kind.computed) == (True, True)
    assert word.sensitive
    assert id_.computed
    assert parts.type == b'["list","string"]'
    (timeouts,) = message.block.block_types
    assert (timeouts.type_name, timeouts.nesting) == ("timeouts", pb.Schema.NestedBlock.SINGLE)
    assert timeouts.block.attributes[0].name == "create"


def test_attributes_of_objects_that_are_deprecated_or_write_only_are_told_as_such() -> None:
    items = NestedAttribute("items", [computed("name", "A name.")], "All.", is_list=True)
    written = Attribute("word", String(), "A word.", write_only=True, deprecated=True)
    first, second = schema_to_pb(Schema(attributes=[items, written])).block.attributes
    assert (first.type, first.nested_type.nesting) == (b"", pb.Schema.Object.LIST)
    assert first.nested_type.attributes[0].description == "A name."
    assert not first.write_only
    assert (second.write_only, second.deprecated) == (True, True)


def test_an_object_type_is_written_with_its_names_in_order() -> None:
    kind = Object({"b": String(), "a": Object({"c": String()})})
    assert kind.tf_type() == b'["object",{"a":["object",{"c":"string"}],"b":"string"}]'


def test_an_identity_is_told_with_what_an_import_needs() -> None:
    message = identity_schema_to_pb(Thing.identity_schema)
    assert message.version == 1
    (id_,) = message.identity_attributes
    assert (id_.name, id_.type, id_.description) == ("id", b'"string"', "Its id.")
    assert (id_.required_for_import, id_.optional_for_import) == (True, False)


def test_a_function_is_told_with_its_parameters_and_result() -> None:
    message = function_to_pb(Join.signature)
    word, times = message.parameters
    assert (word.name, word.type, word.description) == ("word", b'"string"', "A word.")
    assert times.type == b'"number"'
    assert getattr(message, "return").type == b'["list","string"]'
    assert message.summary == "Repeats."
