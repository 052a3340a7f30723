"""A Python that is started once: it has imported the provider, and forks where others would start.

Terraform starts the provider up to five times in a command. A fork differs from a start in that all
is imported already, and in that a signal for the program kills it. Linux only.
"""

import gc
import importlib
import os
import pkgutil
import runpy
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfplugin.process import lazy_modules

PROVIDER = Path(__file__).parents[2] / "provider"

START = "START_A_PYTHON"
"""The environment variable with which the program starts a Python, as others do."""

_REQUESTS = "requests"
# It stands for `python OPTIONS SCRIPT ARGUMENTS`, or `-m MODULE`. By its number the fork finds
# all it needs, and takes the streams, so they stay as they are.
_PROGRAM = """\
#!/bin/sh
[ -z "${START}" ] || exec {python} "$@"
mkfifo {folder}/$$
(echo $$ >{folder}/{requests})
exec 3<{folder}/$$ # which waits for the end of the fork
read -r code <&3
exit "${{code:-1}}"
"""


@contextmanager
def fork_server(folder: Path) -> Iterator[Path]:
    """Return a program that stands for this Python as long as the block lasts."""
    os.mkfifo(folder / _REQUESTS)
    program = folder / "python"
    program.write_text(
        _PROGRAM.format(START=START, python=sys.executable, folder=folder, requests=_REQUESTS)
    )
    program.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-P", __file__, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout
        assert server.stdout.readline() == b"ready\n"
        yield program
        server.communicate()  # its stdin is closed, which ends it


class Server:
    """Forks for each program that waits, and tells it how its fork has ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._requests = os.open(folder / _REQUESTS, os.O_RDWR)
        self._forks: dict[int, int] = {}
        """The forks, by the numbers of the programs that wait for them."""

    def serve(self) -> int | None:
        """Return twice: in each fork the number of its program, and None once stdin is closed."""
        selector = selectors.DefaultSelector()
        selector.register(0, selectors.EVENT_READ)
        selector.register(self._requests, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == 0:
                    return None
                if key.fd != self._requests:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    self._reap(key.data)
                    continue
                for program in map(int, os.read(self._requests, 4096).split()):
                    fork = os.fork()
                    if not fork:
                        return program
                    self._forks[program] = fork
                    for process in (program, fork):
                        with suppress(ProcessLookupError):  # it has gone already
                            selector.register(os.pidfd_open(process), selectors.EVENT_READ, program)

    def end(self) -> None:
        """End every fork, and every program: nobody tells it of its end any more."""
        programs = [*self._forks]
        for program in programs:
            self._reap(program)
        os.set_blocking(self._requests, False)
        with suppress(BlockingIOError):
            programs += map(int, os.read(self._requests, 4096).split())
        for program in programs:
            with suppress(ProcessLookupError):
                os.kill(program, signal.SIGKILL)

    def _reap(self, program: int) -> None:
        """Tell a program how its fork has ended, or end the fork of one that has gone."""
        fork = self._forks.pop(program, None)
        if fork is None:
            return
        ended, status = os.waitpid(fork, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            self._tell(program, code if code >= 0 else 128 - code)
        else:
            os.kill(fork, signal.SIGKILL)
            os.waitpid(fork, 0)
        (self._folder / str(program)).unlink(missing_ok=True)

    def _tell(self, program: int, code: int) -> None:
        with suppress(ProcessLookupError):
            while True:
                os.kill(program, 0)
                with suppress(OSError):  # it is not reading yet
                    pipe = os.open(self._folder / str(program), os.O_WRONLY | os.O_NONBLOCK)
                    break
                time.sleep(0.001)
            os.write(pipe, f"{code}\n".encode())
            os.close(pipe)


def take_over(program: int) -> None:
    """Take a program's streams, folder, environment and parent, and do what it is to do."""
    for number in range(3):
        mode = os.O_WRONLY | os.O_APPEND if number else os.O_RDONLY
        file = os.open(f"/proc/{program}/fd/{number}", mode)
        os.dup2(file, number)
        os.close(file)
    os.chdir(f"/proc/{program}/cwd")
    variables = _read(program, "environ")
    os.environb.clear()
    os.environb.update(variable.partition(b"=")[::2] for variable in variables)
    os.getppid = lambda: program
    _shell, sys.executable, *arguments = map(os.fsdecode, _read(program, "cmdline"))
    while arguments[0] != "-m" and arguments[0].startswith("-"):
        del arguments[0]
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def _read(program: int, name: str) -> list[bytes]:
    return Path(f"/proc/{program}/{name}").read_bytes().split(b"\0")[:-1]


def import_all() -> None:
    """Import all that is below provider/, and with it what that needs, also when it serves."""
    lazy_modules.defer_what_is_not_used()
    for module in pkgutil.walk_packages([str(PROVIDER)]):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("grpc._server")
    gc.freeze()


def main() -> None:
    """Serve in the folder that is the argument."""
    import_all()
    server = Server(Path(sys.argv[1]))
    print("ready", flush=True)
    if program := server.serve():
        take_over(program)
    else:
        server.end()


if __name__ == "__main__":
    main()
