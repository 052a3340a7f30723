"""`make fuzz`: feed the parsers, guided by coverage, for a bounded time."""

import sys

import atheris

with atheris.instrument_imports(include=["terraform_provider_veeam", "fuzz.targets"]):
    from fuzz.targets import TARGETS


def feed(data: bytes) -> None:
    """Hand the input to the parser that its first byte names."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


atheris.Setup(sys.argv, feed)
atheris.Fuzz()
