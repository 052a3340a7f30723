"""Finding those that hold sessions: at paths that every system takes, cutting nobody off."""

import errno
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import Stopped
from terraform_provider_veeam.keep_alive import sockets
from tfplugin.process import handshake

LIST = {"do": "list"}
PRIVATE = f"terraform-provider-veeam-{os.getuid()}"


def echo(message: dict[str, Any]) -> dict[str, Any]:
    return {"asked": message["do"]}


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, short_folder: Path) -> Path:
    """Where this user's processes look: nothing of the machine's own is seen."""
    for name in ("runtime", "tmp"):
        (short_folder / name).mkdir()
    monkeypatch.setattr(handshake, "_TEMPORARY", (str(short_folder / "tmp"),))
    monkeypatch.setattr(sockets, "_LOOK_SECONDS", 0.05)
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder / "runtime"))
    return short_folder / "runtime"


def deadline(seconds: float, stop: threading.Event | None = None) -> Deadline:
    return Deadline("The test", seconds, stop=stop or threading.Event())


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("length", [48, 90])
def test_the_path_is_short_enough_wherever_temporary_files_are(
    monkeypatch: pytest.MonkeyPatch, short_folder: Path, length: int
) -> None:
    # 48: macOS' /var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T
    folder = short_folder / ("x" * (length - len(str(short_folder)) - 1))
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    with sockets.Listener(echo):
        (path,) = sockets.places()
        assert len(os.fsencode(path)) < 104
        assert path.is_relative_to(folder) == (length == 48)
        assert sockets.ask(path, LIST) == {"asked": "list"}


def test_who_listens_is_found_and_leaves_nothing_behind() -> None:
    with sockets.Listener(echo), sockets.Listener(echo):
        one, two = sockets.places()
        assert sockets.ask(one, LIST) == sockets.ask(two, LIST) == {"asked": "list"}
    assert sockets.places() == []
    assert sockets.ask(one, LIST) is None


def test_a_folder_that_has_just_gone_hides_nobody_in_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with sockets.Listener(echo):
        (path,) = sockets.places()
        monkeypatch.setattr(sockets, "private_folders", lambda: [str(tmp_path / "gone")])
        assert sockets.places() == [path]


def test_a_folder_that_is_removed_comes_back_with_the_socket(runtime: Path) -> None:
    with sockets.Listener(echo):
        (path,) = sockets.places()
        shutil.rmtree(path.parent)
        wait_until(path.exists)
        assert sockets.ask(path, LIST) == {"asked": "list"}
        path.unlink()
        wait_until(path.exists)
        assert sockets.ask(path, LIST) == {"asked": "list"}
    assert sockets.places() == []


def test_a_socket_follows_its_users_logout_and_login(runtime: Path) -> None:
    with sockets.Listener(echo):
        (first,) = sockets.places()
        shutil.rmtree(runtime)
        wait_until(sockets.places)
        (second,) = sockets.places()
        assert second.parent.name == PRIVATE
        assert sockets.ask(second, LIST) == {"asked": "list"}
        runtime.mkdir()
        wait_until(first.exists)
        wait_until(lambda: not second.exists())
        assert sockets.ask(first, LIST) == {"asked": "list"}
    assert sockets.places() == []


def test_one_that_was_started_in_another_environment_is_found_though_it_is_not_near(
    monkeypatch: pytest.MonkeyPatch, runtime: Path
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    with sockets.Listener(echo):
        monkeypatch.setattr(sockets, "_LOOK_SECONDS", 60)  # its environment stays as it was
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        assert [path.parent.name for path in sockets.places()] == [PRIVATE]
        assert sockets.places(near=True) == []


def test_it_answers_on_when_no_thread_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with sockets.Listener(echo):
        (path,) = sockets.places()
        with monkeypatch.context() as short:
            short.setattr(threading.Thread, "start", fail)
            assert sockets.ask(path, LIST) is None
        assert sockets.ask(path, LIST) == {"asked": "list"}


def test_it_answers_on_when_no_descriptor_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()

    class Short(socket.socket):
        def accept(self) -> tuple[socket.socket, Any]:
            if not failed.is_set():
                failed.set()
                raise OSError(errno.EMFILE, "no descriptor is left")
            return super().accept()

    with monkeypatch.context() as short:
        short.setattr(socket, "socket", Short)
        with sockets.Listener(echo):
            assert failed.wait(10)
            assert sockets.ask(sockets.places()[0], LIST) == {"asked": "list"}


def test_one_that_does_not_answer_is_told_of_and_not_cut_off(runtime: Path) -> None:
    path = runtime / "one.sock"
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(sockets.Silent):
            sockets.ask(path, LIST, deadline(0.2))
        assert path.exists()


def test_a_stop_is_heard_while_an_answer_is_waited_for(runtime: Path) -> None:
    path, stop = runtime / "one.sock", threading.Event()
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Timer(0.1, stop.set).start()
        began = time.monotonic()
        with pytest.raises(Stopped):
            sockets.ask(path, LIST, deadline(60, stop))
        assert time.monotonic() - began < 1


def test_what_a_dead_one_left_is_removed(runtime: Path) -> None:
    path = runtime / "one.sock"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    assert sockets.ask(path, LIST) is None
    assert not path.exists()


def test_a_long_answer_keeps_nobody_else_waiting() -> None:
    go_on = threading.Event()

    def answer(message: dict[str, Any]) -> dict[str, Any]:
        if message["do"] == "slow":
            go_on.wait(10)
        return echo(message)

    with sockets.Listener(answer):
        (path,) = sockets.places()
        slow = threading.Thread(target=sockets.ask, args=(path, {"do": "slow"}, deadline(10)))
        slow.start()
        assert sockets.ask(path, {"do": "quick"}) == {"asked": "quick"}
        go_on.set()
        slow.join()


def test_a_wrong_secret_and_a_question_that_is_refused_get_no_answer() -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("no")

    with sockets.Listener(refuse):
        assert sockets.ask(sockets.places()[0], LIST) is None
    with sockets.Listener(echo) as listener:
        listener._secret = "another"
        assert sockets.ask(sockets.places()[0], LIST) is None


def test_a_port_of_this_machine_takes_the_place_of_a_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So it is in Windows."""
    listen = sockets._listen
    monkeypatch.setattr(sockets, "_listen", lambda path: listen(path, windows=True))
    with sockets.Listener(echo) as listener:
        (path,) = sockets.places()
        assert path.is_file()
        assert listener._secret in path.read_text()
        assert sockets.ask(path, LIST) == {"asked": "list"}
