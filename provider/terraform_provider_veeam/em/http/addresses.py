"""Which of a name's addresses is used: the first with which a connection comes about.

As RFC 8305 (happy eyeballs) has it, they are tried one beside the other, each a moment after the
one before.
"""

import socket
from urllib.parse import urlsplit

import requests

_HEAD_START = 0.25  # seconds of an address before the next one is tried beside it


class Addresses:
    """The addresses that names with several of them were reached at."""

    def __init__(self) -> None:
        self._chosen: dict[str, str | None] = {}

    def reach(self, url: str, seconds: float) -> str:
        """Return a URL with the address that answers its name. Raises gaierror, ConnectTimeout."""
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
    """Return the address to use in place of a name; None where urllib3 finds it as well."""
    if len({found[4] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}) == 1:
        return None
    import asyncio  # noqa: PLC0415 - it takes long to import, and few names have several

    async def connect() -> tuple[str, int, int, int] | tuple[str, int]:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port, happy_eyeballs_delay=_HEAD_START)
        writer.close()
        return writer.get_extra_info("peername")  # type: ignore[no-any-return]

    try:
        address, _, *scope = asyncio.run(connect())
    except TimeoutError as error:
        raise requests.ConnectTimeout(error) from error  # the kind that says: nothing was sent
    except (OSError, RuntimeError):
        return None  # urllib3 fails as well, and says why
    return None if any(scope) else address  # the scope of a link-local address
