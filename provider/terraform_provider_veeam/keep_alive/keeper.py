"""The keeper: a process that holds sessions when Terraform has ended, and takes orders.

How an order gets from who asks (`start.hold`) to who holds it:

1. The asker offers it to one keeper after the other, each once. Who takes it, holds it.
2. A keeper first reads the mount point, with the order's own settings. While it reads it can't end.
3. It answers `held` once the read has succeeded and it holds the session; `refused` with the reason
   when the read failed, or when the session was released or it was stopped meanwhile.
4. It ends when it has nothing to hold and nothing to read. That is decided under the lock that
   orders are taken under, so an order comes before the end and counts, or after it and is not
   taken. No answer, or one that says nothing, is "not taken", and the asker goes on to the next.
5. When none is left, the asker starts one, which waits for its first order. So does each asker
   that finds none at the same time: several keepers are no fault, as each holds what it has taken.
6. Each order has the time when it was given. Of two for one session the later one counts: a keeper
   puts it in the place of the earlier one, and who has asked, once it is held, has all other
   keepers drop what was ordered earlier, its own order too if one of them has a later one. Nothing
   is dropped but for a later order that is held: somebody holds the session at any time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Clock, Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive.holder import Holder, Touch
from terraform_provider_veeam.keep_alive.order import Order, network

if TYPE_CHECKING:
    from terraform_provider_veeam.em.client import EnterpriseManager


def _make_em(settings: Settings) -> EnterpriseManager:
    # A keeper that waits for the end of a command of Terraform may never need it.
    from terraform_provider_veeam.em.client import EnterpriseManager  # noqa: PLC0415

    return EnterpriseManager(settings)


class Keeper:
    """Takes orders, and answers what is held."""

    def __init__(
        self,
        *,
        patience: float = 0.0,
        clock: Clock = SYSTEM_CLOCK,
        make_em: Callable[[Settings], EnterpriseManager] = _make_em,
    ) -> None:
        """Take for how many seconds to wait for a first order."""
        self.holder = Holder(clock=clock, patience=patience)
        self._make_em = make_em
        self._clients: dict[Settings, EnterpriseManager] = {}
        self._lock = threading.Lock()

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, and return what came of it. Raises ValueError, KeyError."""
        if message["do"] != "hold":
            return answer(self.holder, message)
        order = Order.from_plain(message["order"])
        if order.network != network():
            return {}  # this process would ask another proxy, or trust another server
        try:
            return {"held": True} if self.holder.take(order, self._touch(order.settings)) else {}
        except EnterpriseManagerError as error:
            return {"refused": f"{error.summary}: {error.detail}"}

    def hold(self, order: Order) -> None:
        """Hold a session that is known to live, without a first read."""
        self.holder.hold(order, self._touch(order.settings))

    def _touch(self, settings: Settings) -> Touch:
        def touch(session: LogonSession, href: str, deadline: Deadline) -> None:
            with self._lock:
                em = self._clients.get(settings) or self._make_em(settings)
                self._clients[settings] = em
            em.mounts.touch(session, href, deadline)

        return touch


def answer(holder: Holder, message: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked of a holder, and return what it holds. Raises ValueError, KeyError.

    Of a release that is what it still holds of those sessions.
    """
    held = holder.held
    match message["do"]:
        case "release":
            before = float(message.get("before", "inf"))
            names = [str(fingerprint) for fingerprint in message["sessions"]]
            for name in names:
                holder.release(name, message.get("mount_point"), before=before)
            held = partial(holder.held, names)
        case "stop":
            holder.end()
        case other if other != "list":
            return {}
    return {
        "pid": os.getpid(),
        "sessions": [
            {
                "session": one.order.record.fingerprint,
                "name": one.order.name,
                "url": one.order.record.base_url,
                "mount_point": one.order.record.href,
                "remaining": one.remaining,
                "terraform": one.order.terraform,
                "at": one.order.at,
            }
            for one in held()
        ],
    }
