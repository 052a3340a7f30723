"""Exchanges with servers that take their time, say too much, or can't be reached at all."""

import gc
import gzip
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from em_simulator.certificate import Certificate
from support.raw_server import RawServer, answer, drip
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.background import in_background, side_by_side
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.settings import Settings

Serve = Callable[[socket.socket, str], None]


_clients: list[Client] = []


def client_of(url: str, **settings: Any) -> Client:
    """Return a client, which is closed at the end of the test."""
    values = {"request_timeout": 1.0, "max_retries": 0, "insecure": True} | settings
    client = Client(Settings(base_url=url, **values), random=lambda: 1.0)
    _clients.append(client)
    return client


def bound(seconds: float = 60, stop: threading.Event | None = None) -> Deadline:
    return Deadline(operation="The test", seconds=seconds, stop=stop or threading.Event())


@pytest.fixture
def certificate() -> Certificate:
    return Certificate()


@pytest.fixture(autouse=True)
def _no_exchange_outlives_its_request() -> Iterator[None]:
    yield
    while _clients:
        _clients.pop().close()
    end = time.monotonic() + 1
    while (names := [t.name for t in threading.enumerate()]) and time.monotonic() < end:
        if "request" not in names:
            return
        time.sleep(0.01)
    assert "request" not in names


# A request without a bound


