"""Every call of the protocol, put together from its kinds."""

# ruff: noqa: N802 - a method is named as its call in the protocol

from __future__ import annotations

from terraform_provider_veeam.plugin.configuring_calls import ConfiguringCalls
from terraform_provider_veeam.plugin.data_calls import DataCalls
from terraform_provider_veeam.plugin.describing_calls import DescribingCalls
from terraform_provider_veeam.plugin.ephemeral_calls import EphemeralCalls
from terraform_provider_veeam.plugin.managed_calls import ManagedCalls
from terraform_provider_veeam.plugin.messages import pb
from terraform_provider_veeam.plugin.state_calls import StateCalls
from terraform_provider_veeam.plugin.streaming_calls import StreamingCalls


class ProviderServicer(
    DescribingCalls,
    ConfiguringCalls,
    StateCalls,
    ManagedCalls,
    DataCalls,
    EphemeralCalls,
    StreamingCalls,
):
    """Answers Terraform for one provider, many calls at once."""

    def StopProvider(
        self, request: pb.StopProvider.Request, context: object = None
    ) -> pb.StopProvider.Response:
        """End every wait. The calls in flight return what they have, and the server goes on."""
        self.stop.set()
        return pb.StopProvider.Response()
