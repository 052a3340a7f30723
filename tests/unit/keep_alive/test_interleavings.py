"""Two orders and two keepers, played in every order of steps that chance finds, with a clock.

Whoever is told that a session is held can rely on it, and nothing is held for ever.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import Unreachable
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive import holder, sockets, start
from terraform_provider_veeam.keep_alive.keeper import Keeper
from terraform_provider_veeam.mount_sessions.record import SessionRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LIMIT = 900.0
GONE = "https://gone/api"


@dataclass
class Actor:
    """A thread that goes on when it is its turn."""

    name: str
    speed: int
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    event: threading.Event | None = None
    """What it sleeps for, at most until then."""
    until: float = 0.0
    is_done: bool = False


class Turns:
    """Lets one actor go on at a time; which one, and when time passes, chance decides."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - to be replayed
        self.now = 1000.0
        self.failure: BaseException | None = None
        self._actors: list[Actor] = []
        self.given = threading.local()
        """When the order of this thread was given."""
        self._own = threading.local()
        self._back = threading.Semaphore(0)

    def begin(self, name: str, act: Callable[[], None]) -> None:
        actor = Actor(name, self.random.choice([1, 1, 30]))
        self._actors.append(actor)

        def run() -> None:
            self._own.actor = actor
            actor.turn.acquire()
            try:
                act()
            except BaseException as error:  # noqa: BLE001 - raised by `play`
                self.failure = error
            actor.is_done = True
            self._back.release()

        threading.Thread(target=run, daemon=True).start()

    def step(self) -> None:
        """Let others go on."""
        self._back.release()
        self._own.actor.turn.acquire()

    def monotonic(self) -> float:
        self.now += 1e-6  # no two things happen at the same moment
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self._own.actor.event, self._own.actor.until = event, self.now + seconds
        self.step()
        return event.is_set()

    def play(self) -> None:
        """Play until all are done. Raises what an actor has raised."""
        for _ in range(100_000):
            left = [actor for actor in self._actors if not actor.is_done]
            if not left or self.failure:
                break
            asleep = [a for a in left if a.event and not a.event.is_set() and a.until > self.now]
            ready = [actor for actor in left if actor not in asleep]
            if asleep and (not ready or self.random.random() < 0.02):
                self.now = min(actor.until for actor in asleep)
                continue
            (actor,) = self.random.choices(ready, [actor.speed for actor in ready])
            actor.event = None
            actor.turn.release()
            assert self._back.acquire(timeout=10), f"{actor.name} hangs"
        else:
            raise AssertionError("it goes on for ever")
        if self.failure:
            raise self.failure


class Lock:
    """A lock whose waiting is a step."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._is_taken = False

    def acquire(self, timeout: float) -> bool:
        self._turns.step()
        free, self._is_taken = not self._is_taken, True
        return free

    def release(self) -> None:
        self._is_taken = False


class Serial:
    """In the place of a pool of threads: one thing after the other."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def map(self, act: Callable[[Any], Any], things: Iterable[Any]) -> list[Any]:
        return [act(one) for one in things]


