"""Finding those that hold sessions: at paths that every system takes, cutting nobody off."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from terraform_provider_veeam.keep_alive import sockets


def echo(message: dict[str, Any]) -> dict[str, Any]:
    return {"asked": message["do"]}


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, short_folder: Path) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    return short_folder


@pytest.mark.parametrize("length", [48, 90])
def test_the_path_is_short_enough_wherever_temporary_files_are(
    monkeypatch: pytest.MonkeyPatch, short_folder: Path, length: int
) -> None:
    # 48: macOS' /var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T
    folder = short_folder / ("x" * (length - len(str(short_folder)) - 1))
    folder.mkdir()
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", str(folder))
    path = sockets.place("for-4194304")
    assert len(os.fsencode(path.with_suffix(".4194304"))) < 104
    with sockets.Listener(path, echo):
        assert sockets.ask(path, {"do": "status"}) == {"asked": "status"}


def test_who_listens_is_found_and_leaves_nothing_behind() -> None:
    with sockets.Listener(sockets.place("one"), echo), sockets.Listener(sockets.place("two"), echo):
        assert [path.stem for path in sockets.places()] == ["one", "two"]
    assert sockets.places() == []
    assert sockets.ask(sockets.place("one"), {"do": "status"}) is None


def test_of_two_that_would_listen_at_one_place_the_second_is_told() -> None:
    path = sockets.place("one")
    with sockets.Listener(path, echo):
        with pytest.raises(FileExistsError), sockets.Listener(path, echo):
            pass
        assert sockets.ask(path, {"do": "status"}) == {"asked": "status"}


def test_one_that_does_not_answer_is_told_of_and_not_cut_off() -> None:
    path = sockets.place("one")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(sockets.Silent):
            sockets.ask(path, {"do": "status"}, 0.2)
        assert path.exists()


def test_what_a_dead_one_left_is_removed() -> None:
    path = sockets.place("one")
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    assert sockets.ask(path, {"do": "status"}) is None
    assert not path.exists()


def test_a_long_answer_keeps_nobody_else_waiting() -> None:
    path, go_on = sockets.place("one"), threading.Event()

    def answer(message: dict[str, Any]) -> dict[str, Any]:
        if message["do"] == "slow":
            go_on.wait(10)
        return echo(message)

    with sockets.Listener(path, answer):
        slow = threading.Thread(target=sockets.ask, args=(path, {"do": "slow"}, 10))
        slow.start()
        assert sockets.ask(path, {"do": "quick"}) == {"asked": "quick"}
        go_on.set()
        slow.join()


def test_a_wrong_secret_and_a_question_that_is_refused_get_no_answer() -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("no")

    path = sockets.place("one")
    with sockets.Listener(path, refuse):
        assert sockets.ask(path, {"do": "status"}) is None
    with sockets.Listener(path, echo) as listener:
        listener._secret = "another"
        assert sockets.ask(path, {"do": "status"}) is None


def test_a_port_of_this_machine_takes_the_place_of_a_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So it is in Windows."""
    listen = sockets._listen
    monkeypatch.setattr(sockets, "_listen", lambda path: listen(path, windows=True))
    path = sockets.place("one")
    with sockets.Listener(path, echo) as listener:
        assert path.is_file()
        assert listener._secret in path.read_text()
        assert sockets.ask(path, {"do": "status"}) == {"asked": "status"}
