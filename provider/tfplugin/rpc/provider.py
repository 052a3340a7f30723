"""The calls for the provider itself: what it has, its configuration, and its stop."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

import threading

from tfplugin.contexts import ConfigureContext, Context
from tfplugin.rpc.call import Calls
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.codec import block_of, decode
from tfplugin.wire.schemas import function_to_pb, schema_to_pb

_CAPABILITIES = pb.ServerCapabilities(
    plan_destroy=True, get_provider_schema_optional=True, generate_resource_config=True
)


class ProviderCalls(Calls):
    """Metadata, schemas, configuration and stop."""

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
        with self._call("describing the provider", answer=response.diagnostics):
            response.provider.CopyFrom(schema_to_pb(self._provider.get_schema()))
            for schemas, classes in (
                (response.resource_schemas, self._resources),
                (response.data_source_schemas, self._data_sources),
                (response.ephemeral_resource_schemas, self._ephemeral_resources),
                (response.list_resource_schemas, self._list_resources),
            ):
                for name, cls in classes.items():
                    schemas[name].CopyFrom(schema_to_pb(cls.schema))
            for name, action in self._actions.items():
                response.action_schemas[name].schema.CopyFrom(schema_to_pb(action.schema))
            for name, function in self._functions.items():
                response.functions[name].CopyFrom(function_to_pb(function.signature))
        return response

    def ValidateProviderConfig(
        self, request: pb.ValidateProviderConfig.Request, context: object = None
    ) -> pb.ValidateProviderConfig.Response:
        """Check the provider block."""
        response = pb.ValidateProviderConfig.Response()
        with self._call("checking the provider block", answer=response.diagnostics) as call:
            config = decode(block_of(self._provider.get_schema()), request.config) or {}
            self._provider.validate(self._context(Context, call), config)
        return response

    def ConfigureProvider(
        self, request: pb.ConfigureProvider.Request, context: object = None
    ) -> pb.ConfigureProvider.Response:
        """Hand over the provider block.

        A second time means that another command of Terraform, or another provider block, uses
        this process (serve). A stop that came before does not concern it; one that is to
        come also concerns the calls that are under way.
        """
        if self.is_configured and self.stop.is_set():
            self.stop = threading.Event()
        self.is_configured = True
        response = pb.ConfigureProvider.Response()
        with self._call("configuring the provider", answer=response.diagnostics) as call:
            config = decode(block_of(self._provider.get_schema()), request.config) or {}
            ctx = self._context(ConfigureContext, call, request.client_capabilities)
            ctx.terraform_version = request.terraform_version
            self._provider.configure(ctx, config)
        return response

    def StopProvider(
        self, request: pb.StopProvider.Request, context: object = None
    ) -> pb.StopProvider.Response:
        """End every wait. The calls in flight return what they have, and the server goes on."""
        self.stop.set()
        return pb.StopProvider.Response()
