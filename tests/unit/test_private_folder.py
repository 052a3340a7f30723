"""The folder of this machine that is this user's alone."""

import os
from pathlib import Path

import pytest

from terraform_provider_veeam import private_folder
from tfplugin.process import handshake


def test_the_private_folder_is_the_users_own(tmp_path: Path) -> None:
    folder = Path(private_folder.private_folder({"XDG_RUNTIME_DIR": str(tmp_path)}, windows=False))
    assert folder == tmp_path / "terraform-provider-veeam"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(private_folder.NoPrivateFolder, match="remove it"):
        private_folder.private_folder({"XDG_RUNTIME_DIR": str(tmp_path)}, windows=False)


def test_the_private_folder_is_where_one_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "_TEMPORARY", (str(tmp_path / "none"), str(tmp_path)))
    for chosen in (str(tmp_path / "missing"), "relative", ""):
        folder = private_folder.private_folder({"TMPDIR": chosen}, windows=False)
        assert Path(folder).parent == tmp_path


def test_the_folder_of_a_job_is_not_taken_where_all_of_a_user_can_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "_TEMPORARY", (str(tmp_path / "tmp"),))
    for name in ("tmp", "job"):
        (tmp_path / name).mkdir()
    job = {"TMPDIR": str(tmp_path / "job")}
    first = private_folder.private_folder(job, windows=False)
    assert Path(first).parent.name == "tmp"
    assert private_folder.private_folders({}, windows=False) == [first]
    (tmp_path / "tmp").rename(tmp_path / "gone")
    second = private_folder.private_folder(job, windows=False)
    assert Path(second).parent.name == "job"
    assert private_folder.private_folders(job, windows=False) == [second]
    Path(second).chmod(0o755)
    assert private_folder.private_folders(job, windows=False) == []


def test_without_any_private_folder_a_person_is_told_which_variable_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "_TEMPORARY", (str(tmp_path / "none"),))
    environment = {"TMPDIR": str(tmp_path / "missing")}
    with pytest.raises(private_folder.NoPrivateFolder, match="TMPDIR") as caught:
        private_folder.private_folder(environment, windows=False)
    assert str(tmp_path / "missing") in str(caught.value)
    with pytest.raises(OSError, match="TMPDIR"):
        handshake.make_place(environment, windows=False)


def test_a_runtime_folder_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    environment = {"XDG_RUNTIME_DIR": str(runtime), "TMPDIR": str(tmp_path)}
    with pytest.raises(private_folder.NoPrivateFolder, match="12345"):
        private_folder.private_folder(environment, windows=False)
    assert not list(runtime.iterdir())


def test_without_a_profile_windows_has_no_private_folder() -> None:
    with pytest.raises(OSError, match="LOCALAPPDATA"):
        private_folder.private_folder({}, windows=True)


def test_the_private_folder_of_windows_is_in_the_profile(tmp_path: Path) -> None:
    profile = {"LOCALAPPDATA": str(tmp_path)}
    assert Path(private_folder.private_folder(profile, windows=True)).is_dir()
