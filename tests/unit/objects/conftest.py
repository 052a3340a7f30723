"""A provider in this process, configured for a simulator of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
from helpers import RESTORE_POINT, SEED, Server

from em_simulator import Simulator
from support.called_provider import CLOCK, CalledProvider, called_provider


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(clock=CLOCK, seed=SEED) as running:
        yield running


@pytest.fixture
def server(simulator: Simulator) -> Server:
    return Server(simulator)


@pytest.fixture
def provider(simulator: Simulator) -> Iterator[CalledProvider]:
    with called_provider(simulator) as called:
        yield called


@pytest.fixture
def mount(provider: CalledProvider) -> dict[str, Any]:
    """What names a mount of the tests' restore point, which is one of web02."""
    return provider.mount(RESTORE_POINT)
