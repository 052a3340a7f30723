"""The proxies that the environment names for an address, as `requests` reads them.

Apart from `proxies`: `requests` takes longer to import than all else that sends a request.
"""

from collections.abc import Mapping

from requests.utils import get_environ_proxies, select_proxy


def named_proxies(url: str) -> Mapping[str, str]:
    """Return them by scheme; none when NO_PROXY names the host."""
    return get_environ_proxies(url, no_proxy=None)


def named_proxy(url: str) -> str | None:
    """Return the one that leads there; None when there is none."""
    return select_proxy(url, named_proxies(url))
