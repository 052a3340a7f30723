"""The messages that tell Terraform what objects look like; every description is Markdown."""

from tf.schema import Attribute

from tfplugin import schema as of
from tfplugin.attribute import NestedAttribute, NestedBlock
from tfplugin.wire import tfplugin6_pb2 as pb


def schema_to_pb(schema: of.Schema) -> pb.Schema:
    """Return the message of a schema."""
    return pb.Schema(version=schema.version or 0, block=_block_to_pb(schema))


def _block_to_pb(block: of.Schema | NestedBlock) -> pb.Schema.Block:
    nested = [one for one in block.attributes if isinstance(one, NestedBlock)]
    return pb.Schema.Block(
        attributes=[_attribute_to_pb(one) for one in block.attributes if one not in nested],
        block_types=[
            pb.Schema.NestedBlock(
                type_name=one.name, block=_block_to_pb(one), nesting=pb.Schema.NestedBlock.SINGLE
            )
            for one in nested
        ],
        description=block.description or "",
        description_kind=pb.MARKDOWN,
        deprecated=bool(block.deprecated),
    )


def _attribute_to_pb(attribute: Attribute) -> pb.Schema.Attribute:
    nested = attribute if isinstance(attribute, NestedAttribute) else None
    return pb.Schema.Attribute(
        name=attribute.name,
        type=b"" if nested else attribute.type.tf_type(),
        nested_type=pb.Schema.Object(
            attributes=map(_attribute_to_pb, nested.attributes),
            nesting=pb.Schema.Object.LIST if nested.is_list else pb.Schema.Object.SINGLE,
        )
        if nested
        else None,
        description=attribute.description or "",
        description_kind=pb.MARKDOWN,
        required=bool(attribute.required),
        optional=bool(attribute.optional),
        computed=bool(attribute.computed),
        sensitive=bool(attribute.sensitive),
        deprecated=bool(attribute.deprecated),
        write_only=getattr(attribute, "write_only", False),  # tf's own Attribute has none
    )


def identity_schema_to_pb(schema: of.Schema) -> pb.ResourceIdentitySchema:
    """Return the message of an identity's schema."""
    return pb.ResourceIdentitySchema(
        version=schema.version or 0,
        identity_attributes=[
            pb.ResourceIdentitySchema.IdentityAttribute(
                name=attribute.name,
                type=attribute.type.tf_type(),
                description=attribute.description or "",
                required_for_import=bool(attribute.required),
                optional_for_import=bool(attribute.optional),
            )
            for attribute in schema.attributes
        ],
    )


def function_to_pb(signature: of.FunctionSignature) -> pb.Function:
    """Return the message of a function's signature."""
    message = pb.Function(
        parameters=[
            pb.Function.Parameter(
                name=parameter.name,
                type=parameter.type.tf_type(),
                description=parameter.description or "",
                description_kind=pb.MARKDOWN,
            )
            for parameter in signature.parameters
        ],
        summary=signature.summary or "",
        description=signature.description or "",
        description_kind=pb.MARKDOWN,
    )
    # A keyword of Python, so no name of an argument.
    getattr(message, "return").type = signature.return_type.type.tf_type()
    return message