def slow_body(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    drip(connection, b" ")


def slow_body_without_a_length(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
    drip(connection, b" ")


def slow_headers(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    drip(connection, b"X: 1\r\n")


def slow_first_line(connection: socket.socket, _: str) -> None:
    drip(connection, b"H")


def slow_trailers(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    drip(connection, b"X: 1\r\n")


def continue_for_ever(connection: socket.socket, _: str) -> None:
    drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n" * 100, pause=0.001)


def processing_for_ever(connection: socket.socket, _: str) -> None:
    drip(connection, b"HTTP/1.1 102 Processing\r\n\r\n")


def silence(connection: socket.socket, _: str) -> None:
    connection.recv(1)


ENDLESS = [
    slow_body,
    slow_body_without_a_length,
    slow_headers,
    slow_first_line,
    slow_trailers,
    continue_for_ever,
    processing_for_ever,
    silence,
]
ENDLESS_REQUESTS = [(serve, "POST") for serve in ENDLESS] + [
    (serve, method) for serve in (slow_body, continue_for_ever) for method in ("GET", "DELETE")
]


@pytest.mark.parametrize(("serve", "method"), ENDLESS_REQUESTS)
def test_an_answer_that_does_not_come_to_an_end_is_given_up_in_time(
    serve: Serve, method: str
) -> None:
    began = time.monotonic()
    with RawServer(serve) as server:
        client = client_of(server.url, request_timeout=0.5)
        with pytest.raises(errors.AnswerLost) as caught:
            client.request(method, "/tasks", bound(), token="token")
        assert time.monotonic() - began < 8
        assert caught.value.may_have_acted


@pytest.mark.parametrize(("serve", "method"), ENDLESS_REQUESTS)
def test_a_stop_does_not_wait_for_an_answer_that_does_not_come(serve: Serve, method: str) -> None:
    stop = threading.Event()
    stopped: list[float] = []

    def serve_until_stopped(connection: socket.socket, line: str) -> None:
        stopped.append(time.monotonic())
        stop.set()
        serve(connection, line)

    expected = errors.AnswerLost if method == "POST" else errors.Stopped
    with RawServer(serve_until_stopped) as server:
        client = client_of(server.url, request_timeout=30)
        with pytest.raises(expected):
            client.request(method, "/tasks", bound(stop=stop))
    assert time.monotonic() - stopped[0] < 8


def test_the_answer_about_what_was_begun_is_taken_if_it_comes_soon_after_a_stop() -> None:
    stop = threading.Event()

    def stop_and_serve(connection: socket.socket, _: str) -> None:
        stop.set()
        time.sleep(0.2)
        connection.sendall(answer())

    with RawServer(stop_and_serve) as server:
        client = client_of(server.url, request_timeout=30)
        assert client.request("POST", "/tasks", bound(stop=stop)).status == 200
        with pytest.raises(errors.Stopped):
            client.request("GET", "/tasks", bound(stop=stop))


def test_what_must_be_finished_does_not_wait_for_a_silent_server_after_a_stop() -> None:
    stop = threading.Event()

    def stop_and_serve(connection: socket.socket, line: str) -> None:
        stop.set()
        silence(connection, line)

    began = time.monotonic()
    with RawServer(stop_and_serve) as server:
        client = client_of(server.url, request_timeout=30)
        with pytest.raises(errors.EnterpriseManagerError):
            client.request("DELETE", "/tasks/1", bound(stop=stop).unstoppable("Undoing", 30))
    assert time.monotonic() - began < 8


def test_a_handshake_that_does_not_come_to_an_end_is_given_up_in_time(
    certificate: Certificate,
) -> None:
    def begin(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"\x16\x03\x03\x40\x00")
        drip(connection, b"\x02")

    began = time.monotonic()
    with RawServer(silence, tls=certificate.context(), begin=begin) as server:
        with pytest.raises(errors.EnterpriseManagerError):
            client_of(server.url, request_timeout=0.5).request("GET", "/tasks", bound())
        assert time.monotonic() - began < 8


# An answer that is another's


def naming(line: str) -> bytes:
    return answer(b'{"TaskId": "' + line.rpartition("/")[2].encode() + b'"}')


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints"])
@pytest.mark.parametrize("pause", [0.0, 0.1])
@pytest.mark.parametrize("encrypted", [False, True])
def test_what_comes_before_an_answer_is_not_taken_for_it_nor_for_the_next_one(
    status: str, pause: float, encrypted: bool, certificate: Certificate
) -> None:
    def serve(connection: socket.socket, line: str) -> None:
        if line.endswith("/early"):
            connection.sendall(f"HTTP/1.1 {status}\r\nLink: </x>\r\n\r\n".encode())
            time.sleep(pause)
        connection.sendall(naming(line))

    with RawServer(serve, tls=certificate.context() if encrypted else None) as server:
        client = client_of(server.url)
        for method in ("GET", "POST"):
            if status.startswith("100"):
                found = client.request(method, "/tasks/early", bound()).document
                assert found.property("TaskId") == "early"
            else:
                with pytest.raises(errors.AnswerLost, match=f": {status[:3]} came"):
                    client.request(method, "/tasks/early", bound())
            found = client.request(method, "/tasks/task-1", bound()).document
            assert found.property("TaskId") == "task-1"


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize(
    "extra", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"x", b" " * 100_000]
)
def test_what_comes_after_an_answer_is_not_taken_for_the_next_one(
    extra: bytes, encrypted: bool, certificate: Certificate
) -> None:
    def serve(connection: socket.socket, line: str) -> None:
        connection.sendall(naming(line) + extra)

    with RawServer(serve, tls=certificate.context() if encrypted else None) as server:
        client = client_of(server.url)
        for number in range(3):
            found = client.request("GET", f"/tasks/{number}", bound()).document
            assert found.property("TaskId") == str(number)


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("body", [b"", b"{}", b" " * 100_000])
def test_a_connection_is_used_again(body: bytes, encrypted: bool, certificate: Certificate) -> None:
    def serve(connection: socket.socket, _: str) -> None:
        connection.sendall(answer(body))

    with RawServer(serve, tls=certificate.context() if encrypted else None) as server:
        client = client_of(server.url)
        for _ in range(3):
            client.request("GET", "/tasks", bound())
    assert server.requests == ["1 GET /api/tasks"] * 3


def test_so_is_the_thread_of_a_request_and_two_at_once_have_two() -> None:
    threads = []
    both = threading.Barrier(2)

    def serve(connection: socket.socket, line: str) -> None:
        if line.endswith("/both"):
            both.wait(10)
        threads.append({t for t in threading.enumerate() if t.name == "request"})
        connection.sendall(answer())

    with RawServer(serve) as server:
        client = client_of(server.url, request_timeout=10)
        for _ in range(3):
            client.request("GET", "/tasks", bound())
        assert len(set.union(*threads)) == 1
        work = side_by_side(lambda path: client.request("GET", path, bound()), ["/both"] * 2, 2)
        assert len(list(work)) == 2
        assert len(set.union(*threads)) == 2


def test_a_request_that_nobody_waits_for_any_more_keeps_no_other_one_waiting() -> None:
    stop = threading.Event()

    def serve(connection: socket.socket, line: str) -> None:
        if line.endswith("/silent"):
            stop.set()
            silence(connection, line)
        connection.sendall(answer())

    with RawServer(serve) as server:
        client = client_of(server.url, request_timeout=30)
        with pytest.raises(errors.Stopped):
            client.request("GET", "/silent", bound(stop=stop))
        assert client.request("GET", "/tasks", bound()).status == 200


def test_what_comes_fast_with_a_slow_stretch_comes_whole_and_in_few_parts() -> None:
    whole = bytes(range(256)) * 16 * 1024
    parts: list[int] = []

    def serve(connection: socket.socket, _: str) -> None:
        sent = answer(whole)
        middle = len(sent) // 2
        connection.sendall(sent[:middle])
        for start in range(middle, middle + 20):
            time.sleep(0.05)
            connection.sendall(sent[start : start + 1])
        connection.sendall(sent[middle + 20 :])

    class Sink:
        come = bytearray()

        @property
        def size(self) -> int:
            return len(self.come)

        def restart(self) -> None:
            self.come.clear()

        def write(self, chunk: bytes) -> None:
            self.come += chunk
            parts.append(len(chunk))

    with RawServer(serve) as server:
        sink = Sink()
        client_of(server.url, request_timeout=20).download("/file", bound(), token="t", into=sink)
    assert sink.come == whole
    assert len(parts) < 150


# Memory


def test_a_compressed_answer_is_neither_asked_for_nor_taken() -> None:
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)  # slow: not while the client waits

    def serve(connection: socket.socket, _: str) -> None:
        connection.sendall(answer(bomb, more="Content-Encoding: gzip\r\n"))

    with RawServer(serve) as server:
        with pytest.raises(errors.UnexpectedAnswer, match="compressed"):
            client_of(server.url).request("POST", "/tasks", bound())
        assert "\r\nAccept-Encoding: identity\r\n" in server.heads[0]


@pytest.mark.parametrize("mebibytes", [8, 9])
def test_an_answer_has_eight_mebibytes_at_most(mebibytes: int) -> None:
    def serve(connection: socket.socket, _: str) -> None:
        connection.sendall(answer(b"[]" + b" " * (mebibytes * 1024 * 1024 - 2)))

    with RawServer(serve) as server:
        client = client_of(server.url, request_timeout=10)
        if mebibytes > 8:
            with pytest.raises(errors.UnexpectedAnswer, match="too large"):
                client.request("GET", "/tasks", bound())
        else:
            assert client.request("GET", "/tasks", bound()).document.value == []


# Whatever comes, only errors of the tree leave


# What is wrong with headers has urllib3 leave a socket to the garbage.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "said",
    [
        b"\r\n\r\n",
        b"HTTP/9.9 999999999999 ?\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: https://[x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n",
        answer(b"[" * 1200 + b"]" * 1200),
        answer(b"<a>" * 1200 + b"</a>" * 1200),
        answer(b"[" + b"9" * 5000 + b"]"),
        answer(b'<?xml version="1.0" encoding="klingon"?><a', kind="text/xml; charset=klingon"),
        answer(b'{"Message": "\\ud800", "StatusCode": 500}', "500 Error", more="Date: \xff\r\n"),
        answer(b"", "503 Busy", more="Retry-After: Fri, 31 Dec 9999 23:59:59\r\n"),
        answer(b"", "503 Busy", more="Retry-After: " + "9" * 5000 + "\r\n"),
        answer(b"", "401 No", more="WWW-Authenticate: \x00\r\n"),
    ],
)
def test_no_exception_of_others_leaves(said: bytes) -> None:
    def serve(connection: socket.socket, _: str) -> None:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)

    with RawServer(serve) as server:
        client = client_of(server.url)
        for method in ("GET", "POST"):
            with pytest.raises(errors.EnterpriseManagerError) as caught:
                client.request(method, "/tasks", bound(), token="token")
            caught.value.detail.encode()
        del caught
    gc.collect()


