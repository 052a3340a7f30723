"""Finding keepers: at paths that every system takes, and without cutting one off."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.keep_alive import sockets

SESSION = LogonSession("an id", "a token")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, short_folder: Path) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    return short_folder


def test_the_path_is_short_enough_for_macos(
    monkeypatch: pytest.MonkeyPatch, short_folder: Path
) -> None:
    # As long as macOS makes them: /var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T
    folder = short_folder / ("x" * (48 - len(str(short_folder)) - 1))
    folder.mkdir()
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = sockets.path_of(SESSION)
    assert len(os.fsencode(path)) < 104
    listener, _ = sockets.listen(path)
    listener.close()


def test_sessions_have_different_places() -> None:
    assert sockets.path_of(SESSION) != sockets.path_of(SESSION._replace(token="another"))


def test_one_that_does_not_answer_is_told_of_and_not_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "_SECONDS", 0.2)
    path = sockets.path_of(SESSION)
    listener, _ = sockets.listen(path)
    with closing(listener):
        with pytest.raises(sockets.KeeperIsSilent):
            sockets.ask(path, "status")
        assert sockets.keepers() == ({}, [path])
        assert path.exists()


def test_what_a_dead_one_left_is_removed() -> None:
    path = sockets.path_of(SESSION)
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    assert sockets.ask(path, "status") is None
    assert sockets.keepers() == ({}, [])
    assert not path.exists()
