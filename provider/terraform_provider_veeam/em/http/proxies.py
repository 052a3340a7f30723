"""The proxy that the environment names, and what is wrong with it."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from urllib.parse import unquote, urlsplit

from terraform_provider_veeam.em.errors import CannotConnect

_SCHEMES = ("http", "https")


def proxy_for(url: str) -> str | None:
    """Return the address of the environment's proxy for an address; None if it is reached without.

    None leads to this machine itself, as with Terraform. Raises CannotConnect for one that can't be
    used. Its address is not quoted: it may hold a password.
    """
    if _is_this_machine(url) or not _may_have_proxy():
        return None
    from terraform_provider_veeam.em.http.named_proxies import (  # noqa: PLC0415 - it takes long
        named_proxy,
    )

    proxy = named_proxy(url)
    return _whole(url, proxy) if proxy else None


def account(proxy: str) -> str:
    """Return the `user:password` that a proxy's address holds; empty when it holds none."""
    return unquote(re.sub(r"^[\w+.-]+://", "", proxy.rpartition("@")[0]))


def passwords(url: str) -> list[str]:
    """Return the passwords of the proxies for an address, which nobody is to read."""
    if not _may_have_proxy():
        return []
    from terraform_provider_veeam.em.http.named_proxies import (  # noqa: PLC0415 - it takes long
        named_proxies,
    )

    return [account(proxy).partition(":")[2] for proxy in named_proxies(url).values()]


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


def _may_have_proxy() -> bool:
    """Tell whether there may be a proxy: of Linux and its like only variables can name one."""
    variables = {name.lower() for name in os.environ} - {"no_proxy"}
    has_settings = sys.platform in ("win32", "darwin")
    return has_settings or any(name.endswith("_proxy") for name in variables)


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _whole(url: str, proxy: str) -> str:
    """Return a proxy's address with its scheme. Raises CannotConnect."""
    whole = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(whole)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise unusable(url, "it does not say http://HOST:PORT")
    if parts.scheme not in _SCHEMES:
        raise unusable(
            url, f"a proxy of the kind {parts.scheme} is not supported, only http and https"
        )
    return whole
