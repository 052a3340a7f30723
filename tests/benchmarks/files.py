"""What `get` costs beside `curl`: many small files over a slow line, and one large one.

`make bench` runs it. Both fetch the same addresses of one simulator, which has a process of its
own, in alternating runs; curl gets them ready, `get` all it needs to find them out. Another command
may be measured beside the installed one, as that of another commit: `python -m benchmarks.files
PROGRAM` in tests/. It needs curl.
"""

from __future__ import annotations

import json
import os
import random
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

INSTALLED = Path(sys.executable).with_name("terraform-provider-veeam")
RUNS = int(os.environ.get("RUNS", "5"))
MACHINE, FOLDER = "exch01", "E:/fetched"
GIB = 2**30
_PIECE = 1024 * 1024


class Load(NamedTuple):
    """What is fetched, over which line."""

    files: int
    size: int
    """Bytes of each."""
    latency: float
    """Seconds that the line holds each request up."""

    def __str__(self) -> str:
        size = f"{self.size / GIB:g} GiB" if self.size >= GIB else f"{self.size / 1024:g} KiB"
        return f"{self.files} x {size}, latency {self.latency * 1000:g} ms"


LOADS = (Load(2000, 20 * 1024, 0.02), Load(1, 2 * GIB, 0.0))


class Cost(NamedTuple):
    """What one run took: seconds by the clock and of the processor, MiB of memory at most."""

    wall: float
    cpu: float
    peak: float


def serve(load: Load) -> None:
    """Serve such files until the input ends, and print how they are reached."""
    # Not for who measures: what a process has in memory counts for those that it starts.
    from em_simulator import ADMINISTRATOR, Family, Simulator  # noqa: PLC0415

    piece = random.Random(1).randbytes(min(load.size, _PIECE))  # noqa: S311 - the same every time
    content = piece * (load.size // len(piece))
    with Simulator(latency=load.latency, ranges=True) as simulator:
        for number in range(load.files):
            simulator.add_file(MACHINE, f"{FOLDER}/{number}.bin", content)
        point = next(
            one for one in simulator.restore_points(Family.VM)
            if one.machine.name == MACHINE
        )  # fmt: skip
        _, token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
        mount = f"{simulator.url}/api{simulator.mount(token, Family.VM, point.id).path}"
        told = {
            "url": simulator.url,
            "username": ADMINISTRATOR.username,
            "password": ADMINISTRATOR.password,
            "fingerprint": simulator.fingerprint,
            "token": token,
            "mount": mount,
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()


@contextmanager
def server_of(load: Load) -> Iterator[dict[str, str]]:
    """Start a server of such files in a process of its own; gives how they are reached."""
    command = [sys.executable, "-m", "benchmarks.files", "--serve", json.dumps(load)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def make_ready(server: dict[str, str]) -> None:
    """Have the files made ready for curl, as a download by the API begins."""
    headers = {"X-RestSvcSessionId": server["token"], "Accept": "application/json"}
    trusting = ssl._create_unverified_context()  # noqa: S323 - our own, on loopback

    def ask(address: str, body: bytes | None = None) -> Any:
        more = {"Content-Type": "application/json"} if body else {}
        request = Request(address, body, headers | more)  # noqa: S310 - https alone
        with urlopen(request, context=trusting) as answer:  # noqa: S310
            return json.load(answer)

    task = ask(f"{server['mount']}/{FOLDER}?action=restore", b'{"ForDirectDownload": {}}')
    while ask(f"{server['url']}/api/tasks/{task['taskId']}")["state"] != "Finished":
        time.sleep(0.1)


def by_curl(server: dict[str, str], load: Load, folder: Path) -> list[str | Path]:
    """Return the command that fetches the files with curl."""
    lines = [f'header = "X-RestSvcSessionId: {server["token"]}"']
    for number in range(load.files):
        lines.append(f'url = "{server["mount"]}/{FOLDER}/{number}.bin?action=download"')
        lines.append(f'output = "{folder}/{number}.bin"')
    config = folder / "curl.conf"
    config.write_text("\n".join(lines))
    return ["curl", "--silent", "--show-error", "--fail", "--insecure",
            "--parallel", "--parallel-max", "8", "--config", config]  # fmt: skip


def measure(command: list[str | Path], environment: dict[str, str]) -> Cost:
    """Run a command to its end."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{command[0]} ended with {process.returncode}: {said.read()}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def report(load: Load, programs: list[Path]) -> str:
    """Measure alternately; returns medians, ratios and minima as text."""
    costs: dict[str, list[Cost]] = {}
    measured: list[str | Path] = ["curl", *programs]
    with server_of(load) as server:
        make_ready(server)
        environment = os.environ | {
            "VEEAM_EM_URL": server["url"],
            "VEEAM_EM_USERNAME": server["username"],
            "VEEAM_EM_PASSWORD": server["password"],
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": server["fingerprint"],
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
        for installed in programs:
            measure([installed, "get", "--help"], environment)
        for _ in range(RUNS):
            for program in measured:
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    get = [program, "get", MACHINE, FOLDER, "--to", folder]
                    command = by_curl(server, load, folder) if program == "curl" else get
                    costs.setdefault(str(program), []).append(measure(command, environment))
                    come = sum(file.stat().st_size for file in folder.rglob("*.bin"))
                    if come != load.files * load.size:
                        sys.exit(f"{program} brought {come} bytes")
    curl = statistics.median(cost.wall for cost in costs["curl"])
    lines = [f"{load}: {RUNS} alternating runs, medians (and minima)"]
    for name, runs in costs.items():
        wall = statistics.median(run.wall for run in runs)
        row = f"  {name:<56} {wall:.2f} s ({min(run.wall for run in runs):.2f})"
        row += f", {wall / curl:.2f} x curl's time, {curl / wall:.2f} x its rate"
        row += f", CPU {statistics.median(run.cpu for run in runs):.2f} s"
        row += f", {statistics.median(run.peak for run in runs):.0f} MiB"
        lines.append(row)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(Load(*json.loads(sys.argv[2])))
    else:
        for one in LOADS:
            print(report(one, [INSTALLED, *map(Path, sys.argv[1:])]), end="", flush=True)
