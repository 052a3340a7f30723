"""The process of a keeper: what it does before it holds anything, and what it tells its starter."""

import io
import json
import signal
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from terraform_provider_veeam.keep_alive import keeper, process, sockets

TERRAFORM = 4711


class Played:
    """What the process does, and for how many looks Terraform lives."""

    def __init__(self) -> None:
        self.looks = 0
        self.lives_for = 0
        self.seconds = 0.0
        self.ignored: set[int] = set()
        self.held: list[object] = []

    def is_alive(self, number: int) -> bool:
        assert number == TERRAFORM
        self.looks += 1
        return self.looks <= self.lives_for

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def set_signal(self, number: int, handler: object) -> None:
        if handler is signal.SIG_IGN:
            self.ignored.add(number)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    played = Played()

    class Keeper:
        def __init__(self, *, patience: float) -> None:
            self.holder = SimpleNamespace(run=lambda: None)

        def hold(self, order: object) -> None:
            played.held.append(order)

        def answer(self, _: dict[str, Any]) -> dict[str, Any]:
            return {}

    clock = SimpleNamespace(monotonic=lambda: played.seconds, sleep=played.sleep)
    monkeypatch.setattr(process, "time", clock)
    monkeypatch.setattr(process, "is_alive", played.is_alive)
    monkeypatch.setattr(process, "_say", lambda line: None)
    monkeypatch.setattr(signal, "signal", played.set_signal)
    monkeypatch.setattr(keeper, "Keeper", Keeper)
    monkeypatch.setattr(sockets, "_folder", _no_folder)
    return played


def _no_folder() -> None:
    raise OSError("there is no folder")


def told(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))


def test_a_terraform_that_ends_within_its_farewell_is_all_that_is_looked_at(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, b"what is no order")
    played.lives_for = 3
    assert process.keep(TERRAFORM, 2.0) == 0
    assert (played.looks, played.held) == (4, [])
    assert {signal.SIGINT, signal.SIGHUP} <= played.ignored


def test_who_is_told_nothing_does_not_even_look(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, b"")
    assert process.keep(TERRAFORM, 2.0) == 0
    assert played.looks == 0


def test_a_terraform_that_goes_on_has_its_sessions_held_also_without_a_folder(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {
        "settings": {"base_url": "https://em/api"},
        "record": {
            "api_url": "https://em/api",
            "session_id": None,
            "token": "token",
            "borrowed": False,
            "href": "/x/mounts/1",
            "imported": False,
        },
        "terraform": TERRAFORM,
        "idle_limit": 900,
        "seconds": 1,
        "name": "",
        "at": 1,
        "used": 1,
        "network": {},
    }
    told(monkeypatch, json.dumps([plain]).encode())
    played.lives_for = 1000
    assert process.keep(TERRAFORM, 2.0) == 0
    assert 2.0 <= played.seconds < 2.2
    assert len(played.held) == 1


def test_a_keeper_that_takes_orders_has_to_be_found(played: Played) -> None:
    with pytest.raises(OSError, match="there is no folder"):
        process.keep()
