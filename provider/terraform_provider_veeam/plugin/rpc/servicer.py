"""Every call of the protocol, put together from its kinds."""

from terraform_provider_veeam.plugin.rpc.action import ActionCalls
from terraform_provider_veeam.plugin.rpc.data_source import DataSourceCalls
from terraform_provider_veeam.plugin.rpc.ephemeral import EphemeralCalls
from terraform_provider_veeam.plugin.rpc.function import FunctionCalls
from terraform_provider_veeam.plugin.rpc.list import ListCalls
from terraform_provider_veeam.plugin.rpc.provider import ProviderCalls
from terraform_provider_veeam.plugin.rpc.resource import ResourceCalls


class ProviderServicer(
    ProviderCalls,
    ResourceCalls,
    DataSourceCalls,
    EphemeralCalls,
    ListCalls,
    ActionCalls,
    FunctionCalls,
):
    """Answers Terraform for one provider, many calls at once."""