class Machine:
    """The keepers of a user, and what they were told."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.keepers: list[Keeper] = []
        self.listening: dict[Path, Keeper] = {}

    def start(self, _: object) -> None:
        self.turns.step()
        self.add_keeper()
        self.turns.step()

    def add_keeper(self) -> None:
        keeper = Keeper(patience=30, clock=self.turns, make_em=self._make_em)
        path = Path(f"/{self.turns.random.random()}.sock")
        self.keepers.append(keeper)
        self.listening[path] = keeper

        def run() -> None:
            keeper.holder.run()
            self.turns.step()
            del self.listening[path]

        self.turns.begin(f"keeper {path.stem}", run)

    def _make_em(self, settings: Settings) -> Any:
        return SimpleNamespace(mounts=SimpleNamespace(touch=self._touch(settings)))

    def _touch(self, settings: Settings) -> Callable[..., None]:
        def touch(*_: object) -> None:
            self.turns.step()
            if settings.base_url == GONE:
                raise Unreachable("Enterprise Manager can't be reached")
            self.turns.step()

        return touch

    def places(self, *, near: bool = False) -> list[Path]:
        self.turns.step()
        # One that has just been started, or hangs, is seen by one who asks and not by the other.
        return self.turns.random.sample(sorted(self.listening), len(self.listening))

    def ask(self, path: Path, message: dict[str, Any], _: object) -> dict[str, Any] | None:
        self.turns.step()
        if path not in self.listening:
            return None
        answer = self.listening[path].answer(message)
        # A process that ends takes with it what it has not sent yet.
        is_lost = path not in self.listening and "held" not in answer
        self.turns.step()
        return None if is_lost else answer

    def held(self) -> list[tuple[str, str, float]]:
        """Return the fingerprints, addresses and times of orders that living keepers hold."""
        return [
            (one.order.record.fingerprint, one.order.record.base_url, one.order.at)
            for keeper in self.listening.values()
            for one in keeper.holder.held()
        ]


@dataclass
class Asked:
    """An order, and what became of it."""

    record: SessionRecord
    seconds: float
    at: float = 0.0
    held: bool | None = None


@pytest.fixture
def machine_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Machine]:
    def make(seed: int) -> Machine:
        turns = Turns(seed)
        machine = Machine(turns)
        monkeypatch.setattr(holder, "ThreadPoolExecutor", Serial)
        monkeypatch.setattr(sockets, "places", machine.places)
        monkeypatch.setattr(sockets, "ask", machine.ask)
        monkeypatch.setattr(start, "_start", machine.start)
        # Those who ask are two processes, or two threads of one.
        is_one_process = turns.random.random() < 0.5
        monkeypatch.setattr(start, "_starting", (Lock if is_one_process else Free)(turns))
        monkeypatch.setattr(start, "time", SimpleNamespace(monotonic=lambda: turns.given.at))
        return machine

    return make


class Free(Lock):
    """The lock of another process, which keeps nobody here from anything."""

    def acquire(self, timeout: float) -> bool:
        self._turns.step()
        return True


@pytest.mark.parametrize("hundred", range(4))
def test_an_order_that_is_answered_is_held_and_none_for_ever(
    machine_of: Callable[[int], Machine], hundred: int
) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        Play(machine_of(seed), seed).run()


class Play:
    """Two who ask for a session each, or for the same one, and what they are told."""

    def __init__(self, machine: Machine, seed: int) -> None:
        self.machine, self.turns, self.seed = machine, machine.turns, f"seed {seed}"
        chance = self.turns.random
        self.is_one_session = chance.random() < 0.7
        self.orders = []
        for number in range(2):
            session = LogonSession(None, "token" if self.is_one_session else f"token {number}")
            url = chance.choice(["https://em/api", *[f"https://em-{number}/api"] * 3, GONE])
            record = SessionRecord(url, session, "/vmRestorePoints/1/mounts/1")
            self.orders.append(Asked(record, chance.choice([1.0, 40.0, 2 * LIMIT])))

    def run(self) -> None:
        for _ in range(self.turns.random.randrange(3)):
            self.machine.add_keeper()
        for number, asked in enumerate(self.orders):
            self.turns.begin(f"order {number}", partial(self.ask, asked))
        self.turns.play()
        assert all(asked.held is not None for asked in self.orders), self.seed
        assert self.machine.listening == {}, self.seed
        assert [held for keeper in self.machine.keepers for held in keeper.holder.held()] == []

    def ask(self, asked: Asked) -> None:
        for _ in range(self.turns.random.randrange(4)):
            self.turns.step()
        asked.at = self.turns.given.at = self.turns.monotonic()
        settings = Settings(base_url=asked.record.base_url)
        deadline = Deadline("", 1e9, stop=threading.Event())
        try:
            start.hold(settings, asked.record, asked.seconds, "", deadline)
        except OSError as error:
            asked.held = False
            if "can't be reached" not in str(error):
                raise
        else:
            asked.held = True
            self.check_held(asked)
            self.check_latest()

    def check_held(self, asked: Asked) -> None:
        """Check that the session is held, by this order or a later one, unless that is over."""
        fingerprint = asked.record.fingerprint
        is_held = any(one == fingerprint and at >= asked.at for one, _, at in self.machine.held())
        is_over = any(
            one.record.fingerprint == fingerprint
            and one.held is not False
            and asked.at <= one.at <= self.turns.now - one.seconds
            for one in self.orders
        )
        assert is_held or is_over, f"{self.seed}: {asked} is held by nobody"

    def check_latest(self) -> None:
        """Check that of two orders that are held, for one session, the later one has won."""
        latest = max(self.orders, key=lambda asked: asked.at)
        if self.is_one_session and all(asked.held for asked in self.orders):
            held = {(url, at) for _, url, at in self.machine.held()}
            is_over = latest.at + latest.seconds <= self.turns.now
            assert is_over or held == {(latest.record.base_url, latest.at)}, self.seed
