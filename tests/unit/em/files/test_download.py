"""Downloads that stall, never end, or do not have the size that was announced."""

import errno
import hashlib
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.raw_server import RawServer, answer, drip
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files import download as module
from terraform_provider_veeam.em.files.destination import Place
from terraform_provider_veeam.em.files.download import Downloaded, download
from terraform_provider_veeam.em.files.folders import Folder
from terraform_provider_veeam.em.files.manifest import NAME, Manifest, Source
from terraform_provider_veeam.em.files.overwrite import Target
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.platforms import try_lock

Serve = Callable[[socket.socket, str], None]
SESSION = LogonSession("id", "token")
MODIFIED = "2026-11-02T08:15:30.1234567Z"
MIB = b"x" * 1024 * 1024
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"


@contextmanager
def target_in(
    path: Path, name: str = "a.txt", *, resume: bool = False, windows: bool = False
) -> Iterator[Target]:
    """A place in a folder; what is there may be replaced."""
    folder = Folder.open(path, windows=windows)
    manifest = Manifest(folder)
    yield Target(folder, Place(path / name, (name,)), manifest, folder.look(name), resume)
    manifest.close()
    folder.close()


def source(size: int | None, mark: str = "the same") -> Source:
    return Source(hashlib.sha256(mark.encode()).hexdigest(), "oracle03", size, MODIFIED)


def fetch(
    serve: Serve, folder: Path, *, size: int | None, deadline: Deadline | None = None
) -> Downloaded:
    """Download from a server that answers like that, over a file that is there already."""
    (folder / "a.txt").write_text("before")
    bound = deadline or Deadline("The test", 60, stop=threading.Event())
    with RawServer(serve) as server, target_in(folder) as target:
        settings = Settings(base_url=server.url, request_timeout=2, max_retries=1)
        client = Client(settings, random=lambda: 0.0)
        try:
            return download(client, SESSION, "/file", bound, source=source(size), target=target)
        finally:
            client.close()
            assert server.left.get(timeout=5)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != NAME)


def assert_untouched(folder: Path) -> None:
    """Check that what was there is as it was, with nothing half-written beside it."""
    assert names(folder) == ["a.txt"]
    assert (folder / "a.txt").read_text() == "before"


