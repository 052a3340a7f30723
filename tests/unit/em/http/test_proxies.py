"""Which proxy is used, as golang.org/x/net/http/httpproxy decides it, which Terraform uses."""

import pytest

from terraform_provider_veeam.em.http import proxies

PROXY = "http://proxy.example:3128"
NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def proxy_for(host: str, **environment: str) -> str | None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return proxies.proxy_for(f"https://{host}:9398/api")


# Each with Go's own verdict.
WITHOUT = [
    ("em.example.com", "em.example.com"),
    ("em.example.com", "EM.Example.COM"),
    ("em.example.com", "example.com"),
    ("em.example.com", ".example.com"),
    ("em.example.com", "*.example.com"),
    ("em.example.com", "other, .example.com ,"),
    ("em.example.com", "*"),
    ("em.example.com", "other,*"),
    ("em.example.com", "em.example.com:9398"),
    ("em.example.com", "*.example.com:9398"),
    ("em.example.com", "em.example.com:"),
    ("example.com", "example.com"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("em.bücher.example", "bücher.example"),
    ("10.1.2.3", "10.0.0.0/8"),
    ("10.1.2.3", "10.1.2.250/24"),
    ("10.1.2.3", "10.1.2.3"),
    ("10.1.2.3", "10.1.2.3:9398"),
    ("10.1.2.3", "::ffff:10.1.2.3"),
    ("10.1.2.3", "*"),
    ("[2001:db8::1]", "2001:DB8:0::1"),
    ("[2001:db8::1]", "[2001:db8::1]:9398"),
    ("[2001:db8::1]", "2001:db8::/32"),
    ("[::ffff:10.1.2.3]", "10.0.0.0/8"),
]
WITH = [
    ("em.example.com", ""),
    ("em.example.com", "other"),
    ("em.example.com", "ample.com"),
    ("em.example.com", "em"),
    ("em.example.com", "em.*"),
    ("em.example.com", "*em.example.com"),
    ("em.example.com", "em.example.com:443"),
    ("em.example.com", ".example.com:443"),
    ("em.example.com", "https://em.example.com"),
    ("em.example.com", ":9398"),
    ("em.example.com", "*:9398"),
    ("em.example.com", "0.0.0.0/0"),
    ("example.com", ".example.com"),
    ("example.com", "*.example.com"),
    ("10.1.2.3", "10.1.2.3:443"),
    ("10.1.2.3", "10.*"),
    ("10.1.2.3", "2.3"),
    ("10.1.2.3", "192.168.0.0/16"),
    ("10.1.2.3", "10.0.0.0/255.0.0.0"),
    ("[2001:db8::1]", "[2001:db8::1]:443"),
    ("[2001:db8::1]", "[2001:db8::1]"),
    ("[2001:db8::1]", "10.0.0.0/8"),
]


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(("host", "entries"), WITHOUT)
def test_a_host_that_is_named_is_reached_without_the_proxy(
    host: str, entries: str, name: str
) -> None:
    assert proxy_for(host, HTTPS_PROXY=PROXY, **{name: entries}) is None


@pytest.mark.parametrize(("host", "entries"), WITH)
def test_a_host_that_is_not_named_is_reached_through_the_proxy(host: str, entries: str) -> None:
    assert proxy_for(host, HTTPS_PROXY=PROXY, NO_PROXY=entries) == PROXY


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_this_machine_is_reached_without_a_proxy(host: str) -> None:
    assert proxy_for(host, HTTPS_PROXY=PROXY) is None


@pytest.mark.parametrize(
    "environment",
    [
        {"HTTPS_PROXY": PROXY, "https_proxy": "http://other:1", "HTTP_PROXY": "http://other:1"},
        {"https_proxy": PROXY, "ALL_PROXY": "http://other:1"},
        {"HTTPS_PROXY": "", "https_proxy": PROXY},
        {"ALL_PROXY": PROXY},
        {"HTTPS_PROXY": "proxy.example:3128"},
    ],
)
def test_the_variable_of_the_scheme_comes_first_in_capitals(environment: dict[str, str]) -> None:
    assert proxy_for("em.example.com", **environment) == PROXY


def test_the_proxy_of_the_other_scheme_is_not_used() -> None:
    assert proxy_for("em.example.com", HTTP_PROXY=PROXY) is None


def test_the_passwords_of_all_proxies_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:a@p%40ss@proxy.example:1")
    monkeypatch.setenv("https_proxy", "user:other@proxy.example:1")
    assert {"a@p@ss", "other"} <= set(proxies.passwords())


@pytest.mark.parametrize(
    ("proxy", "place"),
    [
        ("http://user:secret@proxy.example", "proxy.example:80"),
        ("https://user:secret@proxy.example", "proxy.example:443"),
        ("user:secret@[2001:db8::1]:3128", "[2001:db8::1]:3128"),
    ],
)
def test_a_proxy_is_named_by_host_and_port(
    proxy: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    assert proxies.described("https://em.example.com:9398/api") == f"{place} (https_proxy)"
