"""The calls by which Terraform learns what the provider has."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

from terraform_provider_veeam.plugin.calls import Calls
from terraform_provider_veeam.plugin.messages import pb
from terraform_provider_veeam.plugin.wire_schema import (
    function_to_pb,
    identity_schema_to_pb,
    schema_to_pb,
)

_CAPABILITIES = pb.ServerCapabilities(
    plan_destroy=True, get_provider_schema_optional=True, generate_resource_config=True
)


class DescribingCalls(Calls):
    """Metadata, schemas, identities and functions. Nothing here depends on the configuration."""

    def GetMetadata(
        self, request: pb.GetMetadata.Request, context: object = None
    ) -> pb.GetMetadata.Response:
        """Return the names of all that there is."""
        of = pb.GetMetadata
        return pb.GetMetadata.Response(
            server_capabilities=_CAPABILITIES,
            data_sources=[of.DataSourceMetadata(type_name=n) for n in self._data_sources],
            resources=[of.ResourceMetadata(type_name=n) for n in self._resources],
            functions=[of.FunctionMetadata(name=n) for n in self._functions],
            ephemeral_resources=[
                of.EphemeralMetadata(type_name=n) for n in self._ephemeral_resources
            ],
            list_resources=[of.ListResourceMetadata(type_name=n) for n in self._list_resources],
            actions=[of.ActionMetadata(type_name=n) for n in self._actions],
        )

    def GetProviderSchema(
        self, request: pb.GetProviderSchema.Request, context: object = None
    ) -> pb.GetProviderSchema.Response:
        """Return the schema of the provider block and of every type."""
        response = pb.GetProviderSchema.Response(server_capabilities=_CAPABILITIES)
        call = self._call("describing the provider")
        with call:
            response.provider.CopyFrom(schema_to_pb(self._provider.get_schema()))
            for schemas, classes in (
                (response.resource_schemas, self._resources),
                (response.data_source_schemas, self._data_sources),
                (response.ephemeral_resource_schemas, self._ephemeral_resources),
                (response.list_resource_schemas, self._list_resources),
            ):
                for name, cls in classes.items():
                    schemas[name].CopyFrom(schema_to_pb(cls.get_schema()))
            for name, action in self._actions.items():
                response.action_schemas[name].schema.CopyFrom(schema_to_pb(action.get_schema()))
            for name, function in self._functions.items():
                response.functions[name].CopyFrom(function_to_pb(function.get_signature()))
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def GetResourceIdentitySchemas(
        self, request: pb.GetResourceIdentitySchemas.Request, context: object = None
    ) -> pb.GetResourceIdentitySchemas.Response:
        """Return the schema of the identity of each resource that has one."""
        response = pb.GetResourceIdentitySchemas.Response()
        call = self._call("describing identities")
        with call:
            for name, cls in self._resources.items():
                schema = cls.get_identity_schema()
                if schema is not None:
                    response.identity_schemas[name].CopyFrom(identity_schema_to_pb(schema))
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response

    def GetFunctions(
        self, request: pb.GetFunctions.Request, context: object = None
    ) -> pb.GetFunctions.Response:
        """Return the signatures of the functions."""
        response = pb.GetFunctions.Response()
        call = self._call("describing functions")
        with call:
            for name, function in self._functions.items():
                response.functions[name].CopyFrom(function_to_pb(function.get_signature()))
        response.diagnostics.extend(call.diagnostics_to_pb())
        return response
