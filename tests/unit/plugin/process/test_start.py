"""What is loaded before Terraform's first answer: it waits for that several times a command."""

import subprocess
import sys

from support.plugin_client import PluginClient
from terraform_provider_veeam.plugin.process.cookie import COOKIE, COOKIE_VARIABLE
from terraform_provider_veeam.plugin.process.environment import forget_foreign

SLOW = {"requests", "urllib3", "defusedxml", "em_simulator", "argparse", "tf.provider", "tf.runner"}
FIRST_SIGNAL = """
import signal, sys

def tell(number, handler):
    found = {"grpc", "google.protobuf", "tf", "cryptography", "logging", "re"} & set(sys.modules)
    print(number == signal.SIGINT and handler == signal.SIG_IGN, sorted(found))
    sys.exit(0)

signal.signal = tell
from terraform_provider_veeam.cli import main
main([])
"""


def test_nothing_slow_is_imported_before_the_provider_is_configured() -> None:
    with PluginClient(environment={"PYTHONPROFILEIMPORTTIME": "1"}) as client:
        client.call("GetProviderSchema")
        client.call("ValidateProviderConfig")
        client.shut_down()
        lines = [line for line in client.errors().splitlines() if line.startswith("import time:")]
    imported = {line.rpartition("|")[2].strip() for line in lines}
    assert "grpc" in imported
    assert imported & SLOW == set()


FOREIGN = {
    "GRPC_POLL_STRATEGY": "none",
    "GRPC_VERBOSITY": "DEBUG",
    "GRPC_TRACE": "all",
    "GRPC_SSL_CIPHER_SUITES": "none",
    "GRPC_ENABLE_FORK_SUPPORT": "1",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "/no/such/file",
    "GRPC_PROXY_EXP": "http://127.0.0.1:1",
    "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "none",
}


def test_settings_for_other_programs_of_the_same_libraries_change_nothing() -> None:
    with PluginClient(environment=FOREIGN) as client:
        assert client.call("GetProviderSchema").provider.block.attributes
        assert client.shut_down() == 0
        assert client.errors() == ""


def test_only_settings_of_libraries_are_forgotten() -> None:
    kept = {"HTTPS_PROXY": "x", "SSL_CERT_FILE": "x", "OPENSSL_CONF": "x", "LC_ALL": "C"}
    environment = FOREIGN | kept
    forget_foreign(environment)
    assert environment == kept


def test_ctrl_c_is_ignored_before_anything_slow_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_SIGNAL],
        env={COOKIE_VARIABLE: COOKIE},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True []\n"
