"""What other programs' settings would change in this one. Costs no import."""

from collections.abc import MutableMapping

# gRPC's choose how it waits, which ciphers it knows, what it prints; protobuf's, in which language
# it runs, if at all. They are meant for programs that people write themselves.
_FOREIGN = ("GRPC_", "PROTOCOL_BUFFERS_PYTHON_")


def forget_foreign(environment: MutableMapping[str, str]) -> None:
    """Take settings of libraries that only run inside out of it, before they are imported.

    What is the system's stays: its policy for TLS, proxies, authorities, language.
    """
    for name in [name for name in environment if name.upper().startswith(_FOREIGN)]:
        del environment[name]
