"""Every call of the protocol: those for resources are in `resource`."""

# ruff: noqa: N802 - a method is named as its call in the protocol

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from tfplugin import contexts
from tfplugin.errors import FunctionFailed
from tfplugin.rpc.call import Codec, find, present, put_deferral, validation
from tfplugin.rpc.resource import ResourceCalls
from tfplugin.schema import FunctionSignature
from tfplugin.types import Unknown
from tfplugin.wire import codec
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.diagnostics import Unusable
from tfplugin.wire.meaning import complete
from tfplugin.wire.planning import fill_in
from tfplugin.wire.schemas import function_to_pb, schema_to_pb

_CAPABILITIES = pb.ServerCapabilities(
    plan_destroy=True, get_provider_schema_optional=True, generate_resource_config=True
)


class ProviderServicer(ResourceCalls):
    """Answers Terraform for one provider, many calls at once."""

    def GetMetadata(
        self, request: pb.GetMetadata.Request, context: object = None
    ) -> pb.GetMetadata.Response:
        """Return the names of all that there is."""
        of, there = pb.GetMetadata, self._provider
        return of.Response(
            server_capabilities=_CAPABILITIES,
            data_sources=[of.DataSourceMetadata(type_name=n) for n in there.data_sources],
            resources=[of.ResourceMetadata(type_name=n) for n in there.resources],
            functions=[of.FunctionMetadata(name=n) for n in there.functions],
            ephemeral_resources=[
                of.EphemeralMetadata(type_name=n) for n in there.ephemeral_resources
            ],
            list_resources=[of.ListResourceMetadata(type_name=n) for n in there.list_resources],
            actions=[of.ActionMetadata(type_name=n) for n in there.actions],
        )

    def GetProviderSchema(
        self, request: pb.GetProviderSchema.Request, context: object = None
    ) -> pb.GetProviderSchema.Response:
        """Return the schema of the provider block and of every type."""
        response = pb.GetProviderSchema.Response(server_capabilities=_CAPABILITIES)
        with self._call("describing the provider", answer=response.diagnostics):
            response.provider.CopyFrom(schema_to_pb(self._provider.schema))
            for schemas, classes in (
                (response.resource_schemas, self._provider.resources),
                (response.data_source_schemas, self._provider.data_sources),
                (response.ephemeral_resource_schemas, self._provider.ephemeral_resources),
                (response.list_resource_schemas, self._provider.list_resources),
            ):
                for name, cls in classes.items():
                    schemas[name].CopyFrom(schema_to_pb(cls.schema))
            for name, action in self._provider.actions.items():
                response.action_schemas[name].schema.CopyFrom(schema_to_pb(action.schema))
            for name, function in self._provider.functions.items():
                response.functions[name].CopyFrom(function_to_pb(function.signature))
        return response

    def ValidateProviderConfig(
        self, request: pb.ValidateProviderConfig.Request, context: object = None
    ) -> pb.ValidateProviderConfig.Response:
        """Check the provider block."""
        response = pb.ValidateProviderConfig.Response()
        with self._call("checking the provider block", answer=response.diagnostics) as call:
            config = codec.decode(self._provider.schema.attributes, request.config) or {}
            self._provider.validate(self._context(contexts.Context, call), config)
        return response

    def ConfigureProvider(
        self, request: pb.ConfigureProvider.Request, context: object = None
    ) -> pb.ConfigureProvider.Response:
        """Hand over the provider block; with `serve`, perhaps that of another command.

        A stop that came before does not concern that one.
        """
        if self.is_configured and self.stop.is_set():
            self.stop = threading.Event()
        self.is_configured = True
        response = pb.ConfigureProvider.Response()
        with self._call("configuring the provider", answer=response.diagnostics) as call:
            config = codec.decode(self._provider.schema.attributes, request.config) or {}
            ctx = self._context(contexts.ConfigureContext, call, request.client_capabilities)
            ctx.terraform_version = request.terraform_version
            self._provider.configure(ctx, config)
        return response

    def StopProvider(
        self, request: pb.StopProvider.Request, context: object = None
    ) -> pb.StopProvider.Response:
        """End every wait. The calls in flight return what they have, and the server goes on."""
        self.stop.set()
        return pb.StopProvider.Response()

    ValidateDataResourceConfig = validation("data_sources")

    def ReadDataSource(
        self, request: pb.ReadDataSource.Request, context: object = None
    ) -> pb.ReadDataSource.Response:
        """Return what a data source finds."""
        response = pb.ReadDataSource.Response()
        with self._call("reading", request.type_name, response.diagnostics) as call:
            source, values = self._object(self._provider.data_sources, call)
            ctx = self._context(contexts.Context, call, request.client_capabilities)
            found = source.read(ctx, self._config(source, values, ctx, request.config))
            written = present(ctx.config)
            put_deferral(response, ctx)
            if ctx.deferred:
                later = fill_in(values.attributes, written, written, None)
                response.state.CopyFrom(values.encode(later, may_be_unknown=True))
            elif found is not None:
                response.state.CopyFrom(values.encode(complete(values.attributes, written, found)))
        return response

    ValidateEphemeralResourceConfig = validation("ephemeral_resources")

    def OpenEphemeralResource(
        self, request: pb.OpenEphemeralResource.Request, context: object = None
    ) -> pb.OpenEphemeralResource.Response:
        """Make it; an error means that nothing was made. OpenTofu takes no Unknown results."""
        response = pb.OpenEphemeralResource.Response()
        with self._call("opening", request.type_name, response.diagnostics) as call:
            ephemeral, values = self._object(self._provider.ephemeral_resources, call)
            ctx = self._context(contexts.EphemeralContext, call, request.client_capabilities)
            found = ephemeral.open(ctx, self._config(ephemeral, values, ctx, request.config))
            put_deferral(response, ctx)
            if not ctx.deferred and found is not None:
                result = complete(values.attributes, present(ctx.config), found)
                response.result.CopyFrom(values.encode(result, may_be_unknown=True))
            _put_renewal(response, ctx)
            if not ctx.deferred and found is not None:
                ctx.stop = threading.Event()
                self._answers.give(context, partial(ephemeral.close, ctx))
        return response

    def RenewEphemeralResource(
        self, request: pb.RenewEphemeralResource.Request, context: object = None
    ) -> pb.RenewEphemeralResource.Response:
        """Keep it alive."""
        response = pb.RenewEphemeralResource.Response(private=request.private)
        with self._call("renewing", request.type_name, response.diagnostics) as call:
            ephemeral, _ = self._object(self._provider.ephemeral_resources, call)
            ctx = self._context(contexts.EphemeralContext, call)
            ctx.private = request.private
            ephemeral.renew(ctx)
            _put_renewal(response, ctx)
        return response

    def CloseEphemeralResource(
        self, request: pb.CloseEphemeralResource.Request, context: object = None
    ) -> pb.CloseEphemeralResource.Response:
        """End it, also after Terraform was told to stop."""
        response = pb.CloseEphemeralResource.Response()
        with self._call("closing", request.type_name, response.diagnostics) as call:
            ephemeral, _ = self._object(self._provider.ephemeral_resources, call)
            ctx = self._context(contexts.EphemeralContext, call)
            ctx.private = request.private
            ctx.stop = threading.Event()
            ephemeral.close(ctx)
        return response

    ValidateListResourceConfig = validation("list_resources")

    def ListResource(
        self, request: pb.ListResource.Request, context: object = None
    ) -> Iterator[pb.ListResource.Event]:
        """Send what is found, one by one, and the diagnostics at the end."""
        with self._call("listing", request.type_name) as call:
            listing, values = self._object(self._provider.list_resources, call)
            listed = Codec(find(self._provider.resources, request.type_name), call.diagnostics)
            ctx = self._context(contexts.ListContext, call)
            ctx.limit = request.limit
            ctx.include_resource_object = request.include_resource_object
            found = listing.list(ctx, self._config(listing, values, ctx, request.config))
            for item in islice(found, request.limit if request.limit > 0 else None):
                event = pb.ListResource.Event(display_name=self._one_line(item.display_name))
                listed.put_identity(event, "identity", item.identity)
                if item.resource_object is not None:
                    event.resource_object.CopyFrom(listed.encode(item.resource_object))
                yield event
        if call.diagnostics.diagnostics:
            yield pb.ListResource.Event(diagnostic=call.diagnostics_to_pb())

    ValidateActionConfig = validation("actions")

    def PlanAction(
        self, request: pb.PlanAction.Request, context: object = None
    ) -> pb.PlanAction.Response:
        """Check whether the action could be run."""
        response = pb.PlanAction.Response()
        with self._call("planning", request.action_type, response.diagnostics) as call:
            action, values = self._object(self._provider.actions, call)
            ctx = self._context(contexts.Context, call, request.client_capabilities)
            action.plan(ctx, self._plan_config(action, values, ctx, request.config))
            put_deferral(response, ctx)
        return response

    def InvokeAction(
        self, request: pb.InvokeAction.Request, context: object = None
    ) -> Iterator[pb.InvokeAction.Event]:
        """Run the action, and tell how it goes and how it ended."""
        of = pb.InvokeAction.Event
        with self._call("running", request.action_type) as call:
            action, values = self._object(self._provider.actions, call)
            ctx = self._context(contexts.Context, call)
            for line in action.invoke(ctx, self._config(action, values, ctx, request.config)):
                if self.stop.is_set():
                    # Terraform takes nothing but the end now: after a line, the end crashes it.
                    continue
                # One line: a name with a line break in it must not look like one of Terraform's.
                yield of(progress=of.Progress(message=self._one_line(line)))
        yield of(completed=of.Completed(diagnostics=call.diagnostics_to_pb()))

    def GetFunctions(
        self, request: pb.GetFunctions.Request, context: object = None
    ) -> pb.GetFunctions.Response:
        """Return the signatures of the functions."""
        response = pb.GetFunctions.Response()
        with self._call("describing functions", answer=response.diagnostics):
            for name, function in self._provider.functions.items():
                response.functions[name].CopyFrom(function_to_pb(function.signature))
        return response

    def CallFunction(
        self, request: pb.CallFunction.Request, context: object = None
    ) -> pb.CallFunction.Response:
        """Return the result of a function, or why there is none."""
        response = pb.CallFunction.Response()
        try:
            cls = find(self._provider.functions, request.name)
            signature = cls.signature
            result = cls(self._provider).call(*_arguments(signature, request.arguments))
            response.result.CopyFrom(_result(signature, result))
        except FunctionFailed as error:
            response.error.text = self._mask(error.text)
            if error.argument is not None:
                response.error.function_argument = error.argument
        except Exception as error:  # noqa: BLE001 - whatever it is, a person is told
            said = self._call("calling", request.name).describe(error)
            text = f"{said.summary}: {said.detail}".removesuffix(": ")
            response.error.text = self._mask(text)
        return response