@pytest.mark.parametrize("token", ["t\u00f6\u0142ken", "to\nken", "\ud800"])
def test_a_token_that_can_not_be_sent_is_told_at_once_and_not_shown(token: str) -> None:
    with RawServer(silence) as server, pytest.raises(errors.CannotConnect) as caught:
        client_of(server.url, max_retries=5).request("GET", "/tasks", bound(), token=token)
    assert repr(token)[2:-1] not in str(caught.value)
    assert server.requests == []


# What can't get better


def once(client: Client) -> errors.CannotConnect:
    """Return the error of a request that is not tried again."""
    began = time.monotonic()
    with pytest.raises(errors.CannotConnect) as caught:
        client.request("GET", "/tasks", bound(), token="token")
    assert time.monotonic() - began < 8
    assert "heck url" not in str(caught.value)
    assert not caught.value.may_have_acted
    return caught.value


@pytest.mark.parametrize(
    ("host", "looked_up"),
    [("em.example", "em.example"), ("bücher.example", "xn--bcher-kva.example")],
)
def test_a_name_that_nobody_knows_is_told_at_once(
    host: str, looked_up: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def look_up(name: str, *_: object, **__: object) -> None:
        asked.append(name)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(errors.UnknownHost, match="resolve the name"):
        client_of(f"https://{host}:9398/api", max_retries=5).request("GET", "/tasks", bound())
    assert asked == [looked_up]


@pytest.mark.filterwarnings("ignore:.*TLSv1.*is deprecated")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_a_server_of_old_tls_is_told_at_once(
    version: ssl.TLSVersion, certificate: Certificate
) -> None:
    context = certificate.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with RawServer(silence, tls=context) as server:
        error = once(client_of(server.url, max_retries=5, request_timeout=5))
        assert "TLS 1.2" in error.detail
        assert server.left.qsize() <= 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_demands_a_certificate_of_the_client_is_told_at_once(
    version: ssl.TLSVersion, certificate: Certificate
) -> None:
    context = certificate.context()
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=certificate.pem)
    with RawServer(silence, tls=context) as server:
        error = once(client_of(server.url, max_retries=5, request_timeout=5))
    assert "certificate of the client" in error.detail


