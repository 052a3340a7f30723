"""How long `find` takes over thirty nights: from the index, and by mounts.

`make bench` runs it. The exit code is 1 when a goal is missed, or anything stays mounted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "acceptance"))

from helpers import MOUNTS, Server

from em_simulator import Family, Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = Path(sys.executable).with_name("terraform-provider-veeam")
NIGHTS, MOUNT_SECONDS, DELETED = 30, 20.0, 11
MACHINE, PATH = "oracle03", "E:/lost/Offer.docx"
FROM_INDEX_SECONDS = 2.5
BY_MOUNTS_SECONDS, MOST_MOUNTS = 100.0, 9


def find(environment: Mapping[str, str], stop_after: float | None = None) -> tuple[str, float]:
    """Return what `find` says, and its seconds; it gets a Ctrl-C after so many."""
    began = time.perf_counter()
    with subprocess.Popen(
        [PROGRAM, "find", MACHINE, PATH],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        if stop_after is not None:
            time.sleep(stop_after)
            process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
    return said, time.perf_counter() - began


def measure(home: Path, *, indexed: bool) -> bool:
    """Print how one search went; return whether it was as good as it has to be."""
    machines = (MACHINE,) if indexed else ()
    seconds = 0.0 if indexed else MOUNT_SECONDS
    with Simulator(
        nights=NIGHTS, indexed=machines, mount_seconds=seconds, latency=0.02 if indexed else 0.0
    ) as simulator:
        server = Server(simulator)
        points = [p for p in simulator.restore_points(Family.VM) if p.machine.name == MACHINE]
        points.sort(key=lambda point: point.created_at)
        assert len(points) == NIGHTS
        simulator.add_file(MACHINE, PATH, b"Dear Sir or Madam")
        simulator.remove_file(MACHINE, PATH, at=points[-DELETED].created_at)
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], **server.environment}
        said, took = find(environment)
        mounts = len(server.requests("POST", MOUNTS))
        print(said, end="")
        good = "Found" in said and (server.mounts(), server.sessions()) == ([], [])
        if indexed:
            good = good and not mounts and took <= FROM_INDEX_SECONDS
            goal = f"no mount, {FROM_INDEX_SECONDS} s"
        else:
            good = good and mounts <= MOST_MOUNTS and took <= BY_MOUNTS_SECONDS
            goal = f"{MOST_MOUNTS} mounts, {BY_MOUNTS_SECONDS:g} s"
        how = "indexed, latency 20 ms" if indexed else f"not indexed, mounts of {seconds:g} s"
        print(f"{NIGHTS} nights, {how}: {mounts} mounts, {took:.1f} s; at most {goal}")
        if not indexed:
            _, took = find(environment, stop_after=seconds * 1.5)
            left = (server.mounts(), server.sessions())
            print(f"after Ctrl-C: {len(left[0])} mounts and {len(left[1])} sessions are left")
            good = good and left == ([], [])
    return good


def main() -> int:
    """Measure both; returns the exit code."""
    with tempfile.TemporaryDirectory() as home:
        results = [measure(Path(home), indexed=indexed) for indexed in (True, False)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
