"""The proxy that the environment names, read as Terraform reads it: both run side by side.

Follows golang.org/x/net/http/httpproxy. ALL_PROXY counts as well, where the variable of the scheme
is not set.
"""

import ipaddress
import os
import re
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from terraform_provider_veeam.em.errors import CannotConnect
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import is_quoted

_PORTS = {"http": 80, "https": 443}


def proxy_for(url: str) -> str | None:
    """Return the proxy for an address, if any. Raises CannotConnect, which quotes no password."""
    proxy, parts = os.environ.get(variable(url)), urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    return _whole(url, proxy) if proxy and not _is_direct(parts.hostname or "", port) else None


def account(proxy: str) -> str:
    """Return the `user:password` that a proxy's address holds; empty when it holds none."""
    return unquote(re.sub(r"^[\w+.-]+://", "", proxy.rpartition("@")[0]))


def passwords() -> list[str]:
    """Return the passwords of all proxies in the environment, which nobody is to read."""
    named = [value for name, value in os.environ.items() if name.lower().endswith("_proxy")]
    return [account(proxy).partition(":")[2] for proxy in named]


def described(url: str) -> str:
    """Return which proxy leads to an address, by host and port, and which variable names it."""
    parts = urlsplit(proxy_for(url) or "")
    host = printable(parts.hostname or "")
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port or _PORTS.get(parts.scheme)} ({variable(url)})"


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
    name = f"{urlsplit(url).scheme}_proxy"
    names = (name.upper(), name, "ALL_PROXY", "all_proxy")
    return next((name for name in names if os.environ.get(name)), name.upper())


def _is_direct(host: str, port: int | None) -> bool:
    """Tell whether a host is reached without a proxy: this machine is, and what NO_PROXY names."""
    address = _address(host.partition("%")[0])
    if host.lower() == "localhost" or (address and address.is_loopback):
        return True
    named = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    entries = (entry.strip().lower() for entry in named.split(","))
    return any(_covers(entry, _ascii(host), address, port) for entry in entries if entry)


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _covers(entry: str, host: str, address: _Address | None, port: int | None) -> bool:
    """Tell whether an entry of NO_PROXY means a host: `*`, CIDR, or name or address with a port."""
    if entry == "*":
        return True
    if re.fullmatch(r"[0-9a-f.:]+/\d+", entry):
        with suppress(ValueError):
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
    found = re.fullmatch(r"(?:\[(.+)\]|([^:]+)):(\d*)", entry)
    name, its_port = (found[1] or found[2], found[3]) if found else (entry, "")
    if its_port not in ("", str(port)):
        return False
    if address or _address(name):
        return address is not None and address == _address(name)
    suffix = name.removeprefix("*") if name.startswith("*.") else name
    ending = f".{_ascii(suffix.removeprefix('.'))}"
    return host.endswith(ending) or (suffix[0] != "." and host == ending[1:])


def _address(host: str) -> _Address | None:
    """Return the IP address that a host is given by; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _ascii(name: str) -> str:
    try:
        return name.lower().encode("idna").decode()
    except UnicodeError:
        return name.lower()


def _whole(url: str, proxy: str) -> str:
    """Return a proxy's address with its scheme. Raises CannotConnect."""
    if is_quoted(proxy):
        raise unusable(url, "it is in quotation marks, which nothing has removed")
    whole = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(whole)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise unusable(url, "it does not say http://HOST:PORT")
    if parts.scheme not in _PORTS:
        raise unusable(
            url, f"a proxy of the kind {parts.scheme} is not supported, only http and https"
        )
    return whole
