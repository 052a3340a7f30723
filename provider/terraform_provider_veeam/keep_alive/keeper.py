"""The keeper: a process of its own that holds one logon session, and listens to what it is told."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.holding import SessionHolder
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.waiting import SYSTEM_CLOCK
from terraform_provider_veeam.keep_alive import sockets
from terraform_provider_veeam.keep_alive.listening import Listener
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.platforms import hang_up_signals
from terraform_provider_veeam.private_state import MountSession

if TYPE_CHECKING:
    from pathlib import Path


def keep() -> int:
    """Take orders from stdin, one a line, and hold the session of the first to its end."""
    for number in (signal.SIGINT, *hang_up_signals()):
        signal.signal(number, signal.SIG_IGN)  # the terminal's end is not ours
    line = sys.stdin.readline()
    order = Order.from_json(line)
    path = sockets.path_of(order.session)
    if sockets.ask(path, "add", hrefs=order.hrefs, seconds=order.seconds):
        _say_ready()  # there is a keeper of this session already
        return 0
    Keeper(order, path).run()
    return 0


class Keeper:
    """Holds the session, and takes further orders for it at its socket and from stdin."""

    def __init__(self, order: Order, path: Path) -> None:
        self._kept = MountSession(order.settings.base_url, order.session)
        self._path = path
        self._manager = EnterpriseManager(order.settings)
        self._holder = SessionHolder(
            self._manager, order.session, clock=SYSTEM_CLOCK, idle_limit=order.idle_limit
        )
        self._holder.add(order.hrefs, order.seconds)

    def run(self) -> None:
        """Hold to the end."""
        signal.signal(signal.SIGTERM, lambda *_: self._holder.stop())
        with Listener(self._holder, self._kept, self._path, takes_orders=True):
            _say_ready()
            threading.Thread(target=self._read_orders, daemon=True).start()
            self._holder.run()
        self._manager.close(1.0)

    def _read_orders(self) -> None:
        """Take what the process that started this one has to add, until it ends."""
        for line in sys.stdin:
            with suppress(ValueError):
                order = Order.from_json(line)
                self._holder.add(order.hrefs, order.seconds)


def _say_ready() -> None:
    """Tell who started this process that the session is held; nothing is said after that."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with open(os.devnull, "w", encoding="ascii") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
