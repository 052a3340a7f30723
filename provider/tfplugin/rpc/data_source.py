"""The calls for data sources."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from tfplugin.contexts import Context
from tfplugin.rpc.call import Calls, present, put_deferral
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.meaning import complete
from tfplugin.wire.planning import fill_in


class DataSourceCalls(Calls):
    """Validate and read."""

    def ValidateDataResourceConfig(
        self, request: pb.ValidateDataResourceConfig.Request, context: object = None
    ) -> pb.ValidateDataResourceConfig.Response:
        """Check the block of a data source."""
        response = pb.ValidateDataResourceConfig.Response()
        self._validate(self._data_sources, request, response.diagnostics)
        return response

    def ReadDataSource(
        self, request: pb.ReadDataSource.Request, context: object = None
    ) -> pb.ReadDataSource.Response:
        """Return what a data source finds."""
        response = pb.ReadDataSource.Response()
        with self._call("reading", request.type_name, response.diagnostics) as call:
            source, codec = self._object(self._data_sources, call)
            ctx = self._context(Context, call, request.client_capabilities)
            found = source.read(ctx, self._config(source, codec, ctx, request.config))
            written = present(ctx.config)
            put_deferral(response, ctx)
            if ctx.deferred:
                later = fill_in(codec.block, written, written, None)
                response.state.CopyFrom(codec.encode(later, may_be_unknown=True))
            elif found is not None:
                response.state.CopyFrom(codec.encode(complete(codec.block, written, found)))
        return response
