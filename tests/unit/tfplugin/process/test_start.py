"""What is loaded before Terraform's first answer: it waits for that several times a command."""

import json
import signal
import subprocess
import sys

import pytest

import terraform_provider_veeam
from support.plugin_client import PluginClient
from terraform_provider_veeam import __version__, cli, schema_answers
from terraform_provider_veeam.provider import VeeamProvider
from terraform_provider_veeam.schema_answers import ANSWERS
from tfplugin.process.environment import COOKIE, COOKIE_VARIABLE, forget_foreign
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.wire import tfplugin6_pb2 as pb

SLOW = {"requests", "urllib3", "defusedxml", "em_simulator", "argparse", "tf.provider", "tf.runner"}
NOT_FOR_THE_SCHEMA = SLOW | {
    "asyncio",
    "cryptography.hazmat.primitives.ciphers",
    "dis",  # which `inspect` imports
    "google.protobuf",
    "grpc.aio",
    "inspect",
    "msgpack",
    "rich",
    "tf",
    *(
        f"terraform_provider_veeam.{name}"
        for name in (
            "cli.commands",
            "config",
            "em",
            "keep_alive",
            "objects",
            "plugin.rpc",
            "provider",
        )
    ),
}
NOTHING_CONFIGURED = pb.ConfigureProvider.Request(
    config=pb.DynamicValue(
        json=json.dumps(
            {attribute.name: None for attribute in VeeamProvider.schema.attributes}
        ).encode()
    )
)
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


def imported_for(*calls: str, **environment: str) -> set[str]:
    """Return the modules that a provider has imported by the time it has answered these calls."""
    with PluginClient(environment={"PYTHONPROFILEIMPORTTIME": "1", **environment}) as client:
        for call in calls:
            client.call(call, NOTHING_CONFIGURED if call == "ConfigureProvider" else None)
        client.signal(signal.SIGKILL)
        lines = [line for line in client.errors().splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_the_schema_is_answered_before_anything_else_is_imported() -> None:
    imported = imported_for(*ANSWERS)
    assert "grpc" in imported
    below = {f"{name}." for name in NOT_FOR_THE_SCHEMA}
    assert imported & NOT_FOR_THE_SCHEMA == set()
    assert [name for name in imported if name.startswith(tuple(below))] == []


def test_nothing_slow_is_imported_before_the_provider_is_configured() -> None:
    imported = imported_for("GetProviderSchema", "ValidateProviderConfig")
    assert "terraform_provider_veeam.provider" in imported
    assert imported & {*SLOW, "google.protobuf.internal.python_message"} == set()


def test_nothing_slow_is_imported_to_be_configured() -> None:
    settings = {"URL": "https://em.example.com", "USERNAME": "somebody", "PASSWORD": "a secret"}
    environment = {f"VEEAM_EM_{name}": value for name, value in settings.items()}
    assert imported_for("ConfigureProvider", **environment) & SLOW == set()


def test_what_is_answered_beforehand_is_what_the_classes_say() -> None:
    servicer = ProviderServicer(VeeamProvider(), mask=str)
    assert __version__ == schema_answers.VERSION
    for name, answer in ANSWERS.items():
        said = getattr(servicer, name)(getattr(pb, name).Request())
        assert type(said).FromString(answer) == said


@pytest.mark.parametrize("version", [None, "0.0.1"])
def test_without_an_answer_of_this_version_the_classes_are_asked(
    version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if version is None:
        monkeypatch.setitem(sys.modules, schema_answers.__name__, None)
        monkeypatch.delattr(terraform_provider_veeam, "schema_answers")
    else:
        monkeypatch.setattr(schema_answers, "VERSION", version)
    assert cli.prepared_answers() == {}


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
