"""A client of the toy provider, as the tests of its process need it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.plugin_client import PluginClient
from tfplugin.wire import tfplugin6_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

TOY = (sys.executable, str(Path(__file__).with_name("toy_provider.py")))


@contextmanager
def toy(folder: Path, **environment: str) -> Iterator[PluginClient]:
    """A connected toy provider; it is killed at the end when it has not ended by itself."""
    with PluginClient(TOY, {"TMPDIR": str(folder), **environment}) as client:
        client.connect()
        yield client


def apply(gate: Path) -> Any:
    """Return the request for work that goes on until the gate, a file, is there."""
    return pb.ApplyResourceChange.Request(type_name=str(gate))


def wait_for_line(client: PluginClient, text: str) -> None:
    """Return once the provider has written a log line with that text."""
    assert client.process.stderr is not None
    while text not in client.process.stderr.readline().decode():
        assert client.process.poll() is None
