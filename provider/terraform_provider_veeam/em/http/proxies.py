"""The proxy that the environment names, and what is wrong with it."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy

from terraform_provider_veeam.em.errors import CannotConnect

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = ("http", "https")


def proxies_for(url: str) -> Mapping[str, str]:
    """Return the proxies of the environment for an address; empty when it is reached without.

    None leads to this machine itself, as with Terraform. Raises CannotConnect for one that can't be
    used. Its address is not quoted: it may hold a password.
    """
    proxies = get_environ_proxies(url, no_proxy=None)
    proxy = None if _is_this_machine(url) else select_proxy(url, proxies)
    if proxy:
        _check(url, proxy)
        return proxies
    return {}


def passwords(url: str) -> list[str]:
    """Return the passwords of the proxies for an address, which nobody is to read."""
    named = get_environ_proxies(url, no_proxy=None).values()
    accounts = [re.sub(r"^[\w+.-]+://", "", proxy.rpartition("@")[0]) for proxy in named]
    return [unquote(account.partition(":")[2]) for account in accounts]


def unusable(url: str, reason: str) -> CannotConnect:
    """Return the error for a proxy with which it can't go on."""
    return CannotConnect(
        "The proxy can't be used",
        f"{url} is to be reached through the proxy that {variable(url)} names, but {reason}. "
        "Correct it, or name the host of Enterprise Manager in NO_PROXY, if it is reached without "
        "a proxy.",
    )


def variable(url: str) -> str:
    """Return the name of the variable that sets the proxy for an address."""
    scheme = urlsplit(url).scheme
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return next((name for name in names if os.environ.get(name)), f"{scheme}_proxy".upper())


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check(url: str, proxy: str) -> None:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise unusable(url, "it does not say http://HOST:PORT")
    if parts.scheme not in _SCHEMES:
        raise unusable(
            url, f"a proxy of the kind {parts.scheme} is not supported, only http and https"
        )