def stalls(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    connection.recv(1)


def stalls_without_a_length(connection: socket.socket, _: str) -> None:
    connection.sendall(ENDLESS + b"half")
    connection.recv(1)


def drips(connection: socket.socket, _: str) -> None:
    connection.sendall(ENDLESS)
    drip(connection, b"x")


def says_nothing(connection: socket.socket, _: str) -> None:
    connection.recv(1)


@pytest.mark.parametrize("serve", [stalls, stalls_without_a_length, drips, says_nothing])
@pytest.mark.parametrize("size", [100, None])
def test_a_stop_ends_a_download_and_nothing_half_written_is_left(
    serve: Serve, size: int | None, tmp_path: Path
) -> None:
    stop = threading.Event()
    bound = Deadline("The test", 60, stop=stop)
    stopped: list[float] = []

    def ask_to_stop() -> None:
        stopped.append(time.monotonic())
        stop.set()

    def serve_until_then(connection: socket.socket, first: str) -> None:
        threading.Timer(0.3, ask_to_stop).start()
        serve(connection, first)

    with pytest.raises(errors.Stopped):
        fetch(serve_until_then, tmp_path, size=size, deadline=bound)
    assert time.monotonic() - stopped[0] < 2
    assert_untouched(tmp_path)


@pytest.mark.parametrize("serve", [stalls, stalls_without_a_length, drips, says_nothing])
def test_the_deadline_ends_a_download_and_no_part_passes_for_the_whole(
    serve: Serve, tmp_path: Path
) -> None:
    began = time.monotonic()
    bound = Deadline("The test", 0.5, stop=threading.Event())
    with pytest.raises(errors.DeadlinePassed):
        fetch(serve, tmp_path, size=None, deadline=bound)
    assert time.monotonic() - began < 3
    assert_untouched(tmp_path)


@pytest.mark.parametrize("announced", ["Content-Length: 314572800\r\n", ""])
def test_a_download_stops_at_the_size_that_was_announced(announced: str, tmp_path: Path) -> None:
    sent = []

    def serve(connection: socket.socket, _: str) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\n{announced}\r\n".encode())
        for _mebibyte in range(300):
            connection.sendall(MIB)
            sent.append(len(MIB))
        connection.shutdown(socket.SHUT_WR)

    with pytest.raises(errors.SizeDiffers, match="more than the 10 bytes"):
        fetch(serve, tmp_path, size=10)
    assert sum(sent) < 50 * len(MIB)
    assert_untouched(tmp_path)


def test_what_comes_beyond_the_length_of_the_answer_is_not_read(tmp_path: Path) -> None:
    def serve(connection: socket.socket, _: str) -> None:
        connection.sendall(answer(b"0123456789") + MIB)

    found = fetch(serve, tmp_path, size=10)
    assert (tmp_path / "a.txt").read_bytes() == b"0123456789"
    assert found.sha256 == hashlib.sha256(b"0123456789").hexdigest()


def short(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    connection.shutdown(socket.SHUT_WR)


def short_chunks(connection: socket.socket, _: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head + b"4\r\nhalf\r\n")
    connection.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("serve", [short, short_chunks])
@pytest.mark.parametrize("size", [10, 4, None])
def test_a_download_that_is_shorter_than_announced_is_an_error(
    serve: Serve, size: int | None, tmp_path: Path
) -> None:
    with pytest.raises(errors.AnswerLost):
        fetch(serve, tmp_path, size=size)
    assert_untouched(tmp_path)


def test_a_download_that_is_shorter_than_its_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(errors.SizeDiffers, match="gave 4 bytes"):
        fetch(lambda connection, _: connection.sendall(answer(b"half")), tmp_path, size=10)
    assert_untouched(tmp_path)


def test_a_compressed_download_is_refused(tmp_path: Path) -> None:
    def serve(connection: socket.socket, _: str) -> None:
        connection.sendall(answer(b"x" * 10, more="Content-Encoding: deflate\r\n"))

    with pytest.raises(errors.UnexpectedAnswer, match="compressed"):
        fetch(serve, tmp_path, size=10)
    assert_untouched(tmp_path)


WHOLE = bytes(range(256)) * 40
FIRST = 4000


class Breaking:
    """A server that breaks off once, after `FIRST` bytes, and then answers in one way or another.

    `then` gets the byte that it is asked to go on with, 0 for none.
    """

    def __init__(self, then: Callable[[int], bytes]) -> None:
        self._then = then
        self.starts: list[int] = []

    def fetch(
        self,
        folder: Path,
        *,
        name: str = "a.txt",
        retries: int = 1,
        resume: bool = False,
        mark: str = "the same",
        windows: bool = False,
        stop: threading.Event | None = None,
        report: Callable[[int], None] = lambda _: None,
    ) -> Downloaded:
        with (
            RawServer(self._serve) as self._server,
            target_in(folder, name, resume=resume, windows=windows) as target,
        ):
            settings = Settings(base_url=self._server.url, max_retries=retries)
            client = Client(settings, random=lambda: 0.0)
            bound = Deadline("The test", 60, stop=stop or threading.Event())
            try:
                return download(
                    client, SESSION, "/file", bound, source=source(len(WHOLE), mark),
                    target=target, report=report,
                )  # fmt: skip
            finally:
                client.close()

    def _serve(self, connection: socket.socket, _: str) -> None:
        asked = re.search(r"(?im)^range: bytes=(\d+)-\r?$", self._server.heads[-1])
        self.starts.append(int(asked[1]) if asked else 0)
        first = answer(WHOLE)[: FIRST - len(WHOLE)]
        connection.sendall(first if len(self.starts) == 1 else self._then(self.starts[-1]))
        connection.shutdown(socket.SHUT_WR)


def part(start: int, *, told: int | None = None) -> bytes:
    """What follows a byte, as a server that can do that sends it."""
    start_told = start if told is None else told
    more = f"Content-Range: bytes {start_told}-{len(WHOLE) - 1}/{len(WHOLE)}\r\n"
    return answer(WHOLE[start:], "206 Partial Content", more=more)


def anew(start: int) -> bytes:
    return answer(WHOLE)


def refuses(start: int) -> bytes:
    return answer(b"", "416 Range Not Satisfiable") if start else answer(WHOLE)


def starts_elsewhere(start: int) -> bytes:
    return part(start - 1) if start else answer(WHOLE)


def does_not_tell_where(start: int) -> bytes:
    return answer(WHOLE[start:], "206 Partial Content") if start else answer(WHOLE)


@pytest.mark.parametrize(
    ("then", "starts"),
    [
        (part, [0, FIRST]),
        (anew, [0, FIRST]),
        (refuses, [0, FIRST, 0]),
        (starts_elsewhere, [0, FIRST, 0]),
        (does_not_tell_where, [0, FIRST, 0]),
    ],
)
def test_a_download_that_breaks_off_goes_on_and_is_whole(
    then: Callable[[int], bytes], starts: list[int], tmp_path: Path
) -> None:
    server = Breaking(then)
    found = server.fetch(tmp_path, retries=2)
    assert (tmp_path / "a.txt").read_bytes() == WHOLE
    assert found.sha256 == hashlib.sha256(WHOLE).hexdigest()
    assert server.starts == starts
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("resume", [False, True])
def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path: Path, *, resume: bool) -> None:
    Breaking(part).fetch(tmp_path, name="x" * 255, resume=resume)
    assert names(tmp_path) == ["x" * 255]


def test_in_windows_a_file_is_closed_before_it_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = os.rename

    def as_in_windows(file: str, target: str, **_: object) -> None:
        handles = Path("/proc/self/fd").iterdir()
        assert file not in [str(one.readlink()) for one in handles if one.is_symlink()]
        move(file, target)

    monkeypatch.setattr(os, "rename", as_in_windows)
    Breaking(part).fetch(tmp_path, windows=True)
    assert (tmp_path / "a.txt").read_bytes() == WHOLE
    assert names(tmp_path) == ["a.txt"]


def many_mebibytes(connection: socket.socket, _: str) -> None:
    connection.sendall(answer(5 * MIB))


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="this system takes no such advice")
@pytest.mark.parametrize("is_taken", [True, False])
def test_the_disk_begins_with_a_large_file_before_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
) -> None:
    handed: list[tuple[int, int]] = []

    def advise(_: int, begin: int, size: int, __: int) -> None:
        handed.append((begin, begin + size))
        if not is_taken:
            raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(os, "posix_fadvise", advise)
    monkeypatch.setattr(module, "_HANDED_BYTES", len(MIB))
    found = fetch(many_mebibytes, tmp_path, size=5 * len(MIB))
    assert (found.size, (tmp_path / "a.txt").read_bytes()) == (5 * len(MIB), 5 * MIB)
    begins, ends = zip(*handed, strict=True)
    assert (begins, ends[-1] >= 3 * len(MIB)) == ((0, *ends[:-1]), True)