@pytest.mark.parametrize(
    "trusted", [{}, {"insecure": False, "certificate_fingerprint": "ab" * 32}, {"insecure": False}]
)
def test_what_does_not_speak_tls_is_told_at_once(trusted: dict[str, Any]) -> None:
    def begin(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with RawServer(silence, begin=begin) as server:
        client = client_of(server.url.replace("http:", "https:"), max_retries=5, **trusted)
        with pytest.raises(errors.CannotConnect) as caught:
            client.request("GET", "/", bound())
        assert "speaks plain HTTP, not TLS" in caught.value.detail
        assert "https://HOST:9398; check url" in caught.value.detail
        assert server.left.get(timeout=2) == 1
        assert server.left.empty()


def test_what_speaks_tls_alone_is_told_at_once(certificate: Certificate) -> None:
    with RawServer(silence, tls=certificate.context()) as server:
        client = client_of(server.url.replace("https:", "http:"), max_retries=5)
        with pytest.raises(
            errors.CannotConnect, match=r"speaks TLS, not plain HTTP\. Write https:"
        ):
            client.request("GET", "/", bound())


def test_a_server_that_closes_what_is_not_plain_http_is_told_at_once() -> None:
    """As HTTP.sys does, which answers nothing to a handshake that it does not understand."""

    def begin(connection: socket.socket) -> None:
        if connection.recv(65536).startswith(b"GET"):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.shutdown(socket.SHUT_RDWR)

    with RawServer(silence, begin=begin) as server:
        client = client_of(server.url.replace("http:", "https:"), max_retries=0)
        with pytest.raises(errors.CannotConnect, match="speaks plain HTTP, not TLS"):
            client.request("GET", "/", bound())


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("socks5://geheim:7@127.0.0.1:1080", "socks5"),
        ("socks5h://127.0.0.1:1080", "socks5h"),
        ("http://geheim:7@", "does not say http"),
        ("http://geheim:port", "does not say http"),
        ("http://[geheim", "does not say http"),
        (":::", "does not say http"),
        ('"http://geheim:7"', "in quotation marks"),
        ("'geheim:7'", "in quotation marks"),
        ("ftp://127.0.0.1:21", "ftp"),
        ("http://geheim:7@no-such-host.invalid:8080", "name of the proxy"),
        ("no-such-host.invalid:8080", "name of the proxy"),
    ],
)
def test_a_proxy_that_can_not_be_used_is_told_at_once_with_its_variable(
    name: str, proxy: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_proxy(monkeypatch, name, proxy)
    error = once(client_of("https://em.example.com:9398/api", max_retries=5))
    assert name in error.detail
    assert says in error.detail
    assert "geheim" not in str(error)


def use_proxy(monkeypatch: pytest.MonkeyPatch, name: str, proxy: str) -> None:
    for other in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, proxy)


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden"])
def test_a_proxy_that_refuses_is_named(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket, _: str) -> None:
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    with RawServer(refuse) as proxy:
        use_proxy(monkeypatch, "HTTPS_PROXY", f"http://{proxy.address}")
        error = once(client_of("https://em.example.com:9398/api", max_retries=5))
        assert len(proxy.requests) == 1
    assert "HTTPS_PROXY" in error.detail
    assert status[:3] in error.detail


