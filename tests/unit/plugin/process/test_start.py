"""What is loaded before Terraform's first answer: it waits for that several times a command."""

from support.plugin_client import PluginClient

SLOW = {"requests", "urllib3", "defusedxml", "em_simulator", "argparse", "tf.provider", "tf.runner"}


def test_nothing_slow_is_imported_before_the_provider_is_configured() -> None:
    with PluginClient(environment={"PYTHONPROFILEIMPORTTIME": "1"}) as client:
        client.call("GetProviderSchema")
        client.call("ValidateProviderConfig")
        client.shut_down()
        lines = [line for line in client.errors().splitlines() if line.startswith("import time:")]
    imported = {line.rpartition("|")[2].strip() for line in lines}
    assert "grpc" in imported
    assert imported & SLOW == set()
