"""The client against a real server, on a clock that is handed in."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, Family, Simulator
from support.clocks import FakeClock
from terraform_provider_veeam import masking
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType
from terraform_provider_veeam.em.settings import Settings

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has concealed is not hidden from another."""
    monkeypatch.setattr(masking, "known", masking.Secrets())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, mount_seconds=10) as running:
        yield running


@pytest.fixture
def settings(simulator: Simulator) -> Settings:
    return Settings(
        base_url=f"{simulator.url}/api",
        username=ADMINISTRATOR.username,
        password=ADMINISTRATOR.password,
        certificate_fingerprint=simulator.fingerprint.replace(":", "").lower(),
    )


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def deadline(clock: FakeClock, stop: threading.Event) -> MakeDeadline:
    def make(seconds: float = 600) -> Deadline:
        return Deadline(operation="The test", seconds=seconds, stop=stop, clock=clock)

    return make


@pytest.fixture
def make_em(settings: Settings, clock: FakeClock) -> Iterator[MakeEm]:
    made = []

    def make(**changes: Any) -> EnterpriseManager:
        changed = replace(settings, **changes)
        made.append(EnterpriseManager(changed, clock=clock, random=lambda: 1.0))
        return made[-1]

    yield make
    for em in made:
        em.close(1)


@pytest.fixture
def em(make_em: MakeEm) -> EnterpriseManager:
    return make_em()


@pytest.fixture
def client(settings: Settings, clock: FakeClock) -> Iterator[Client]:
    """What other programs do on the server."""
    other = Client(settings, random=lambda: 1.0)
    yield other
    other.close()


@pytest.fixture
def restore_point(simulator: Simulator) -> RestorePointRef:
    return RestorePointRef(RestorePointType.VM, simulator.restore_points(Family.VM)[0].id)
