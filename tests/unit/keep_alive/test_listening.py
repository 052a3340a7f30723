"""What the process that holds a session answers to those who ask."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from terraform_provider_veeam.keep_alive.listening import Listener

from clocks import FakeClock
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive import sockets
from terraform_provider_veeam.keep_alive.holder import SessionHolder
from terraform_provider_veeam.sessions.record import MountSession

KEPT = MountSession("https://em:9398/api", LogonSession("an id", "token"))


@pytest.fixture
def holder() -> SessionHolder:
    manager = EnterpriseManager(Settings(base_url=KEPT.base_url, session_token="token"))
    return SessionHolder(manager, KEPT.session, clock=FakeClock())


@pytest.fixture
def path() -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as name:
        yield Path(name, "x.sock")


@pytest.fixture
def listener(holder: SessionHolder, path: Path) -> Iterator[Listener]:
    with Listener(holder, KEPT, path, takes_orders=True) as listening:
        yield listening


def test_an_order_is_taken_and_how_things_stand_is_told(listener: Listener, path: Path) -> None:
    answer = sockets.ask(path, "add", hrefs=["/a/mounts/1", "/a/mounts/2"], seconds=60)
    assert answer
    assert answer["session"] == KEPT.session.fingerprint
    assert (answer["mount_points"], answer["remaining"]) == (2, 60.0)
    assert "token" not in str(answer)


def test_an_order_that_comes_too_late_gets_no_answer(
    listener: Listener, holder: SessionHolder, path: Path
) -> None:
    holder.stop()
    holder.run()
    assert sockets.ask(path, "add", hrefs=["/a/mounts/1"], seconds=60) is None
    assert sockets.ask(path, "status") is not None


def test_one_that_takes_no_orders_leaves_them_to_another(holder: SessionHolder, path: Path) -> None:
    with Listener(holder, KEPT, path, takes_orders=False):
        assert sockets.ask(path, "add", hrefs=["/a/mounts/1"], seconds=60) is None
        assert holder.mount_points == 0
        with Listener(holder, KEPT, path, takes_orders=True):
            pass
    assert not path.exists()


def test_the_place_of_a_successor_is_left_alone(holder: SessionHolder, path: Path) -> None:
    with Listener(holder, KEPT, path, takes_orders=True):
        successor = Listener(holder, KEPT, path, takes_orders=True)
        successor.__enter__()
    assert sockets.ask(path, "status") is not None
    successor.__exit__()


def test_a_wrong_secret_gets_no_answer(listener: Listener, path: Path) -> None:
    listener._secret = "secret"
    assert sockets.ask(path, "stop") is None
