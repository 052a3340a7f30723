"""A name with several addresses, some of which do not answer."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from support.authorities import issue
from support.raw_server import RawServer, answer
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import addresses, exchange
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.settings import Settings

NAME = "em.example.com"
HERE, DEAD, OTHER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
look_up = socket.getaddrinfo
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue may refuse")

Resolve = Callable[..., list[str]]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Give a name such addresses; returns what was looked up."""

    def give(*found: str, name: str = NAME) -> list[str]:
        asked = []

        def answered(host: str, port: int, *rest: Any, **options: Any) -> Any:
            asked.append(host)
            each = found if host == name else (host,)
            return [one for ip in each for one in look_up(ip, port, *rest, **options)]

        monkeypatch.setattr(socket, "getaddrinfo", answered)
        return asked

    return give


@pytest.fixture
def silent() -> Iterator[Callable[[str, int], None]]:
    """Make an address that answers no attempt to connect to it."""
    with ExitStack() as opened:

        def fill(host: str, port: int) -> None:
            listener = opened.enter_context(socket.socket())
            listener.bind((host, port))
            listener.listen(0)
            for _ in range(3):
                waiting = opened.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((host, port))
            time.sleep(0.1)

        yield fill


def ask(url: str, method: str = "GET", seconds: float = 60, **settings: Any) -> Any:
    client = Client(
        Settings(base_url=url, **({"max_retries": 0, "insecure": True} | settings)),
        random=lambda: 1.0,
    )
    try:
        deadline = Deadline("The test", seconds, stop=threading.Event())
        return client.request(method, "/tasks", deadline).document
    finally:
        client.close()


def serve(connection: socket.socket, _: str) -> None:
    connection.sendall(answer())


def port_of(server: RawServer) -> int:
    return int(server.address.rpartition(":")[2])


@linux
def test_the_address_that_answers_is_used_without_waiting_for_the_other(
    resolve: Resolve, silent: Callable[[str, int], None]
) -> None:
    with RawServer(serve) as server:
        port = port_of(server)
        silent(DEAD, port)
        resolve(DEAD, HERE)
        began = time.monotonic()
        ask(f"http://{NAME}:{port}/api")
        assert time.monotonic() - began < 5
    assert f"Host: {NAME}:{port}" in server.heads[0].splitlines()


def test_an_address_that_refuses_is_passed_over(resolve: Resolve) -> None:
    with RawServer(serve) as server:
        port = port_of(server)
        resolve(DEAD, OTHER, HERE)
        ask(f"http://{NAME}:{port}/api", "POST")
    assert len(server.requests) == 1


def test_the_certificate_has_to_be_for_the_name_and_the_name_is_told(resolve: Resolve) -> None:
    authority = issue("Company")
    for host in (NAME, "other.example.com"):
        context = issue("Server", authority, host="10.0.0.1", names=(host,)).context()
        told: list[str] = []
        context.sni_callback = lambda _, name, __, told=told: told.append(name)
        with RawServer(serve, tls=context) as server:
            resolve(DEAD, HERE)
            url = f"https://{NAME}:{port_of(server)}/api"
            if host == NAME:
                ask(url, insecure=False, ca_certificate=authority.pem)
            else:
                with pytest.raises(errors.CertificateNotTrusted):
                    ask(url, insecure=False, ca_certificate=authority.pem)
            assert told[0] == NAME
        assert len(server.requests) == (1 if host == NAME else 0)


def test_a_name_with_one_address_is_left_to_the_library(resolve: Resolve) -> None:
    with RawServer(serve) as server:
        resolve(HERE)
        ask(f"http://{NAME}:{port_of(server)}/api")
    assert len(server.requests) == 1
    assert server.left.qsize() <= 1


def test_when_no_address_is_reached_nothing_was_sent(resolve: Resolve) -> None:
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    resolve(HERE, DEAD)
    with pytest.raises(errors.Unreachable, match="connection refused"):
        ask(f"http://{NAME}:{port}/api", "POST")


@linux
@pytest.mark.parametrize("found", [(DEAD,), (DEAD, OTHER)])
def test_connecting_has_a_limit_of_its_own(
    found: tuple[str, ...],
    resolve: Resolve,
    silent: Callable[[str, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "_CONNECT_TIMEOUT", 0.5)
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
        for address in found:
            silent(address, port)
        resolve(*found)
        began = time.monotonic()
        with pytest.raises(errors.Unreachable) as caught:
            ask(f"http://{NAME}:{port}/api", "POST", request_timeout=600)
        assert time.monotonic() - began < 5
    assert not caught.value.may_have_acted


def test_an_address_that_has_gone_is_chosen_anew(resolve: Resolve) -> None:
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    client = Client(Settings(base_url=f"http://{NAME}:{port}/api", max_retries=0), random=float)
    deadline = Deadline("The test", 60, stop=threading.Event())
    resolve(HERE, DEAD)
    for address in (HERE, DEAD):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen()
            client._session.addresses.reach(f"http://{NAME}:{port}/", 5)
            assert client._session.addresses._chosen == {f"{NAME}:{port}": address}
        with pytest.raises(errors.Unreachable):
            client.request("GET", "/tasks", deadline)
        assert client._session.addresses._chosen == {}
    client.close()


def test_the_name_of_a_proxy_is_reached_in_the_same_way(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(serve) as proxy:
        resolve(DEAD, HERE, name="proxy.example")
        monkeypatch.setenv("HTTP_PROXY", f"http://u:p@proxy.example:{port_of(proxy)}")
        ask("http://em.example.com:9399/api")
    assert proxy.heads[0].startswith("GET http://em.example.com:9399/api/tasks ")
    assert "Proxy-Authorization: Basic dTpw" in proxy.heads[0]


def test_an_ipv6_address_stands_in_brackets() -> None:
    reached = addresses.Addresses()
    reached._chosen["user@em.example.com"] = "::2"
    url = reached.reach("https://user@em.example.com/api?x=1", 1)
    assert url == "https://user@[::2]:443/api?x=1"
