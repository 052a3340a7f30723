"""A provider in this process, configured for a simulator of its own."""

from collections.abc import Iterator

import pytest
from helpers import SEED, Server

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
