"""Having a session held after Terraform has ended: by a keeper, which is started if need be."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import DeadlinePassed, Stopped
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive.order import NETWORK, Order, idle_limit
from terraform_provider_veeam.keep_alive.process import READY
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.packaging import packaged_program
from terraform_provider_veeam.platforms import detached

if TYPE_CHECKING:
    from pathlib import Path

_PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "XDG_RUNTIME_DIR"),
    *("LOCALAPPDATA", "APPDATA", "USERPROFILE", "LD_LIBRARY_PATH", *NETWORK),
)
_START_SECONDS = 60.0
_ANSWER_SECONDS = 5.0
_TELL_SECONDS = 1.0
_LONGEST_FAREWELL = 2.0  # seconds in which Terraform mostly ends after the provider
_SLICE = 0.2  # seconds between two looks at a deadline
_ROUNDS = 10

_starting = threading.Lock()


def hold(
    settings: Settings, record: SessionRecord, seconds: float, name: str, deadline: Deadline
) -> None:
    """Have the session of a restore point of that name held for that many seconds.

    Returns when it is held: a keeper has read its mount point. Raises OSError or ValueError,
    saying why not; Stopped or DeadlinePassed when no keeper has said so yet.
    """
    from terraform_provider_veeam.keep_alive import sockets  # noqa: PLC0415 - few need it

    order = Order(settings, record, idle_limit(), seconds, name=name, at=time.monotonic())
    asked: set[Path] = set()
    for _ in range(_ROUNDS):
        for path in sockets.places(near=True):
            if path not in asked and _takes(path, order, deadline):
                _drop_earlier(order)
                return
            asked.add(path)
        with deadline.holding(_starting):  # the first one starts a keeper, the others find it
            if asked.issuperset(sockets.places(near=True)):
                _start(deadline)
    raise OSError("no process takes the order")


class Successor:
    """The process that holds sessions after this one, while Terraform lives.

    It is started beforehand: Terraform waits for the end of this one. What it has to hold it is
    told at that end, or that there is nothing.
    """

    def __init__(self, terraform: int) -> None:
        self._terraform = terraform
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def prepare(self) -> None:
        """Start it, unless it has been started. Raises OSError."""
        with self._lock:
            if self._process is None:
                farewell = min(_LONGEST_FAREWELL, idle_limit() / 6)
                self._process = _spawn(str(self._terraform), f"{farewell:g}", stdin=subprocess.PIPE)

    def hold(self, orders: Sequence[Order]) -> None:
        """Have it hold what orders say from now on. Raises OSError."""
        self.prepare()
        if self._process and self._process.stdin:
            with self._process.stdin as pipe:
                pipe.write(json.dumps([order.to_plain() for order in orders]))


def release(fingerprint: str, href: str, *, before: float = math.inf) -> list[dict[str, Any]]:
    """Have every process stop holding a session for a mount point; return what is left of it.

    With `before` only for a time that was asked for before that moment.
    """
    from terraform_provider_veeam.keep_alive import sockets  # noqa: PLC0415 - few need it

    message = {"do": "release", "sessions": [fingerprint], "mount_point": href, "before": before}
    with suppress(OSError):
        deadline = Deadline("Telling all", _TELL_SECONDS, stop=threading.Event())
        return sockets.ask_all(message, deadline)[0]
    return []


def _takes(path: Path, order: Order, deadline: Deadline) -> bool:
    """Tell whether a keeper has taken an order. Raises OSError when it refuses it."""
    from terraform_provider_veeam.keep_alive import sockets  # noqa: PLC0415 - few need it

    try:
        if sockets.ask(path, {"do": "list"}, deadline.part(_ANSWER_SECONDS)) is None:
            return False
        message = {"do": "hold", "order": order.to_plain()}
        answer = sockets.ask(path, message, deadline) or {}
    except sockets.Silent:
        deadline.check()
        return False
    if refused := answer.get("refused"):
        raise OSError(refused)
    return bool(answer.get("held"))


def _drop_earlier(order: Order) -> None:
    """Have all keepers drop all orders for a session but the latest one, this or another."""
    fingerprint, href = order.record.fingerprint, order.record.href
    moments = [
        held["at"]
        for held in release(fingerprint, href, before=order.at)
        if (held["session"], held["mount_point"], held["terraform"]) == (fingerprint, href, None)
    ]
    if (latest := max(moments, default=order.at)) > order.at:
        release(fingerprint, href, before=latest)


def _start(deadline: Deadline) -> None:
    """Start a keeper, and return when it takes orders. Raises OSError, saying why it does not."""
    process = _spawn(output=subprocess.PIPE)
    if process.stdout is None or process.stderr is None:
        raise OSError("it has no pipes")
    said = _first_line(process.stdout, deadline.part(_START_SECONDS))
    if said == READY:
        process.stdout.close()
        process.stderr.close()
        return
    process.kill()
    _, complaint = process.communicate()
    deadline.check()
    # The first line has the cause; above that of an exception is how it came about.
    lines = (line for line in complaint.splitlines() if not line.startswith(("Traceback", " ")))
    raise OSError(next(lines, "it ended, or did not start in time"))


def _first_line(source: IO[str], deadline: Deadline) -> str:
    """Return a line if it comes in time, else nothing. On Windows only a thread can wait for it."""
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(source.readline()), daemon=True)
    reader.start()
    with suppress(DeadlinePassed, Stopped):
        while reader.is_alive():
            deadline.check()
            reader.join(_SLICE)
    return found[0].strip() if found else ""


def _spawn(
    *arguments: str, stdin: int = subprocess.DEVNULL, output: int = subprocess.DEVNULL
) -> subprocess.Popen[str]:
    """Start this program as a keeper that outlives this process. Raises OSError."""
    return subprocess.Popen(  # noqa: S603 - this program itself
        [*_own_command(), "keep-alive", "hold", *arguments],
        stdin=stdin,
        stdout=output,
        stderr=output,
        text=True,
        cwd="/",
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        **detached(),
    )


def _own_command() -> list[str]:
    if program := packaged_program():
        return [program]
    return [sys.executable, "-EP", "-m", "terraform_provider_veeam"]  # as the launcher does
