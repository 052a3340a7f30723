"""What a start costs: from exec to the provider's schema, beside a bare `import grpc`.

`make bench` runs it. Another command may be measured: `python -m benchmarks.startup COMMAND` in
tests/.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from support.plugin_client import INSTALLED, PluginClient
from terraform_provider_veeam.cli.install import install

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
RUNS = 15


class Run(NamedTuple):
    """One life of a provider: seconds from exec, from Shutdown to exit, of CPU; and memory."""

    to_handshake: float
    to_schema: float
    to_exit: float
    cpu: float
    memory_kib: dict[str, int]


class Import(NamedTuple):
    """An interpreter that imports grpc: seconds from exec to exit, and of CPU."""

    to_exit: float
    cpu: float


def cpu_of_children() -> float:
    """Return the seconds of CPU of all processes of this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_once(command: tuple[str, ...]) -> Run:
    """Start the provider, ask for its schema and shut it down."""
    cpu, began = cpu_of_children(), time.perf_counter()
    with PluginClient(command, stderr=subprocess.DEVNULL) as client:
        client.connect()
        shook_hands = time.perf_counter()
        client.call("GetProviderSchema")
        answered = time.perf_counter()
        memory = client.memory_kib() if sys.platform == "linux" else {}
        shut_down: Any = client.connect().unary_unary("/plugin.GRPCController/Shutdown")
        asked = time.perf_counter()
        shut_down(b"", timeout=5)
        client.process.wait()  # with a timeout it would only look now and then
        ended = time.perf_counter()
    return Run(
        shook_hands - began, answered - began, ended - asked, cpu_of_children() - cpu, memory
    )


def import_grpc() -> Import:
    """Run an interpreter that imports grpc."""
    cpu, began = cpu_of_children(), time.perf_counter()
    subprocess.run((sys.executable, "-c", "import grpc"), check=True)
    return Import(time.perf_counter() - began, cpu_of_children() - cpu)


def imported_before_configure(command: tuple[str, ...]) -> dict[str, int]:
    """Return the microseconds of each top package that is imported until the schema is answered."""
    with PluginClient(command, {"PYTHONPROFILEIMPORTTIME": "1"}) as client:
        client.call("GetProviderSchema")
        client.shut_down()
        lines = [line.split("|") for line in client.errors().splitlines() if "|" in line]
    packages: dict[str, int] = {}
    for own, _, name in lines[1:]:
        package = name.strip().partition(".")[0]
        packages[package] = packages.get(package, 0) + int(own.rpartition(":")[2])
    return packages


def report(command: tuple[str, ...]) -> str:
    """Measure alternately, and return the medians as text."""
    starts: list[Run] = []
    launched: list[Run] = []
    packaged: list[Run] = []
    imports: list[Import] = []
    package = packaged_program()
    with TemporaryDirectory() as folder:
        launcher = str(install(Path(folder))[0])
        for _ in range(RUNS):
            starts.append(run_once(command))
            launched.append(run_once((launcher,)))
            imports.append(import_grpc())
            if package:
                packaged.append(run_once((str(package),)))
    to_handshake, to_schema, to_exit, cpu, memory = zip(*starts, strict=True)
    import_to_exit, import_cpu = zip(*imports, strict=True)
    packages = imported_before_configure(command)
    longest = sorted(packages, key=lambda name: -packages[name])[:8]

    def resident(name: str) -> str:
        return f"{statistics.median(of_run.get(name, 0) for of_run in memory) / 1024:.1f} MiB"

    rows = {
        "exec to the handshake": _milliseconds(to_handshake),
        "exec to the answer of GetProviderSchema": _milliseconds(to_schema),
        "what `install` lays, exec to the handshake": _milliseconds(
            [run.to_handshake for run in launched]
        ),
        "python -c 'import grpc', exec to exit": _milliseconds(import_to_exit),
        "ratio of the medians": f"{_ratio(to_schema, import_to_exit):.2f}",
        "CPU of the whole life": _milliseconds(cpu),
        "CPU of `import grpc`": _milliseconds(import_cpu),
        "ratio of the medians of CPU": f"{_ratio(cpu, import_cpu):.2f}",
        "Shutdown to exit": _milliseconds(to_exit),
        "resident memory after that answer": resident("VmRSS"),
        "resident memory at its highest": resident("VmHWM"),
        "`urllib3` imported before ConfigureProvider": "yes" if "urllib3" in packages else "no",
        "imports, under the profiler": ", ".join(
            f"{name} {packages[name] / 1e3:.0f} ms" for name in longest
        ),
    }
    if package:
        handshakes = [run.to_handshake for run in packaged]
        schemas = [run.to_schema for run in packaged]
        rows |= {
            "the package, exec to the handshake": _milliseconds(handshakes),
            "ratio to the script": f"{_ratio(handshakes, to_handshake):.2f}",
            "the package, exec to the schema": _milliseconds(schemas),
            "ratio to the script's": f"{_ratio(schemas, to_schema):.2f}",
            "ratio to `import grpc`": f"{_ratio(schemas, import_to_exit):.2f}",
            "ratio of CPU to `import grpc`": (
                f"{_ratio([run.cpu for run in packaged], import_cpu):.2f}"
            ),
            "zip, unpacked": _sizes(package),
        }
    version = sys.version.split()[0]
    lines = [f"{RUNS} alternating runs, Python {version}, medians (and minima)"]
    lines += [f"  {meaning:<46}{value}" for meaning, value in rows.items()]
    return "\n".join(lines) + "\n"


def packaged_program() -> Path | None:
    """Return the program that `make package` has built; None when there is none."""
    found = [p for p in ROOT.glob("build/*.dist/terraform-provider-veeam_v*") if p.is_file()]
    return found[0] if found else None


def _sizes(program: Path) -> str:
    zips = sorted((ROOT / "dist").glob("terraform-provider-veeam_*.zip"))
    packed = zips[-1].stat().st_size if zips else 0
    unpacked = sum(p.stat().st_size for p in program.parent.rglob("*") if p.is_file())
    return f"{packed / 2**20:.1f} MiB, {unpacked / 2**20:.1f} MiB"


def _ratio(one: Sequence[float], other: Sequence[float]) -> float:
    return statistics.median(one) / statistics.median(other)


def _milliseconds(runs: Sequence[float]) -> str:
    return f"{statistics.median(runs) * 1e3:.0f} ms ({min(runs) * 1e3:.0f})"


if __name__ == "__main__":
    sys.stdout.write(report(tuple(sys.argv[1:]) or INSTALLED))
