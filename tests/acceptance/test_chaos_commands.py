"""`find` by several mounts and `get` of many files in bad weather, with signals at random moments.

`make chaos` plays many more seeds.
"""

import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import Server
from terraform import PROGRAM

from chaos.weather import Weather
from em_simulator import Family, Simulator
from support.fingerprints import fingerprint

SEEDS = range(int(os.environ.get("MISHAPS", "4")))
IDLE_LIMIT, PATIENCE = 8.0, 90.0
MACHINE, NIGHTS, FILES = "oracle03", 8, 120
NAMED = re.compile(r"\b[0-9a-f]{16}\b")
CONTENTS = {f"{number}.bin": f"file {number} ".encode() * 500 for number in range(FILES)}


@pytest.fixture(params=SEEDS)
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(f"commands {request.param}")  # noqa: S311 - to be replayed


@pytest.fixture
def weather(chance: random.Random) -> Weather:
    weather = Weather(chance.randint(0, 10_000), loses_sessions=False)
    weather.probability = chance.choice([0.0, 0.03, 0.1])
    return weather


@pytest.fixture
def simulator(chance: random.Random, weather: Weather) -> Iterator[Simulator]:
    with Simulator(
        idle_limit=IDLE_LIMIT,
        nights=NIGHTS,
        indexed=(),
        mount_seconds=chance.choice([0.0, 0.5, 1.5]),
        latency=0.01,
        ranges=True,
        faults=weather,
    ) as running:
        points = [p for p in running.restore_points(Family.VM) if p.machine.name == MACHINE]
        created = sorted(point.created_at for point in points)
        for name, content in CONTENTS.items():
            running.add_file(MACHINE, f"E:/many/{name}", content)
        running.add_file(MACHINE, "E:/lost.docx", b"found")
        running.remove_file(MACHINE, "E:/lost.docx", at=chance.choice(created[1:]))
        yield running


def call(
    server: Server, home: Path, chance: random.Random, *arguments: str
) -> tuple[str, signal.Signals | None]:
    """Run a command, which may get a signal; returns what it said, and the last signal."""
    home.mkdir(exist_ok=True)
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], **server.environment}
    sent = None
    with subprocess.Popen(
        [PROGRAM, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=chance.uniform(0.3, 4.0))
        except subprocess.TimeoutExpired:
            for sent in chance.choice(
                [[], [signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 2, [signal.SIGKILL]]
            ):
                process.send_signal(sent)
                time.sleep(0.2)
            output, _ = process.communicate(timeout=PATIENCE)
    return output, sent


def check_what_is_left(server: Server, output: str, sent: signal.Signals | None) -> None:
    """Check that what is mounted is named, and ends by itself once nobody is asked."""
    left = {fingerprint(mount.session_id) for mount in server.mounts()}
    if sent != signal.SIGKILL and "Ended at once" not in output:
        assert left <= {*NAMED.findall(output)}, output
    wait_until(lambda: (server.mounts(), server.sessions()) == ([], []), IDLE_LIMIT + 3)


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_find_leaves_nothing_that_it_does_not_name(
    server: Server, tmp_path: Path, chance: random.Random
) -> None:
    said, sent = call(server, tmp_path / "home", chance, "find", MACHINE, "E:/lost.docx")
    assert "Traceback" not in said
    check_what_is_left(server, said, sent)


def test_what_get_has_put_in_its_place_is_whole_and_the_next_one_brings_the_rest(
    server: Server, tmp_path: Path, chance: random.Random, weather: Weather
) -> None:
    folder = tmp_path / "got"
    command = ("get", MACHINE, "E:/many", "--to", str(folder))
    said, sent = call(server, tmp_path / "home", chance, *command)
    assert "Traceback" not in said
    for file in folder.glob("many/*.bin"):
        assert file.read_bytes() == CONTENTS[file.name], file
    check_what_is_left(server, said, sent)
    weather.clear()
    again = subprocess.run(
        [PROGRAM, *command],
        env={"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"], **server.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert {f.name: f.read_bytes() for f in folder.glob("many/*.bin")} == CONTENTS
    assert list(folder.rglob("*.part")) == []
    assert (server.mounts(), server.sessions()) == ([], [])
