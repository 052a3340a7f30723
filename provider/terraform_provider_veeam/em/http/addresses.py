"""Which of a name's addresses is used: the first with which a connection comes about.

As RFC 8305 (happy eyeballs) has it, they are tried one beside the other, each a moment after the
one before.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from contextlib import ExitStack
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD_START = 0.25  # seconds of an address before the next one is tried beside it
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)

_Address = tuple[socket.AddressFamily, Any]


class Addresses:
    """The addresses that names with several of them were reached at."""

    def __init__(self) -> None:
        self._chosen: dict[str, str | None] = {}

    def reach(self, url: str, seconds: float) -> str:
        """Return a URL, with an address in place of a host's name if the name has several.

        Raises gaierror, and ConnectTimeout if there is no connection to any of them in time.
        """
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.netloc not in self._chosen:
            self._chosen[parts.netloc] = _choose(parts.hostname or "", port, seconds)
        address = self._chosen[parts.netloc]
        if address is None:
            return url
        account, at, _ = parts.netloc.rpartition("@")
        host = f"[{address}]" if ":" in address else address
        return parts._replace(netloc=f"{account}{at}{host}:{port}").geturl()

    def forget(self) -> None:
        """Choose anew: an address that was reached may have gone."""
        self._chosen.clear()


def _choose(host: str, port: int, seconds: float) -> str | None:
    """Return the address to use in place of a name; None where there is nothing to choose."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    if len(addresses) == 1:
        return None
    families = dict.fromkeys(family for family, _ in addresses)
    of_each = [[one for one in addresses if one[0] == family] for family in families]
    try:
        chosen = first_reached([one for one in chain(*zip_longest(*of_each)) if one], seconds)
    except OSError as error:
        raise requests.ConnectTimeout(error) from error  # the kind that says: nothing was sent
    return None if any(chosen[3:]) else str(chosen[0])  # the scope of a link-local address


def first_reached(addresses: Sequence[_Address], seconds: float) -> Any:
    """Return the address that a connection was made to first. Raises OSError if there is none."""
    untried = list(addresses)
    failure = OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    now = next_at = time.monotonic()
    end = now + seconds
    with selectors.DefaultSelector() as selector, ExitStack() as opened:
        while (untried or selector.get_map()) and now < end:
            if untried and now >= next_at:
                family, address = untried.pop(0)
                next_at = now + _HEAD_START
                try:
                    trying = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
                except OSError as error:  # as where IPv6 is switched off
                    failure, next_at = error, now
                    continue
                trying.settimeout(0)
                if (code := trying.connect_ex(address)) in _UNDER_WAY:
                    selector.register(trying, selectors.EVENT_WRITE, address)
                else:
                    failure, next_at = OSError(code, os.strerror(code)), now
            wake_at = min(end, next_at) if untried else end
            for key, _ in selector.select(max(0.0, wake_at - now)) if selector.get_map() else ():
                code = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # type: ignore[union-attr]
                if not code:
                    return key.data
                failure, next_at = OSError(code, os.strerror(code)), now
                selector.unregister(key.fileobj)
            now = time.monotonic()
    raise failure