def _put_renewal(response: Any, ctx: contexts.EphemeralContext) -> None:
    response.private = ctx.private
    if ctx.renew_at is not None:
        moment = ctx.renew_at.timestamp()
        response.renew_at.seconds = int(moment)
        response.renew_at.nanos = int(moment % 1 * 1e9)


def _arguments(signature: FunctionSignature, messages: Sequence[pb.DynamicValue]) -> list[Any]:
    parameters = signature.parameters
    if len(parameters) != len(messages):
        raise FunctionFailed(f"It takes {len(parameters)} arguments, not {len(messages)}.")
    arguments = []
    for position, (parameter, message) in enumerate(zip(parameters, messages, strict=True)):
        try:
            value = codec.decode_value(parameter.type, codec.unpack(message), [parameter.name])
            if value is None or value is Unknown:  # which Terraform itself refuses
                raise FunctionFailed(
                    f"{parameter.name}: This has to be known, and not null.", position
                )
            check = getattr(parameter, "check", None)  # tf's own Parameter has none
            arguments.append(check(value) if check else value)
        except Unusable as error:
            raise FunctionFailed(f"{parameter.name}: {error.text}", position) from error
        except ValueError as error:
            raise FunctionFailed(str(error), position) from error
    return arguments


def _result(signature: FunctionSignature, result: Any) -> pb.DynamicValue:
    encoder = codec.Encoder(may_be_unknown=False)
    plain = encoder.value(signature.return_type.type, result, [])
    for problem in encoder.problems:
        raise problem
    return codec.pack(plain)
