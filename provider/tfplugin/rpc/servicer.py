"""Every call of the protocol, put together from its kinds."""

from tfplugin.rpc.action import ActionCalls
from tfplugin.rpc.data_source import DataSourceCalls
from tfplugin.rpc.ephemeral import EphemeralCalls
from tfplugin.rpc.function import FunctionCalls
from tfplugin.rpc.list import ListCalls
from tfplugin.rpc.provider import ProviderCalls
from tfplugin.rpc.resource import ResourceCalls


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