def test_a_file_keeps_its_time(tmp_path: Path) -> None:
    Breaking(part).fetch(tmp_path)
    assert (tmp_path / "a.txt").stat().st_mtime_ns == 1_793_607_330_123_456_700


def test_tries_count_from_the_last_that_brought_more(tmp_path: Path) -> None:
    head = len(part(FIRST)) - len(WHOLE) + FIRST
    server = Breaking(lambda start: part(start)[: head + FIRST])
    server.fetch(tmp_path, retries=1)
    assert server.starts == [0, FIRST, 2 * FIRST]
    with pytest.raises(errors.AnswerLost):
        Breaking(lambda start: part(start)[:head]).fetch(tmp_path, name="b", retries=1)


# What is left of one download, and the next one


def left_by_another(folder: Path) -> Path:
    """Break a download off, and return what it has left."""
    with pytest.raises(errors.AnswerLost):
        Breaking(part).fetch(folder, retries=0, resume=True)
    (left,) = (path for path in folder.iterdir() if path.suffix == ".part")
    assert left.read_bytes() == WHOLE[:FIRST]
    return left


def next_starts(folder: Path, **how: object) -> list[int]:
    """Download whole, and return which bytes the server was asked to begin with."""
    server = Breaking(part)
    server.starts.append(0)
    found = server.fetch(folder, resume=True, **how)  # type: ignore[arg-type]
    assert found.destination.read_bytes() == WHOLE
    assert found.sha256 == hashlib.sha256(WHOLE).hexdigest()
    return server.starts[1:]


def test_the_next_download_of_the_same_goes_on_with_what_was_left(tmp_path: Path) -> None:
    left_by_another(tmp_path)
    assert next_starts(tmp_path) == [FIRST]
    assert names(tmp_path) == ["a.txt"]


def test_what_came_after_the_last_note_is_fetched_again(tmp_path: Path) -> None:
    with left_by_another(tmp_path).open("ab") as left:
        left.write(b"garbage of a computer that crashed")
    assert next_starts(tmp_path) == [FIRST]


def test_a_process_that_is_killed_has_noted_most_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NOTED_BYTES", 1000)
    monkeypatch.setattr(module._Part, "close", lambda killed, **_: killed._file.close())
    left_by_another(tmp_path)
    (start,) = next_starts(tmp_path)
    assert 1000 <= start <= FIRST


