"""The calls that check what a user wrote, and hand over the provider block."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.plugin.calls import Call, Calls
from terraform_provider_veeam.plugin.codec import block_of, decode
from terraform_provider_veeam.plugin.contexts import ConfigureContext, ValidateContext
from terraform_provider_veeam.plugin.messages import pb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terraform_provider_veeam.plugin.interfaces import Typed


class ConfiguringCalls(Calls):
    """Validation of every kind of block, and the configuration of the provider."""

    def ValidateProviderConfig(
        self, request: pb.ValidateProviderConfig.Request, context: object = None
    ) -> pb.ValidateProviderConfig.Response:
        """Check the provider block."""
        call = self._call("checking the provider block")
        with call:
            config = decode(block_of(self._provider.get_schema()), request.config) or {}
            self._provider.validate(ValidateContext(call.diagnostics, "", self.stop), config)
        return pb.ValidateProviderConfig.Response(diagnostics=call.diagnostics_to_pb())

    def ConfigureProvider(
        self, request: pb.ConfigureProvider.Request, context: object = None
    ) -> pb.ConfigureProvider.Response:
        """Hand over the provider block.

        Once more means that another command of Terraform uses this process (serve --debug): a stop
        of the one before is not its matter.
        """
        if self.is_configured:
            self.stop = threading.Event()
        self.is_configured = True
        call = self._call("configuring the provider")
        with call:
            config = decode(block_of(self._provider.get_schema()), request.config) or {}
            ctx = ConfigureContext(
                call.diagnostics,
                self.stop,
                request.terraform_version,
                client_can_defer=request.client_capabilities.deferral_allowed,
            )
            self._provider.configure(ctx, config)
        return pb.ConfigureProvider.Response(diagnostics=call.diagnostics_to_pb())

    def ValidateResourceConfig(
        self, request: pb.ValidateResourceConfig.Request, context: object = None
    ) -> pb.ValidateResourceConfig.Response:
        """Check the block of a managed resource."""
        call = self._validate(self._resources, request)
        return pb.ValidateResourceConfig.Response(diagnostics=call.diagnostics_to_pb())

    def ValidateDataResourceConfig(
        self, request: pb.ValidateDataResourceConfig.Request, context: object = None
    ) -> pb.ValidateDataResourceConfig.Response:
        """Check the block of a data source."""
        call = self._validate(self._data_sources, request)
        return pb.ValidateDataResourceConfig.Response(diagnostics=call.diagnostics_to_pb())

    def ValidateEphemeralResourceConfig(
        self, request: pb.ValidateEphemeralResourceConfig.Request, context: object = None
    ) -> pb.ValidateEphemeralResourceConfig.Response:
        """Check the block of an ephemeral resource."""
        call = self._validate(self._ephemeral_resources, request)
        return pb.ValidateEphemeralResourceConfig.Response(diagnostics=call.diagnostics_to_pb())

    def ValidateListResourceConfig(
        self, request: pb.ValidateListResourceConfig.Request, context: object = None
    ) -> pb.ValidateListResourceConfig.Response:
        """Check the block of a listing."""
        call = self._validate(self._list_resources, request)
        return pb.ValidateListResourceConfig.Response(diagnostics=call.diagnostics_to_pb())

    def ValidateActionConfig(
        self, request: pb.ValidateActionConfig.Request, context: object = None
    ) -> pb.ValidateActionConfig.Response:
        """Check the block of an action."""
        call = self._validate(self._actions, request)
        return pb.ValidateActionConfig.Response(diagnostics=call.diagnostics_to_pb())

    def _validate(self, classes: Mapping[str, type[Typed]], request: Any) -> Call:
        call = self._call("checking", request.type_name)
        with call:
            form = self._form(classes, request.type_name)
            ctx = ValidateContext(call.diagnostics, request.type_name, self.stop)
            self._new(classes, request.type_name).validate(ctx, form.decode_present(request.config))
        return call
