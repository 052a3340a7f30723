"""The keeper: a process of its own that holds one logon session, and listens to what it is told."""

from __future__ import annotations

import hmac
import os
import signal
import sys
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.holding import SessionHolder
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.waiting import SYSTEM_CLOCK
from terraform_provider_veeam.keep_alive import sockets
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.platforms import hang_up_signals

if TYPE_CHECKING:
    import socket
    from pathlib import Path


def keep() -> int:
    """Take orders from stdin, one a line, and hold the session of the first to its end."""
    for number in (signal.SIGINT, *hang_up_signals()):
        signal.signal(number, signal.SIG_IGN)  # the terminal's end is not ours
    line = sys.stdin.readline()
    order = Order.from_json(line)
    path = sockets.path_of(order.session.session_id or str(os.getpid()))
    if sockets.ask(path, "add", hrefs=order.hrefs, seconds=order.seconds):
        _say_ready()  # there is a keeper of this session already
        return 0
    Keeper(order, path).run()
    return 0


class Keeper:
    """Holds the session, and answers at the socket."""

    def __init__(self, order: Order, path: Path) -> None:
        self._order = order
        self._path = path
        self._secret = ""
        self._manager = EnterpriseManager(order.settings)
        self._holder = SessionHolder(
            self._manager, order.session, clock=SYSTEM_CLOCK, idle_limit=order.idle_limit
        )
        self._holder.add(order.hrefs, order.seconds)

    def run(self) -> None:
        """Hold to the end."""
        signal.signal(signal.SIGTERM, lambda *_: self._holder.stop())
        listener, self._secret = sockets.listen(self._path)
        with closing(listener):
            _say_ready()
            for work in (lambda: self._listen(listener), self._read_orders):
                threading.Thread(target=work, daemon=True).start()
            try:
                self._holder.run()
            finally:
                with suppress(OSError):
                    self._path.unlink()
                self._manager.close(1.0)

    def _read_orders(self) -> None:
        """Take what the process that started this one has to add, until it ends."""
        for line in sys.stdin:
            with suppress(ValueError):
                order = Order.from_json(line)
                self._holder.add(order.hrefs, order.seconds)

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection), suppress(OSError, ValueError, KeyError, TypeError):
                connection.settimeout(5.0)
                message = sockets.receive(connection)
                if hmac.compare_digest(str(message.get("secret", "")), self._secret):
                    sockets.send(connection, self._answer(message))

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        match message["do"]:
            case "add":
                self._holder.add([str(h) for h in message["hrefs"]], float(message["seconds"]))
            case "check":
                self._holder.check()
            case "stop":
                self._holder.stop()
        return {
            "session_id": self._order.session.session_id,
            "url": self._order.settings.base_url,
            "mount_points": self._holder.mount_points,
            "remaining": self._holder.remaining,
            "pid": os.getpid(),
        }


def _say_ready() -> None:
    """Tell who started this process that the session is held; nothing is said after that."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with open(os.devnull, "w", encoding="ascii") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
