"""Exchanges with servers that take their time, byte by byte or altogether."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.settings import Settings

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[Client]:
    """A server that handles each connection like that, and a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=attend, args=(connection,), daemon=True).start()

        def attend(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(65536)
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        settings = Settings(
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/api",
            session_token="token",
            request_timeout=1.0,
            max_retries=0,
        )
        client = Client(settings, clock=SYSTEM_CLOCK, random=lambda: 1.0)
        yield client
        client.close()


def drip(connection: socket.socket, text: bytes) -> None:
    for _ in range(200):
        connection.sendall(text)
        time.sleep(0.1)


def body(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    drip(connection, b" ")


def headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    drip(connection, b"X-Slow: 1\r\n")


def silence(_: socket.socket) -> None:
    time.sleep(20)


@pytest.mark.parametrize("serve", [body, headers, silence])
def test_an_answer_that_does_not_come_to_an_end_is_given_up_in_time(
    serve: Callable[[socket.socket], None],
) -> None:
    deadline = Deadline(operation="The test", seconds=60, stop=threading.Event())
    began = time.monotonic()
    with server(serve) as client, pytest.raises(errors.AnswerLost) as caught:
        client.request("GET", "/tasks", deadline, token="token")
    assert time.monotonic() - began < 4
    assert caught.value.timed_out
    assert "may have acted" not in caught.value.detail


def test_a_stop_does_not_wait_for_an_answer_that_does_not_come() -> None:
    stop = threading.Event()
    deadline = Deadline(operation="The test", seconds=60, stop=stop)
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with server(silence) as client, pytest.raises(errors.Stopped):
        client.request("GET", "/tasks", deadline, token="token")
    assert time.monotonic() - began < 0.9


def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    deadline = Deadline(operation="The test", seconds=60, stop=threading.Event())
    with server(refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy._settings.base_url.removesuffix("/api"))
        monkeypatch.setenv("NO_PROXY", "")
        settings = Settings(
            base_url="https://em.example.com:9398/api", session_token="token", max_retries=0
        )
        client = Client(settings, clock=SYSTEM_CLOCK, random=lambda: 1.0)
        with pytest.raises(errors.Unreachable, match="HTTPS_PROXY"):
            client.request("GET", "/tasks", deadline, token="token")
