"""What Terraform's commands cost with one mount and with 100, and how soon a mount is told of.

`make bench` runs it. Another launcher of the provider may be measured beside the installed one, as
that of another commit: `python -m benchmarks.commands PROVIDER` in tests/. The tests' own Terraform
is started by a Python, which adds 0.2 s to each command; TERRAFORM_COMMAND names another.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "acceptance"))

from helpers import MOUNTS, REQUIRED, SEED, Server, mount_points
from terraform import Workspace

from em_simulator import Simulator

RUNS = {1: 7, 100: 3}
"""How often commands with so many mounts are measured."""
INSTALLED = Path(sys.executable).with_name("terraform-provider-veeam")
COMMANDS = {
    "apply": ("apply", "-auto-approve", "-no-color"),
    "plan": ("plan", "-no-color"),
    "destroy": ("destroy", "-auto-approve", "-no-color"),
}
WITHOUT_PROVIDER = """
resource "terraform_data" "this" {
  input = "one"
}
"""
MOUNT_SECONDS = (0.0, 1.0, 3.0, 12.0)


class Cost(NamedTuple):
    """Seconds of one command: by the clock, and of the processor for it and its providers."""

    wall: float
    cpu: float


def measure(workspace: Workspace, command: str) -> Cost:
    """Run a command to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    workspace.run(*COMMANDS[command])
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def workspace_in(home: Path, server: Server, provider: Path | None, mounts: int = 1) -> Workspace:
    """Return a folder with so many mounts by this provider, or with what needs none."""
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "CHECKPOINT_DISABLE": "1",
        **server.environment,
    }
    workspace = Workspace(home / "work", environment)
    workspace.folder.mkdir(parents=True)
    if provider:
        subprocess.run([provider, "install"], env=environment, check=True, capture_output=True)
        workspace.write(REQUIRED)
        workspace.run("init")
    workspace.write(mount_points(mounts) if provider else WITHOUT_PROVIDER)
    return workspace


def report_commands(others: list[Path], mounts: int) -> str:
    """Measure the commands alternately, and return medians and minima as text."""
    installed = "one mount" if mounts == 1 else f"{mounts} mounts"
    providers = {"terraform_data": None, installed: INSTALLED} | {str(p): p for p in others}
    with Simulator(seed=SEED) as simulator, tempfile.TemporaryDirectory(dir="/tmp") as top:
        server = Server(simulator)
        costs: dict[tuple[str, str], list[Cost]] = {}
        requests: dict[tuple[str, str], int] = {}
        workspaces = {
            name: workspace_in(Path(top, str(number)), server, provider, mounts)
            for number, (name, provider) in enumerate(providers.items())
        }
        for _ in range(RUNS[mounts]):
            for name, workspace in workspaces.items():
                for command in COMMANDS:
                    before = len(server.requests())
                    costs.setdefault((name, command), []).append(measure(workspace, command))
                    requests[name, command] = len(server.requests()) - before
    lines = [f"{RUNS[mounts]} alternating runs of real Terraform, medians (and minima)"]
    for (name, command), runs in costs.items():
        row = f"wall {_milliseconds([run.wall for run in runs])}"
        row += f", CPU {_milliseconds([run.cpu for run in runs])}"
        if name != "terraform_data":
            bare = statistics.median(run.cpu for run in costs["terraform_data", command])
            net = statistics.median(run.cpu for run in runs) - bare
            row += f", less that of terraform_data {net * 1e3:.0f} ms"
            row += f"; {requests[name, command] / mounts:.2f} requests a mount"
        lines.append(f"  {f'{name}: {command}':<46}{row}")
    return "\n".join(lines) + "\n"


def seconds_from_done_to_told(mount_seconds: float) -> float:
    """Return the seconds between the end of a mount on the server and Terraform's word of it."""
    with (
        Simulator(seed=SEED, mount_seconds=mount_seconds) as simulator,
        tempfile.TemporaryDirectory(dir="/tmp") as home,
    ):
        server = Server(simulator)
        workspace = workspace_in(Path(home), server, INSTALLED)
        with workspace.start(*COMMANDS["apply"]) as process:
            assert process.stdout
            told = next(time.time() for line in process.stdout if "Creation complete" in line)
            process.stdout.read()
        (asked,) = server.requests("POST", MOUNTS)
    return told - dt.datetime.fromisoformat(asked.at).timestamp() - mount_seconds


def report_waits() -> str:
    """Return how soon mounts are told to be done, as text."""
    lines = ["From a mount that is done on the server to Terraform's `Creation complete`"]
    for seconds in MOUNT_SECONDS:
        late = seconds_from_done_to_told(seconds)
        bound = min(0.2 * seconds + 0.3, 2.3)
        lines.append(f"  {f'a mount of {seconds:g} s':<46}{late:.2f} s, at most {bound:.2f}")
    return "\n".join(lines) + "\n"


def _milliseconds(runs: list[float]) -> str:
    return f"{statistics.median(runs) * 1e3:.0f} ms ({min(runs) * 1e3:.0f})"


if __name__ == "__main__":
    for number in RUNS:
        sys.stdout.write(report_commands([Path(name) for name in sys.argv[1:]], number))
    sys.stdout.write(report_waits())
