"""What differs between the platforms, asked for on whichever this is."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from terraform_provider_veeam import platforms
from terraform_provider_veeam.plugin.process import handshake


def test_a_detached_process_leaves_the_terminal() -> None:
    assert platforms.detached(windows=False) == {"start_new_session": True}
    flags = platforms.detached(windows=True)["creationflags"]
    assert flags & 0x8  # DETACHED_PROCESS
    assert flags & 0x200  # CREATE_NEW_PROCESS_GROUP


def test_windows_has_no_hang_up() -> None:
    assert platforms.hang_up_signals(SimpleNamespace(SIGTERM=15)) == []
    assert platforms.hang_up_signals() == [signal.SIGHUP]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_what_is_no_file_name_anywhere(name: str) -> None:
    assert not platforms.is_file_name(name, windows=False)
    assert not platforms.is_file_name(name, windows=True)


@pytest.mark.parametrize(
    "name", ["a\\b", "C:", "a?", "a\n", "a.", "a ", "NUL", "nul.txt", "Aux .c", "com1", "LPT9.x.y"]
)
def test_what_is_no_file_name_in_windows(name: str) -> None:
    assert platforms.is_file_name(name, windows=False)
    assert not platforms.is_file_name(name, windows=True)


def test_a_file_name_has_255_bytes_at_most_in_windows_255_units() -> None:
    assert platforms.is_file_name("東" * 85, windows=False)
    assert not platforms.is_file_name("東" * 86, windows=False)
    assert not platforms.is_file_name("half \ud800", windows=False)
    assert platforms.is_file_name("東" * 255, windows=True)
    assert not platforms.is_file_name("🎉" * 128, windows=True)


@pytest.mark.parametrize("name", ["a", ".a", "a b", "nullable", "com", "com10", "console", "ä.txt"])
def test_what_is_a_file_name_everywhere(name: str) -> None:
    assert platforms.is_file_name(name, windows=False)
    assert platforms.is_file_name(name, windows=True)


def test_a_process_is_alive_until_it_has_ended() -> None:
    assert platforms.is_alive(os.getpid(), windows=False)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not platforms.is_alive(process.pid, windows=False)
    assert not platforms.has_lost_terraform(os.getppid(), windows=False)
    assert platforms.has_lost_terraform(process.pid, windows=False)


def test_a_process_that_has_ended_is_not_alive_though_nobody_asks_how() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout
    with process.stdout as pipe:
        pipe.read()  # until its end
    end = time.monotonic() + 10
    while platforms.is_alive(process.pid, windows=False):
        assert time.monotonic() < end
    process.wait()


def test_terraform_is_found_behind_launchers() -> None:
    ask = "from terraform_provider_veeam.platforms import terraform_process as p; print(p())"
    own = shlex.join([sys.executable, "-c", ask])
    launched = f"sh -c {shlex.quote(own)}; true"
    environment = os.environ | {"TF_PLUGIN_MAGIC_COOKIE": "any"}
    for command in (own, f"{launched}; true", f"sh -c {shlex.quote(launched)}; true"):
        shell = ["sh", "-c", command]
        told = subprocess.run(shell, env=environment, capture_output=True, text=True, check=True)
        assert int(told.stdout) == os.getpid()


def test_windows_knows_launchers_by_their_names() -> None:
    own = os.getppid()
    processes = {
        own: (2, "Python.exe"),
        2: (3, "python3.11.exe"),
        3: (4, "cmd.exe"),
        4: (5, "terraform.exe"),
        5: (6, "cmd.exe"),
    }
    assert platforms._first_that_is_no_launcher(processes) == 4
    assert platforms._first_that_is_no_launcher({own: (2, "tofu.exe")}) == own
    assert platforms._first_that_is_no_launcher({}) == own
    # One that has ended already is no ancestor.
    assert platforms._first_that_is_no_launcher({own: (2, "python.exe")}) == own


def test_the_private_folder_is_the_users_own(tmp_path: Path) -> None:
    folder = Path(platforms.private_folder({"XDG_RUNTIME_DIR": str(tmp_path)}, windows=False))
    assert folder == tmp_path / "terraform-provider-veeam"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(platforms.NoPrivateFolder, match="remove it"):
        platforms.private_folder({"XDG_RUNTIME_DIR": str(tmp_path)}, windows=False)


def test_the_private_folder_is_where_one_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platforms, "_TEMPORARY", (str(tmp_path / "none"), str(tmp_path)))
    for chosen in (str(tmp_path / "missing"), "relative", ""):
        folder = platforms.private_folder({"TMPDIR": chosen}, windows=False)
        assert Path(folder).parent == tmp_path


def test_the_folder_of_a_job_is_not_taken_where_all_of_a_user_can_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platforms, "_TEMPORARY", (str(tmp_path / "tmp"),))
    for name in ("tmp", "job"):
        (tmp_path / name).mkdir()
    job = {"TMPDIR": str(tmp_path / "job")}
    first = platforms.private_folder(job, windows=False)
    assert Path(first).parent.name == "tmp"
    assert platforms.private_folders({}, windows=False) == [first]
    (tmp_path / "tmp").rename(tmp_path / "gone")
    second = platforms.private_folder(job, windows=False)
    assert Path(second).parent.name == "job"
    assert platforms.private_folders(job, windows=False) == [second]
    Path(second).chmod(0o755)
    assert platforms.private_folders(job, windows=False) == []


def test_without_any_private_folder_a_person_is_told_which_variable_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platforms, "_TEMPORARY", (str(tmp_path / "none"),))
    environment = {"TMPDIR": str(tmp_path / "missing")}
    with pytest.raises(platforms.NoPrivateFolder, match="TMPDIR") as caught:
        platforms.private_folder(environment, windows=False)
    assert str(tmp_path / "missing") in str(caught.value)
    with pytest.raises(OSError, match="TMPDIR"):
        handshake.make_place(environment, windows=False)


def test_the_folders_of_windows_are_in_the_profile(tmp_path: Path) -> None:
    profile = {"LOCALAPPDATA": str(tmp_path), "APPDATA": str(tmp_path)}
    assert Path(platforms.private_folder(profile, windows=True)).is_dir()
    assert platforms.plugin_folder(profile, windows=True).startswith(str(tmp_path))
    assert platforms.executable("terraform", windows=True) == "terraform.exe"


def test_windows_listens_on_a_port_that_terraform_allows() -> None:
    bounds = {"PLUGIN_MIN_PORT": "10000", "PLUGIN_MAX_PORT": "10002"}
    place = handshake.make_place(bounds, windows=True)
    tried = []

    def add_port(address: str) -> int:
        tried.append(address)
        if address != "127.0.0.1:10002":
            raise RuntimeError("in use")
        return 10002

    place.listen(add_port)
    assert tried == ["127.0.0.1:10000", "127.0.0.1:10001", "127.0.0.1:10002"]
    assert handshake.line(place, b"x").startswith("1|6|tcp|127.0.0.1:10002|grpc|")
    with pytest.raises(OSError, match="no port from 10000 to 10002 is free"):
        place.listen(lambda _: 0)


def test_a_runtime_folder_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    environment = {"XDG_RUNTIME_DIR": str(runtime), "TMPDIR": str(tmp_path)}
    with pytest.raises(platforms.NoPrivateFolder, match="12345"):
        platforms.private_folder(environment, windows=False)
    assert not list(runtime.iterdir())


def test_without_a_profile_windows_has_no_private_folder() -> None:
    with pytest.raises(OSError, match="LOCALAPPDATA"):
        platforms.private_folder({}, windows=True)
