"""Signals at random moments of an apply, then a plain destroy: nothing is left on the server.

`make chaos` plays many more seeds.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from helpers import SEED, Server, mount_points
from processes import in_session, providers_in, signal_all
from terraform import Workspace

from em_simulator import Simulator

pytestmark = pytest.mark.start  # the provider gets signals, too
SEEDS = range(int(os.environ.get("MISHAPS", "7")))
IDLE_LIMIT = 6.0
PATIENCE = 60.0


def interrupt_once(command: int) -> None:
    os.killpg(command, signal.SIGINT)


def interrupt_twice(command: int) -> None:
    os.killpg(command, signal.SIGINT)
    time.sleep(0.3)
    os.killpg(command, signal.SIGINT)


def interrupt_terraform(command: int) -> None:
    os.kill(command, signal.SIGINT)


def terminate_terraform(command: int) -> None:
    os.kill(command, signal.SIGTERM)


def kill_terraform(command: int) -> None:
    os.kill(command, signal.SIGKILL)


def terminate_providers(command: int) -> None:
    signal_all(providers_in(command), signal.SIGTERM)


def kill_providers(command: int) -> None:
    signal_all(providers_in(command), signal.SIGKILL)


MISHAPS: tuple[Callable[[int], None], ...] = (
    interrupt_once,
    interrupt_twice,
    interrupt_terraform,
    terminate_terraform,
    kill_terraform,
    terminate_providers,
    kill_providers,
)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(seed=SEED, idle_limit=IDLE_LIMIT, mount_seconds=1.0) as running:
        yield running


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_left_after_a_mishap_and_a_destroy(
    workspace: Workspace, server: Server, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be replayed
    mishap = MISHAPS[seed % len(MISHAPS)]
    workspace.write(mount_points(chance.randint(1, 12)))
    with workspace.start("apply", "-auto-approve", "-no-color") as apply:
        moment = chance.uniform(0.3, 5.0)
        try:
            apply.wait(moment)
        except subprocess.TimeoutExpired:
            mishap(apply.pid)
        output, _ = apply.communicate(timeout=PATIENCE)
        # Whatever Terraform was told, its providers end too.
        wait_until(lambda: in_session(apply.pid) == [], 20)

    known = {
        (instance["attributes"]["session_fingerprint"], instance["attributes"]["href"])
        for instance in workspace.instances()
    }
    assert len(known) == len(workspace.instances()), output
    workspace.destroy()

    assert workspace.instances() == []
    wait_until(lambda: server.mounts() == [], IDLE_LIMIT + 2)
    wait_until(lambda: server.sessions() == [], IDLE_LIMIT + 2)
