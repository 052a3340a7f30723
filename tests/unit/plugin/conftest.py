"""Signals as a person's shell hands them on."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def default_signals() -> Iterator[None]:
    """Undo what nohup does: a provider honours that SIGHUP is ignored, and so inherits it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
