"""The calls for actions."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from collections.abc import Iterator

from tfplugin.contexts import Context
from tfplugin.rpc.call import Calls, put_deferral
from tfplugin.wire import tfplugin6_pb2 as pb


class ActionCalls(Calls):
    """Validate, plan and invoke."""

    def ValidateActionConfig(
        self, request: pb.ValidateActionConfig.Request, context: object = None
    ) -> pb.ValidateActionConfig.Response:
        """Check the block of an action."""
        response = pb.ValidateActionConfig.Response()
        self._validate(self._actions, request, response.diagnostics)
        return response

    def PlanAction(
        self, request: pb.PlanAction.Request, context: object = None
    ) -> pb.PlanAction.Response:
        """Check whether the action could be run."""
        response = pb.PlanAction.Response()
        with self._call("planning", request.action_type, response.diagnostics) as call:
            action, codec = self._object(self._actions, call)
            ctx = self._context(Context, call, request.client_capabilities)
            action.plan(ctx, self._plan_config(action, codec, ctx, request.config))
            put_deferral(response, ctx)
        return response

    def InvokeAction(
        self, request: pb.InvokeAction.Request, context: object = None
    ) -> Iterator[pb.InvokeAction.Event]:
        """Run the action, and tell how it goes and how it ended."""
        of = pb.InvokeAction.Event
        with self._call("running", request.action_type) as call:
            action, codec = self._object(self._actions, call)
            ctx = self._context(Context, call)
            for line in action.invoke(ctx, self._config(action, codec, ctx, request.config)):
                if self.stop.is_set():
                    # Terraform takes nothing but the end now: after a line, the end crashes it.
                    continue
                # One line: a name with a line break in it must not look like one of Terraform's.
                yield of(progress=of.Progress(message=self._one_line(line)))
        yield of(completed=of.Completed(diagnostics=call.diagnostics_to_pb()))
