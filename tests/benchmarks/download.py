"""`get` of a folder with 10,000 files and 2 GiB: time, memory, and whether all of it is right.

Connections are cut now and then, and the command is interrupted once and run again. Prints what
was measured; the exit code is 1 when memory grows with what is fetched, or anything is wrong.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from em_simulator import ADMINISTRATOR, Simulator

PROGRAM = Path(sys.executable).with_name("terraform-provider-veeam")
MIB = 1024 * 1024
MACHINE = "exch01"
FILES, SIZE, LARGE = 10_000, 189_000, 256 * MIB
MOST_GROWTH = 64  # MiB, from a hundred small files to all of them
_CONTENTS = 64
_MOMENT = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC)


class Run(NamedTuple):
    """One run of the command."""

    code: int
    seconds: float
    peak: int
    """MiB of memory at most."""
    printed: str


def main() -> int:
    """Measure; returns the exit code."""
    chance = random.Random(1)  # noqa: S311 - the same files on every run
    contents = [chance.randbytes(SIZE + number) for number in range(_CONTENTS)]
    large = contents[0] * (LARGE // len(contents[0]))
    with Simulator(ranges=True) as simulator, tempfile.TemporaryDirectory() as folder:
        for number in range(100):
            simulator.add_file(MACHINE, f"E:/few/{number}.bin", b"few")
        wanted = {}
        for number in range(FILES - 1):
            path = f"{number % 97:02}/{number}.bin"
            wanted[path] = (contents[number % _CONTENTS], _MOMENT + dt.timedelta(seconds=number))
        wanted["large.bin"] = (large, _MOMENT)
        for path, (content, modified) in wanted.items():
            simulator.add_file(MACHINE, f"E:/many/{path}", content, modified=modified)
        few = get(simulator, "E:/few", Path(folder))
        simulator.add_fault("cut-body", r"GET .*/large\.bin", 3)
        for number in range(0, FILES, 250):
            simulator.add_fault("cut-body", rf"GET .*/{number}\.bin")
        stopped = get(simulator, "E:/many", Path(folder), stop_after=15.0)
        many = get(simulator, "E:/many", Path(folder))
        left = len(simulator.mounts()) + len(simulator.sessions())
        wrong = [path for path in wanted if not is_right(Path(folder, "many", path), *wanted[path])]
    size = sum(len(content) for content, _ in wanted.values())
    print(f"100 files:         {few.seconds:6.1f} s, {few.peak:4} MiB at most")
    print(f"interrupted:       {stopped.seconds:6.1f} s, {stopped.peak:4} MiB at most")
    print(f"{len(wanted)} files: {many.seconds:6.1f} s, {many.peak:4} MiB at most, the rest of "
          f"{size / 2**30:.2f} GiB")  # fmt: skip
    print(many.printed.strip())
    print(f"{len(wrong)} files are wrong, {left} mounts or sessions are left")
    growth = many.peak - few.peak
    codes = (few.code, stopped.code, many.code)
    return 0 if codes == (0, 130, 0) and not wrong and not left and growth < MOST_GROWTH else 1


def get(simulator: Simulator, path: str, folder: Path, *, stop_after: float | None = None) -> Run:
    """Run the command, and interrupt it after so many seconds."""
    environment = os.environ | {
        "VEEAM_EM_URL": simulator.url,
        "VEEAM_EM_USERNAME": ADMINISTRATOR.username,
        "VEEAM_EM_PASSWORD": ADMINISTRATOR.password,
        "VEEAM_EM_CERTIFICATE_FINGERPRINT": simulator.fingerprint,
    }
    began = time.monotonic()
    command: list[str | Path] = [PROGRAM, "get", MACHINE, path, "--to", folder]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    if stop_after is not None:
        time.sleep(stop_after)
        process.send_signal(signal.SIGINT)
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        time.sleep(0.05)
    seconds = time.monotonic() - began
    return Run(process.returncode, seconds, peak, process.stdout.read() if process.stdout else "")


def memory_of(process: int) -> int:
    """Return the most MiB of memory that a process of Linux has had so far; 0 once it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


def is_right(file: Path, content: bytes, modified: dt.datetime) -> bool:
    """Tell whether a file has its bytes and its time."""
    return (
        file.is_file()
        and file.read_bytes() == content
        and file.stat().st_mtime == modified.timestamp()
    )


if __name__ == "__main__":
    sys.exit(main())