@pytest.mark.parametrize("damage", ["first byte", "last byte", "shorter", "no notes"])
def test_what_is_not_what_came_from_the_server_is_begun_anew(damage: str, tmp_path: Path) -> None:
    left = left_by_another(tmp_path)
    content = bytearray(left.read_bytes())
    if damage == "first byte":
        content[0] ^= 1
    elif damage == "last byte":
        content[-1] ^= 1
    elif damage == "shorter":
        del content[-1]
    else:
        (tmp_path / NAME).unlink()
    left.write_bytes(content)
    assert next_starts(tmp_path) == [0]


def test_what_is_left_of_something_else_is_not_gone_on_with(tmp_path: Path) -> None:
    left = left_by_another(tmp_path)
    assert next_starts(tmp_path, mark="another night") == [0]
    assert left.read_bytes() == WHOLE[:FIRST]


def test_what_another_process_is_at_is_left_to_it(tmp_path: Path) -> None:
    left = left_by_another(tmp_path)
    with left.open("r+b") as used:
        assert try_lock(used.fileno())
        assert next_starts(tmp_path) == [0]
    assert left.read_bytes() == WHOLE[:FIRST]


@pytest.mark.parametrize("planted", ["link", "hard link", "pipe", "folder"])
def test_what_somebody_has_planted_under_the_name_is_not_touched(
    planted: str, tmp_path: Path
) -> None:
    left = left_by_another(tmp_path)
    outside = tmp_path / "outside"
    left.rename(outside)
    if planted == "link":
        left.symlink_to(outside)
    elif planted == "hard link":
        left.hardlink_to(outside)
    elif planted == "pipe":
        os.mkfifo(left)
    else:
        left.mkdir()
    assert next_starts(tmp_path) == [0]
    assert outside.read_bytes() == WHOLE[:FIRST]
    assert names(tmp_path) == [left.name, "a.txt", "outside"]


def test_a_stop_is_heard_while_what_was_left_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by_another(tmp_path)
    stop = threading.Event()
    stop.set()
    with pytest.raises(errors.Stopped):
        Breaking(part).fetch(tmp_path, resume=True, stop=stop)
    assert next_starts(tmp_path) == [FIRST]


# What comes to be there meanwhile


def test_what_came_to_be_there_meanwhile_is_left(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"

    def put_something_there(size: int) -> None:
        if not place.exists():
            place.write_text("my own work")

    with pytest.raises(errors.CannotWrite, match="in its place") as raised:
        Breaking(part).fetch(tmp_path, report=put_something_there, resume=True)
    assert "came to be there" in raised.value.detail
    assert place.read_text() == "my own work"
    place.unlink()
    assert next_starts(tmp_path) == [], "all of it is here"


@pytest.mark.parametrize("links", [True, False])
def test_nor_is_it_replaced_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    if not links:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    test_what_came_to_be_there_meanwhile_is_left(tmp_path)


def test_what_is_to_be_replaced_and_was_changed_meanwhile_is_left(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    place.write_text("of another night")
    before = place.stat()

    def change(size: int) -> None:
        place.write_text("OF ANOTHER NIGHT")
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(errors.CannotWrite, match="in its place"):
        Breaking(part).fetch(tmp_path, report=change)
    assert place.read_text() == "OF ANOTHER NIGHT"
    assert names(tmp_path) == ["a.txt"]


def test_what_took_the_name_of_the_part_is_not_told_as_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_time = Folder.set_time

    def swap(folder: Folder, name: str, nanoseconds: int) -> None:
        set_time(folder, name, nanoseconds)
        (tmp_path / name).unlink()
        (tmp_path / name).write_text("planted")

    monkeypatch.setattr(Folder, "set_time", swap)
    with pytest.raises(errors.CannotWrite, match="in its place"):
        Breaking(part).fetch(tmp_path)
    assert Manifest(Folder.open(tmp_path)).of("a.txt") is None


def test_a_folder_that_another_takes_the_name_of_gets_the_file_all_the_same(
    tmp_path: Path,
) -> None:
    inside, elsewhere, moved = (tmp_path / name for name in ("inside", "elsewhere", "moved"))
    inside.mkdir()
    elsewhere.mkdir()

    def swap(size: int) -> None:
        if not inside.is_symlink():
            inside.rename(moved)
            inside.symlink_to(elsewhere)

    Breaking(part).fetch(inside, report=swap)
    assert (moved / "a.txt").read_bytes() == WHOLE
    assert list(elsewhere.iterdir()) == []
    shutil.rmtree(moved)
