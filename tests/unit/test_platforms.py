"""What differs between the platforms, asked for on whichever this is."""

from pathlib import Path

import pytest

from terraform_provider_veeam import platforms


def test_a_detached_process_leaves_the_terminal() -> None:
    assert platforms.detached(windows=False) == {"start_new_session": True}
    flags = platforms.detached(windows=True)["creationflags"]
    assert flags & 0x8  # DETACHED_PROCESS
    assert flags & 0x200  # CREATE_NEW_PROCESS_GROUP


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


def test_the_folders_of_windows_are_in_the_profile(tmp_path: Path) -> None:
    profile = {"APPDATA": str(tmp_path)}
    assert platforms.plugin_folder(profile, windows=True).startswith(str(tmp_path))
    assert platforms.executable("terraform", windows=True) == "terraform.exe"