def test_a_proxy_that_does_not_listen_is_told_in_plain_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    use_proxy(monkeypatch, "HTTPS_PROXY", f"http://{address}")
    with pytest.raises(errors.Unreachable) as caught:
        client_of("https://em.example.com:9398/api").request("GET", "/tasks", bound())
    told = f"is to go through the proxy {address} (HTTPS_PROXY): connection refused. If"
    assert told in caught.value.detail


def test_a_proxy_that_is_busy_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket, _: str) -> None:
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    with RawServer(refuse) as proxy:
        use_proxy(monkeypatch, "HTTPS_PROXY", f"http://{proxy.address}")
        client = client_of("https://em.example.com:9398/api", max_retries=1)
        with pytest.raises(errors.Unreachable, match="HTTPS_PROXY"):
            client.request("GET", "/tasks", bound())
        assert len(proxy.requests) == 2


def test_a_proxy_is_told_its_own_password_with_a_request_that_is_not_encrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RawServer(say(answer())) as proxy:
        use_proxy(monkeypatch, "HTTP_PROXY", f"http://user:p%40ss%E2%82%AC@{proxy.address}")
        client_of("http://em.example.com:9398/api").request("GET", "/tasks", bound())
    (head,) = proxy.heads
    assert head.startswith("GET http://em.example.com:9398/api/tasks HTTP/1.1")
    account = b64encode("user:p@ss€".encode()).decode()
    assert f"Proxy-Authorization: Basic {account}" in head.splitlines()


def test_a_proxy_that_changes_is_followed_by_those_who_live_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = client_of("http://em.example.com/api")
    with RawServer(say(answer())) as one, RawServer(say(answer())) as other:
        for proxy in (one, other, one):
            use_proxy(monkeypatch, "HTTP_PROXY", f"http://{proxy.address}")
            client.request("GET", "/tasks", bound())
        assert (len(one.requests), len(other.requests)) == (2, 1)


def test_a_post_without_a_body_says_so() -> None:
    with RawServer(say(answer())) as server:
        client_of(server.url).request("POST", "/tasks", bound())
    assert "Content-Length: 0" in server.heads[0].splitlines()


def test_nothing_but_json_is_accepted_as_that_is_how_a_body_is_read_too() -> None:
    with RawServer(say(answer())) as server:
        client_of(server.url).request("POST", "/tasks", bound(), body=b'{"OsKind": "Linux"}')
    lines = server.heads[0].lower().splitlines()
    assert [line for line in lines if line.startswith("accept:")] == ["accept: application/json"]
    assert "content-type: application/json" in lines


def test_a_refusal_is_read_whatever_words_its_status_has() -> None:
    said = b'{"Message": "Node [root] does not exist.", "StatusCode": 400}'
    with (
        RawServer(say(answer(said, "400 BadRequest"))) as server,
        pytest.raises(errors.RequestRefused, match=r"Node \[root\] does not exist"),
    ):
        client_of(server.url).request("POST", "/tasks", bound())


def say(text: bytes) -> Serve:
    """Return what answers with that text, whatever is asked."""
    return lambda connection, _: connection.sendall(text)


# This machine's limits


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let nothing more be opened: the next descriptor would be beyond the limit."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as last:
        used = last.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (used, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:9"])
def test_a_machine_without_descriptors_is_told_to_be_at_its_limits(
    proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = "10.0.0.1" if proxy else "127.0.0.1"
    if proxy:
        use_proxy(monkeypatch, "HTTPS_PROXY", proxy)
    client = client_of(f"https://{host}:9398/api")
    with no_descriptors(), pytest.raises(errors.Unreachable) as caught:
        client.request("POST", "/tasks", bound())
    assert caught.value.summary == "This machine is at its limits"
    assert "ulimit -n" in caught.value.detail
    assert "url" not in caught.value.detail.lower()
    assert "proxy" not in caught.value.detail.lower()


def test_a_machine_without_threads_is_told_to_be_at_its_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    client = client_of("https://127.0.0.1:9398/api")
    monkeypatch.setattr(threading.Thread, "start", start)
    for attempt in (
        lambda: client.request("POST", "/tasks", bound()),
        lambda: list(in_background(lambda: None, 1.0, lambda: None)),
    ):
        with pytest.raises(errors.Unreachable) as caught:
            attempt()
        assert caught.value.summary == "This machine is at its limits"
        assert "ulimit -u" in caught.value.detail
