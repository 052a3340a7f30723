"""The keeper's process: how it begins and ends. Most of them end before anything else is loaded."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack, suppress

from tfplugin.process.processes import hang_up_signals, is_alive

READY = "ready"
_PATIENCE = 30.0  # seconds for the first order to come
_LOOK_SECONDS = 0.1


def keep(terraform: int | None = None, farewell: float = 0.0) -> int:
    """Hold what others order through a socket, until nothing is left.

    With the number of a Terraform it holds what it is told through stdin, when that is closed,
    while that Terraform lives, if it lives for longer than a farewell of so many seconds. Else it
    writes a line to stdout once it takes orders.
    """
    for number in (signal.SIGINT, *hang_up_signals()):
        signal.signal(number, signal.SIG_IGN)  # it outlives its terminal
    orders = b"[]" if terraform is None else sys.stdin.buffer.read()
    if not orders or (terraform is not None and not _goes_on(terraform, farewell)):
        return 0
    import json  # noqa: PLC0415 - few get here

    from terraform_provider_veeam.keep_alive import sockets  # noqa: PLC0415
    from terraform_provider_veeam.keep_alive.keeper import Keeper  # noqa: PLC0415
    from terraform_provider_veeam.keep_alive.order import Order  # noqa: PLC0415

    keeper = Keeper(patience=_PATIENCE if terraform is None else 0.0)
    signal.signal(signal.SIGTERM, lambda *_: keeper.holder.stop())
    for order in json.loads(orders):
        keeper.hold(Order.from_plain(order))
    with ExitStack() as stack:
        try:
            stack.enter_context(sockets.Listener(keeper.answer))
        except OSError:
            if terraform is None:
                raise
        if terraform is None:
            _say(READY)
        keeper.holder.run()
    return 0


def _goes_on(terraform: int, farewell: float) -> bool:
    """Tell whether Terraform goes on: mostly it ends right after the provider."""
    end = time.monotonic() + farewell
    while time.monotonic() < end:
        if not is_alive(terraform):
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _say(line: str) -> None:
    """Tell whoever started this process how it went; nothing is written after that."""
    with suppress(OSError):  # they no longer listen
        os.write(sys.stdout.fileno(), f"{line}\n".encode())
    with open(os.devnull, "w", encoding="ascii") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
