"""The messages that tell Terraform what the provider's objects look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.plugin.codec import is_single
from terraform_provider_veeam.plugin.messages import pb
from terraform_provider_veeam.plugin.schema import ListNestedAttribute

# isort: split
from tf.schema import TextFormat

if TYPE_CHECKING:
    from tf.function import FunctionSignature, Parameter
    from tf.schema import Attribute, Block, NestedBlock, Schema

    from terraform_provider_veeam.plugin.schema import IdentitySchema


def schema_to_pb(schema: Schema) -> pb.Schema:
    """Return the message of a schema."""
    return pb.Schema(version=schema.version or 0, block=_block_to_pb(schema))


def _block_to_pb(block: Schema | Block) -> pb.Schema.Block:
    return pb.Schema.Block(
        attributes=[_attribute_to_pb(attribute) for attribute in block.attributes],
        block_types=[_nested_to_pb(nested) for nested in block.block_types],
        description=block.description or "",
        description_kind=_kind(block),
        deprecated=bool(block.deprecated),
    )


def _attribute_to_pb(attribute: Attribute) -> pb.Schema.Attribute:
    nested = attribute if isinstance(attribute, ListNestedAttribute) else None
    return pb.Schema.Attribute(
        name=attribute.name,
        type=b"" if nested else attribute.type.tf_type(),
        nested_type=_object_to_pb(nested) if nested else None,
        description=attribute.description or "",
        description_kind=_kind(attribute),
        required=bool(attribute.required),
        optional=bool(attribute.optional),
        computed=bool(attribute.computed),
        sensitive=bool(attribute.sensitive),
        deprecated=bool(attribute.deprecated),
        # What tf's own Attribute does not have:
        deprecation_message=getattr(attribute, "deprecation_message", None) or "",
        write_only=getattr(attribute, "write_only", False),
    )


def _object_to_pb(attribute: ListNestedAttribute) -> pb.Schema.Object:
    return pb.Schema.Object(
        attributes=[_attribute_to_pb(inner) for inner in attribute.attributes],
        nesting=pb.Schema.Object.LIST,
    )


def _nested_to_pb(nested: NestedBlock) -> pb.Schema.NestedBlock:
    modes = pb.Schema.NestedBlock
    return pb.Schema.NestedBlock(
        type_name=nested.type_name,
        block=_block_to_pb(nested.block),
        nesting=modes.SINGLE if is_single(nested) else modes.SET,
        min_items=nested.min_items or 0,
        max_items=nested.max_items or 0,
    )


def identity_schema_to_pb(schema: IdentitySchema) -> pb.ResourceIdentitySchema:
    """Return the message of an identity's schema."""
    return pb.ResourceIdentitySchema(
        version=schema.version,
        identity_attributes=[
            pb.ResourceIdentitySchema.IdentityAttribute(
                name=attribute.name,
                type=attribute.type.tf_type(),
                description=attribute.description,
                required_for_import=attribute.required_for_import,
                optional_for_import=attribute.optional_for_import,
            )
            for attribute in schema.attributes
        ],
    )


def function_to_pb(signature: FunctionSignature) -> pb.Function:
    """Return the message of a function's signature."""
    variadic = signature.variadic_parameter
    message = pb.Function(
        parameters=[_parameter_to_pb(parameter) for parameter in signature.parameters],
        variadic_parameter=_parameter_to_pb(variadic) if variadic else None,
        summary=signature.summary or "",
        description=signature.description or "",
        description_kind=_kind(signature),
        deprecation_message=signature.deprecation_message or "",
    )
    # A keyword of Python, so no name of an argument.
    getattr(message, "return").type = signature.return_type.type.tf_type()
    return message


def _parameter_to_pb(parameter: Parameter) -> pb.Function.Parameter:
    return pb.Function.Parameter(
        name=parameter.name,
        type=parameter.type.tf_type(),
        allow_null_value=parameter.allow_null_value,
        allow_unknown_values=parameter.allow_unknown_values,
        description=parameter.description or "",
        description_kind=_kind(parameter),
    )


def _kind(described: Any) -> pb.StringKind.ValueType:
    """Return the kind of a description: Markdown unless it says that it is plain."""
    return pb.PLAIN if described.description_kind is TextFormat.Plain else pb.MARKDOWN
