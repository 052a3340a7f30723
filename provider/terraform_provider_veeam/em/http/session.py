"""The `requests.Session` that sends everything: its TLS is ours, and it keeps no cookie."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Mapping
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from terraform_provider_veeam.em.background import Threads
from terraform_provider_veeam.em.errors import CannotConnect
from terraform_provider_veeam.em.http import proxies, trust
from terraform_provider_veeam.em.http.addresses import Addresses
from terraform_provider_veeam.em.settings import Settings

_POOL_SIZE = 64  # connections kept open: as many calls come at once

# A request has one line in the log, with its time and outcome: the client's.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class RawRequest(NamedTuple):
    """What is sent to a path below `/api`, with its query."""

    method: str
    base_url: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None = None

    @property
    def is_idempotent(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method in ("GET", "DELETE")

    def __str__(self) -> str:
        return f"{self.method} {self.base_url}{self.path}"


class Session(requests.Session):
    """Believes the settings, and nothing of the environment: no .netrc, no REQUESTS_CA_BUNDLE."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.addresses = Addresses()
        self.threads = Threads("request")
        self.trust_env = False
        self.verify = not (settings.certificate_fingerprint or settings.insecure)
        self.headers.clear()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        adapter = _Adapter(settings)
        for scheme in ("http://", "https://"):
            self.mount(scheme, adapter)

    def prepare(
        self, request: RawRequest, seconds: float
    ) -> tuple[requests.PreparedRequest, dict[str, str]]:
        """Return a request as it is sent, and the proxies that it takes.

        Nothing is sent yet; a name with several addresses is reached within so many seconds. Raises
        CannotConnect, and as `Addresses.reach` does.
        """
        proxy = proxies.proxy_for(request.base_url)
        try:
            headers = {name: value.encode("latin-1") for name, value in request.headers.items()}
            where = request.base_url + request.path
            # By itself: this session has nothing to add, and to find that out takes as long again.
            prepared = requests.PreparedRequest()
            prepared.prepare(request.method, where, headers, data=request.body)
        except ValueError as error:
            # What it is about is not quoted: it may be the header with the token.
            raise CannotConnect(
                "The request can't be sent",
                f"{request}: url, username, password or session_token has a character that can't "
                f"be sent ({type(error).__name__}).",
            ) from error
        url = prepared.url or ""
        if proxy is None:
            prepared.url = self.addresses.reach(url, seconds)
            if prepared.url != url:
                prepared.headers["Host"] = urlsplit(url).netloc
        elif proxy.startswith("http:"):
            proxy = self.addresses.reach(proxy, seconds)
        return prepared, {"all": proxy} if proxy else {}

    def close(self) -> None:
        """Close the connections, and end the threads that wait for a request."""
        self.threads.close()
        super().close()

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return no address to go on to: for one, the whole body would be read at once."""


class _Adapter(HTTPAdapter):
    """Connections with our own SSLContext."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__(pool_maxsize=_POOL_SIZE)
        if settings.insecure:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    @cached_property
    def _verification(self) -> dict[str, Any]:
        if self._settings.base_url.startswith("http:"):
            # Where TLS ends at the proxy, the settings for Enterprise Manager's are not meant.
            return {"ssl_context": trust.ProxyContext()}
        return trust.verification(self._settings)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Return to whom a connection is, and how it is verified."""
        server, asked = super().build_connection_pool_key_attributes(request, verify, cert)
        tls = {**asked, **self._verification}
        if name := request.headers.get("Host"):  # where an address stands in place of the name
            tls["server_hostname"] = urlsplit(f"//{name}").hostname
        return server, tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Add no authorities of `requests` to those of the context."""

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """Return connections through a proxy.

        The settings are about Enterprise Manager alone: a proxy with TLS has to have a certificate
        that the system trusts, before it is told its password.
        """
        if proxy not in self.proxy_manager:
            options["proxy_ssl_context"] = trust.ProxyContext()
        return super().proxy_manager_for(proxy, **options)

    def proxy_headers(self, proxy: Any) -> dict[str, str]:
        """Return the proxy's user name and password in UTF-8, as Terraform sends them."""
        account = b64encode(proxies.account(proxy).encode()).decode()
        return {"Proxy-Authorization": f"Basic {account}"} if account else {}
