"""Signals as a person's shell hands them on, and a folder for sockets."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def default_signals() -> Iterator[None]:
    """Undo what nohup does: a provider honours that SIGHUP is ignored, and so inherits it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary directory with a path short enough for a socket, on macOS too."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        yield Path(path)
