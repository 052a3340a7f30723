"""The keeper: one process a user, which holds sessions and takes orders through its socket.

Whoever starts it writes the first order to its stdin, and reads one line from its stdout: that it
holds the session, or why not.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK
from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.keep_alive import sockets
from terraform_provider_veeam.keep_alive.holder import Holder
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.platforms import hang_up_signals

if TYPE_CHECKING:
    from terraform_provider_veeam.em.settings import Settings

KEEPER = "keeper"
READY = "ready"


def keep() -> int:
    """Hold what the order on stdin and further orders ask for, until nothing is left."""
    for number in (signal.SIGINT, *hang_up_signals()):
        signal.signal(number, signal.SIG_IGN)  # it outlives its terminal
    plain = json.loads(sys.stdin.readline())
    keeper = Keeper(Order.from_plain(plain).idle_limit)
    signal.signal(signal.SIGTERM, lambda *_: keeper.holder.stop())
    try:
        with sockets.Listener(sockets.place(KEEPER), keeper.answer):
            answer = keeper.answer({"do": "hold", "order": plain})
            _say(answer.get("refused") or READY)
            if "refused" not in answer:
                keeper.holder.run()
    except FileExistsError:
        # Another one was started at the same time: it takes the order.
        answer = sockets.ask(sockets.place(KEEPER), {"do": "hold", "order": plain}, 60) or {}
        _say(answer.get("refused") or READY)
    return 0


class Keeper:
    """Takes orders, and answers what is held."""

    def __init__(self, idle_limit: float) -> None:
        self.holder = Holder(clock=SYSTEM_CLOCK, idle_limit=idle_limit)
        self._managers: dict[Settings, EnterpriseManager] = {}
        self._lock = threading.Lock()

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, and return what is held. Raises ValueError to give no answer."""
        if message["do"] == "hold":
            order = Order.from_plain(message["order"])
            if refused := self._hold(order):
                return {"refused": refused}
            return {}
        return answer(self.holder, message)

    def _hold(self, order: Order) -> str | None:
        """Take an order once its session has answered; return why it was not taken."""
        with self._lock:
            manager = self._managers.get(order.settings) or EnterpriseManager(order.settings)
            self._managers[order.settings] = manager
        record = order.record
        if order.seconds > 0:
            try:
                self.holder.look(record, manager.touch)
            except EnterpriseManagerError as error:
                return f"{error.summary}: {error.detail}"
        if not self.holder.hold(record, manager.touch, order.seconds, name=order.name, unused=0.0):
            raise ValueError("too late")  # a new keeper takes over
        return None


def answer(holder: Holder, message: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked of a holder, and return what it holds. Raises ValueError, KeyError."""
    match message["do"]:
        case "release":
            for fingerprint in message["sessions"]:
                holder.release(str(fingerprint), message.get("mount_point"))
        case "stop":
            holder.stop()
    return {
        "pid": os.getpid(),
        "held": [
            {
                "session": held.record.fingerprint,
                "name": held.name,
                "url": held.record.base_url,
                "mount_point": held.record.href,
                "remaining": held.remaining,
            }
            for held in holder.held()
        ],
    }


def _say(line: str) -> None:
    """Tell whoever started this process how it went; nothing is written after that."""
    sys.stdout.write(" ".join(line.split()) + "\n")
    sys.stdout.flush()
    with open(os.devnull, "w", encoding="ascii") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
