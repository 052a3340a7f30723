"""A thousand mounts in one state: apply, plan and destroy by real Terraform, with what they cost.

`make load` runs it. It fails when the provider's memory or threads grow with the mounts, or when
the requests are not as few as they should be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple, Self

sys.path.insert(0, str(Path(__file__).parents[1] / "acceptance"))

from helpers import REQUIRED, SEED, Server, mount_points
from processes import providers_in
from terraform import Workspace

from em_simulator import Simulator

SMALL, LARGE = 50, 1000
PARALLELISM = f"-parallelism={SMALL}"  # as many at once with either number
MOST_MEMORY = 1.5  # times that at the small number
MOST_THREADS = 120
TIME_LIMIT = 900.0
EXPECTED = {
    # A session for each mount, and one to look things up in the plan, of which the apply has them.
    "apply": {
        "POST logon": LARGE + 1,
        "GET a restore point": LARGE,
        "POST mounts": LARGE,
        "GET tasks": LARGE,
        "GET a mount": LARGE,
        "DELETE sessions": 1,
    },
    "plan": {"POST logon": 0, "GET a mount": LARGE, "DELETE sessions": 0},
    "destroy": {
        "POST logon": 0,
        "GET a mount": LARGE,
        "DELETE a mount": LARGE,
        "DELETE sessions": LARGE,
    },
}
"""How many requests of each kind a command takes at the large number of mounts."""


class Cost(NamedTuple):
    """What one command cost."""

    seconds: float
    memory_mib: float
    """Of the largest provider process, at its highest."""
    threads: int
    requests: Counter[str]


class Watcher:
    """Looks at the providers of a command while it runs."""

    def __init__(self, command: int) -> None:
        self._command = command
        self._over = threading.Event()
        self.memory_kib = self.threads = 0
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            for process in providers_in(self._command):
                try:
                    status = Path(f"/proc/{process}/status").read_text()
                except OSError:
                    continue
                rows = dict(row.split(":", 1) for row in status.splitlines() if ":" in row)
                self.memory_kib = max(self.memory_kib, int(rows.get("VmHWM", "0").split()[0]))
                self.threads = max(self.threads, int(rows.get("Threads", "0")))


def measure(workspace: Workspace, server: Server, *arguments: str) -> Cost:
    """Run a command to its end."""
    before, began = len(server.requests()), time.monotonic()
    with workspace.start(*arguments) as process, Watcher(process.pid) as watcher:
        output, _ = process.communicate(timeout=TIME_LIMIT)
    if process.returncode != 0:
        raise SystemExit(f"{arguments} ended with {process.returncode}:\n{output[-4000:]}")
    requests = Counter(_kind(entry.method, entry.path) for entry in server.requests()[before:])
    seconds = time.monotonic() - began
    return Cost(seconds, watcher.memory_kib / 1024, watcher.threads, requests)


def _kind(method: str, path: str) -> str:
    for part, name in (
        ("/mounts/", "a mount"),
        ("/mounts", "mounts"),
        ("/tasks", "tasks"),
        ("/sessionMngr", "logon"),
        ("/logonSessions", "sessions"),
        ("/vmRestorePoints/", "a restore point"),
    ):
        if part in path:
            return f"{method} {name}"
    return f"{method} other"


def run(count: int) -> dict[str, Cost]:
    """Apply, plan and destroy so many mounts; returns what each cost."""
    with tempfile.TemporaryDirectory(dir="/tmp") as home, Simulator(seed=SEED) as simulator:
        server = Server(simulator)
        environment = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "CHECKPOINT_DISABLE": "1",
            **server.environment,
        }
        provider = Path(sys.executable).with_name("terraform-provider-veeam")
        subprocess.run([provider, "install"], env=environment, check=True, capture_output=True)
        workspace = Workspace(Path(home, "work"), environment)
        workspace.folder.mkdir()
        workspace.write(REQUIRED)
        workspace.run("init")
        workspace.write(mount_points(count))
        yes = ("-auto-approve", "-no-color", PARALLELISM)
        costs = {
            "apply": measure(workspace, server, "apply", *yes),
            "plan": measure(workspace, server, "plan", "-no-color", PARALLELISM),
            "destroy": measure(workspace, server, "destroy", *yes),
        }
        if server.mounts() or server.sessions():
            raise SystemExit("something is left on the server")
        return costs


def main() -> int:
    """Measure at both numbers, print, and return the exit code."""
    small, large = run(SMALL), run(LARGE)
    problems = []
    for name, cost in large.items():
        ratio = cost.memory_mib / small[name].memory_mib
        print(
            f"{name:<8} {LARGE} mounts: {cost.seconds:6.1f} s, {cost.memory_mib:6.1f} MiB "
            f"({ratio:.2f} times that of {SMALL}), {cost.threads} threads"
        )
        print("         " + ", ".join(f"{kind}: {n}" for kind, n in sorted(cost.requests.items())))
        if ratio > MOST_MEMORY or cost.threads > MOST_THREADS:
            problems.append(f"{name}: memory or threads grow with the mounts")
    for name, kinds in EXPECTED.items():
        for kind, number in kinds.items():
            if large[name].requests[kind] != number:
                problems.append(f"{name}: {large[name].requests[kind]} of {kind}, not {number}")
    for problem in problems:
        print(f"PROBLEM  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
