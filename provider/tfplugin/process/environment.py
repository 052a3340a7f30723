"""What the environment tells a process at its start. Costs no import: Ctrl-C is ignored next."""

from collections.abc import Mapping, MutableMapping

COOKIE_VARIABLE = "TF_PLUGIN_MAGIC_COOKIE"
COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"

# gRPC's choose how it waits, which ciphers it knows, what it prints; protobuf's, in which language
# it runs, if at all. They are meant for programs that people write themselves.
_FOREIGN = ("GRPC_", "PROTOCOL_BUFFERS_PYTHON_")


def started_by_terraform(environment: Mapping[str, str]) -> bool:
    """Return whether Terraform, OpenTofu or the like made this environment."""
    return environment.get(COOKIE_VARIABLE) == COOKIE


def forget_foreign(environment: MutableMapping[str, str]) -> None:
    """Take settings of libraries that only run inside out of it, before they are imported.

    What is the system's stays: its policy for TLS, proxies, authorities, language.
    """
    for name in [name for name in environment if name.upper().startswith(_FOREIGN)]:
        del environment[name]
